#include "cluster/old_files.hpp"

#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "system/files.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

// A cluster with a tablespace, and what pg_upgrade --swap of PostgreSQL 18 does to it, one rename after the other.
class Swap : public WithFolder {
  protected:
    using Step = std::function<void()>;
    using Tree = std::map<std::string, std::pair<ino_t, std::string>>;  // by path: inode and content

    void SetUp() override {
        WithFolder::SetUp();
        for (const auto *directory : {"old/pg_tblspc", "new/pg_tblspc", "ts"}) {
            fs::create_directories(folder_ / directory);
        }
        fs::create_directory_symlink(folder_ / "ts", folder_ / "old/pg_tblspc/16400");
        for (const auto *database : {"old/base/1", "old/base/5", "ts/PG_15_202209061/5"}) {
            // catalogs, one with a map, and a file that each version has; no catalogs in a tablespace
            if (std::string(database).starts_with("old")) {
                fill(database, {"1259", "1259_vm", "PG_VERSION", "pg_filenode.map", "pg_internal.init"}, "old catalog");
            }
        }
        fill("old/base/5", {"16385", "16385.1", "16385_fsm", "t3_16390"}, "data");
        fill("ts/PG_15_202209061/5", {"16401"}, "data");
        for (const auto *database : {"new/base/1", "new/base/5"}) {
            fill(database, {"1259", "PG_VERSION", "pg_filenode.map", "pg_internal.init", "6247"}, "new catalog");
        }
        fill("new/base/5", {"16385"}, "empty");  // as restored
        fill("ts/PG_18_202506291/5", {"16401"}, "empty");
    }

    void fill(const fs::path &directory, const std::vector<std::string> &names, const std::string &content) {
        fs::create_directories(folder_ / directory);
        for (const auto &name : names) {
            std::ofstream(folder_ / directory / name) << content;
        }
    }

    [[nodiscard]] std::vector<SwapPlace> places() const {
        return swap_places(folder_ / "old", 15, folder_ / "new", 18);
    }

    [[nodiscard]] Tree old_cluster() const {
        Tree tree;
        for (const auto *directory : {"old/base", "ts/PG_15_202209061"}) {
            for (const auto &entry : fs::recursive_directory_iterator(folder_ / directory)) {
                struct stat status{};
                ::stat(entry.path().c_str(), &status);
                tree[fs::relative(entry.path(), folder_)] = {status.st_ino,
                                                             entry.is_directory() ? "" : read_file(entry.path())};
            }
        }
        return tree;
    }

    // What is no relation of a user's.
    static std::vector<std::string> catalogs_in(const fs::path &directory) {
        std::vector<std::string> names;
        for (const auto &entry : fs::directory_iterator(directory)) {
            const auto name = entry.path().filename().string();
            if (!name.starts_with("16385") && !name.starts_with("16401")) {
                names.push_back(name);
            }
        }
        return names;
    }

    // In the order of relfilenumber.c: a directory's files in the order in which it has them.
    std::vector<Step> steps_of_pg_upgrade() {
        std::vector<Step> steps;
        struct Database {
            std::string old_place;
            std::string new_place;
            std::string name;
        };
        for (const auto &database : {Database{"old/base", "new/base", "1"}, Database{"old/base", "new/base", "5"},
                                     Database{"ts/PG_15_202209061", "ts/PG_18_202506291", "5"}}) {
            const auto moved = folder_ / database.old_place / "moved_for_upgrade";
            const auto catalogs = moved / (database.name + "_old_catalogs");
            const auto made = moved / database.name;
            const auto old_dir = folder_ / database.old_place / database.name;
            const auto new_dir = folder_ / database.new_place / database.name;
            steps.emplace_back([=] { fs::create_directory(moved); });
            steps.emplace_back([=] { fs::create_directory(catalogs); });
            steps.emplace_back([=] { fs::rename(new_dir, made); });
            steps.emplace_back([=] { fs::rename(old_dir, new_dir); });
            for (const auto &file : catalogs_in(old_dir)) {
                steps.emplace_back([=] { fs::rename(new_dir / file, catalogs / file); });
            }
            for (const auto &file : catalogs_in(new_dir)) {
                steps.emplace_back([=] { fs::rename(made / file, new_dir / file); });
            }
        }
        return steps;
    }

    void start_over() {
        TearDown();
        SetUp();
    }
};

TEST_F(Swap, IsTakenBackFromWhereverItWasInterrupted) {
    const auto count = steps_of_pg_upgrade().size();
    ASSERT_GT(count, 30);
    for (std::size_t done = 0; done <= count; ++done) {
        start_over();
        const auto before = old_cluster();
        const OldFiles old_files(OldFiles(places()).record());
        const auto steps = steps_of_pg_upgrade();
        std::for_each_n(steps.begin(), done, [](const auto &step) { step(); });
        ASSERT_EQ(has_moved_files(places()), done > 0);
        carry_out(moves_back(places(), old_files));
        ASSERT_EQ(old_cluster(), before) << "after step " << done;
        ASSERT_FALSE(has_moved_files(places()));
    }
}

TEST_F(Swap, IsTakenBackByAnAttemptThatWasInterruptedItself) {
    const auto count = steps_of_pg_upgrade().size();
    for (const auto done : {count / 3, count / 2, count - 1, count}) {
        for (std::size_t kept = 0, of = 1; kept <= of; ++kept) {
            start_over();
            const auto before = old_cluster();
            const OldFiles old_files(places());
            const auto steps = steps_of_pg_upgrade();
            std::for_each_n(steps.begin(), done, [](const auto &step) { step(); });
            const auto moves = moves_back(places(), old_files);
            of = moves.size();
            carry_out({moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(kept)});
            carry_out(moves_back(places(), old_files));
            ASSERT_EQ(old_cluster(), before) << kept << " moves back after step " << done;
        }
    }
}

// pg_upgrade's own start of the old server writes pg_internal.init anew.
TEST_F(Swap, GivesBackWhatTheOldServerHasMadeSinceTheRecord) {
    const OldFiles old_files(places());
    const auto remade = folder_ / "old/base/5/pg_internal.init";
    std::ofstream(folder_ / "old/base/5/remade") << "old catalog";
    fs::rename(folder_ / "old/base/5/remade", remade);
    const auto before = old_cluster();
    const auto count = steps_of_pg_upgrade().size();
    for (std::size_t done = 0; done <= count; ++done) {
        const auto steps = steps_of_pg_upgrade();
        std::for_each_n(steps.begin(), done, [](const auto &step) { step(); });
        carry_out(moves_back(places(), old_files));
        ASSERT_EQ(old_cluster(), before) << "after step " << done;
        // a new initdb, as for every attempt
        fs::remove_all(folder_ / "new/base");
        fs::remove_all(folder_ / "ts/PG_18_202506291");
        for (const auto *database : {"new/base/1", "new/base/5"}) {
            fill(database, {"1259", "PG_VERSION", "pg_filenode.map", "pg_internal.init", "6247"}, "new catalog");
        }
        fill("new/base/5", {"16385"}, "empty");
        fill("ts/PG_18_202506291/5", {"16401"}, "empty");
    }
}

TEST_F(Swap, ReplacesNothingOnTheWayBack) {
    const OldFiles old_files(places());
    for (const auto &step : steps_of_pg_upgrade()) {
        step();
    }
    fill("old/base/moved_for_upgrade/5", {"1259"}, "in the way");
    EXPECT_THROW(carry_out(moves_back(places(), old_files)), HelperError);
    EXPECT_EQ(read_file(folder_ / "old/base/moved_for_upgrade/5/1259"), "in the way");
}

TEST_F(Swap, KnowsTheOldClustersFilesInTheNewOne) {
    const OldFiles old_files(places());
    for (const auto &step : steps_of_pg_upgrade()) {
        step();
    }
    const auto is_old = [&](const std::string &path, const fs::path &there) {
        return old_files.contains(swap_place_of(path), identity_of(there));
    };
    EXPECT_TRUE(is_old("base/5/16385", folder_ / "new/base/5/16385"));
    EXPECT_TRUE(is_old("base/5/16385_fsm", folder_ / "new/base/5/16385_fsm"));
    EXPECT_FALSE(is_old("base/5/1259", folder_ / "new/base/5/1259"));
    EXPECT_FALSE(is_old("base/1/6247", folder_ / "new/base/1/6247"));
    EXPECT_TRUE(is_old("pg_tblspc/16400/PG_18_202506291/5/16401", folder_ / "ts/PG_18_202506291/5/16401"));
    // a number says nothing of a file that was made after another of that number had gone
    auto reused = identity_of(folder_ / "new/base/5/1259");
    EXPECT_TRUE(OldFiles(fmt::format("base {} {}\n", reused.inode, reused.born_ns)).contains("base", reused));
    EXPECT_FALSE(OldFiles(fmt::format("base {} {}\n", reused.inode, reused.born_ns - 1)).contains("base", reused));
    // nor those of one file system of another
    EXPECT_FALSE(is_old("global/16385", folder_ / "new/base/5/16385"));
}

}  // namespace
}  // namespace pgaf
