#include "cleanup/remains.hpp"

#include <cstring>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cleanup/removal.hpp"
#include "run/notes.hpp"
#include "system/error.hpp"
#include "with_node.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

constexpr std::uint64_t kOld = 7000000000000000001;
constexpr std::uint64_t kNew = 7000000000000000009;
constexpr std::uint32_t kCatalog = 202209061;

void write_control(const fs::path &file, std::uint64_t system_identifier) {
    std::string bytes(8192, '\0');
    std::memcpy(bytes.data(), &system_identifier, sizeof system_identifier);
    std::memcpy(bytes.data() + 12, &kCatalog, sizeof kCatalog);
    write_file(file, bytes);
}

// A node after an upgrade from 15 to 17. No server runs, which is always one reason more.
class RemainsTest : public WithNode {
  protected:
    void SetUp() override {
        WithNode::SetUp();
        old_ = folder_ / "data_pg15";
        make_cluster(options_.pgdata, 17, kNew);
        make_cluster(old_, 15, kOld);
        fs::rename(old_ / "global/pg_control", old_ / "global/pg_control.old");
        journal_ = std::make_unique<Journal>(node_->work_dir() / "journal");
        record_run(1);
        cluster_ = {.run = 1,
                    .node = "node_1",
                    .source_version = 15,
                    .target_version = 17,
                    .method = "link",
                    .finished_at = "2026-01-01",
                    .why_not = "",
                    .old_sysidentifier = std::to_string(kOld),
                    .new_sysidentifier = std::to_string(kNew),
                    .backup = "",
                    .is_removed = false};
    }

    static void make_cluster(const fs::path &path, int major, std::uint64_t system_identifier) {
        fs::create_directories(path / "global");
        fs::create_directories(path / "pg_tblspc");
        fs::create_directories(path / "base/5");
        write_file(path / "base/5/1259", "data");
        write_file(path / "PG_VERSION", std::to_string(major) + "\n");
        write_control(path / "global/pg_control", system_identifier);
    }

    void record_run(int run, int node = 1) {
        journal_->begin_run(fmt::format(R"({{"run": {}, "target_version": 17, "node": {{"id": {}}}}})", run, node));
        journal_->done("discover", {{"source_version", 15},
                                    {"data_directory", node_->data_dir.string()},
                                    {"old_sysidentifier", std::to_string(kOld)}});
        journal_->done("swap", {{"old_data_directory", old_.string()}});
    }

    [[nodiscard]] Remains remains() const { return find_remains(*node_, *journal_, cluster_, false); }
    [[nodiscard]] std::string reasons() const {
        std::string text;
        for (const auto &reason : remains().refusals) {
            text += reason + "\n";
        }
        return text;
    }
    [[nodiscard]] bool says(const std::string &words) const { return reasons().find(words) != std::string::npos; }
    void remove() {
        remove_remains(*journal_, remains(), [](const Remain & /*item*/) {});
    }

    fs::path old_;
    std::unique_ptr<Journal> journal_;
    OldCluster cluster_;
};

TEST_F(RemainsTest, TheOldClusterIsFoundAndRemoved) {
    ASSERT_EQ(remains().items.size(), 1U) << reasons();
    EXPECT_EQ(remains().items.front().directory.path, old_);
    EXPECT_EQ(remains().refusals.size(), 1U) << reasons();
    EXPECT_TRUE(says("no server runs"));
    fs::create_hard_link(old_ / "base/5/1259", node_->data_dir / "base/5/1300");
    remove();
    EXPECT_FALSE(fs::exists(old_));
    EXPECT_FALSE(fs::exists(removing_name(old_)));
    EXPECT_EQ(read_file(node_->data_dir / "base/5/1300"), "data");
    EXPECT_TRUE(remains().items.empty());
    ASSERT_EQ(untold_removals(*journal_).size(), 1U);
    note_told(*journal_, 1);
    EXPECT_TRUE(untold_removals(*journal_).empty());
}

TEST_F(RemainsTest, AnotherClusterUnderItsNameStays) {
    fs::rename(old_, folder_ / "elsewhere");
    make_cluster(old_, 15, kOld + 5);
    EXPECT_TRUE(remains().items.empty());
    EXPECT_TRUE(says("is PostgreSQL 15 with system identifier 7000000000000000006")) << reasons();
    fs::remove_all(old_);
    make_cluster(old_, 17, kOld);
    EXPECT_TRUE(remains().items.empty());
    EXPECT_TRUE(says("is PostgreSQL 17")) << reasons();
}

TEST_F(RemainsTest, ALinkUnderItsNameStays) {
    fs::rename(old_, folder_ / "elsewhere");
    fs::create_symlink(folder_ / "elsewhere", old_);
    EXPECT_TRUE(remains().items.empty());
    EXPECT_TRUE(says("is a link to")) << reasons();
}

TEST_F(RemainsTest, WhatServesIsNeverFound) {
    // as where someone has put the old cluster back and the new one aside
    fs::rename(node_->data_dir, folder_ / "new");
    fs::rename(old_, node_->data_dir);
    fs::rename(folder_ / "new", old_);
    EXPECT_TRUE(remains().items.empty());
    EXPECT_TRUE(says("and run 1 has made PostgreSQL 17 with system identifier")) << reasons();
}

TEST_F(RemainsTest, OnlyWhatTheJournalHasOfThisNode) {
    cluster_.run = 2;
    EXPECT_TRUE(remains().items.empty() || says("does not tell where run 2")) << reasons();
    EXPECT_TRUE(says("does not tell where run 2")) << reasons();
    record_run(2, 7);
    EXPECT_TRUE(says("was recorded for node 7")) << reasons();
    EXPECT_TRUE(remains().items.empty());
}

TEST_F(RemainsTest, ARunThatWasUndoneHasLeftNothing) {
    journal_->undoing("swap");
    journal_->undone("swap");
    EXPECT_TRUE(recorded_runs(*journal_).empty());
    EXPECT_TRUE(remains().items.empty());
}

TEST_F(RemainsTest, APlaceThatTheNewClusterReadsFromStays) {
    fs::create_symlink(old_ / "base", node_->data_dir / "pg_tblspc/16400");
    EXPECT_TRUE(says("leads to")) << reasons();
}

TEST_F(RemainsTest, UnknownTablespacesStay) {
    const auto location = folder_ / "space";
    fs::create_directories(location / fmt::format("PG_15_{}", kCatalog));
    fs::create_symlink(location, old_ / "pg_tblspc/16400");
    ASSERT_EQ(remains().items.size(), 1U);
    ASSERT_EQ(remains().kept.size(), 1U);
    EXPECT_EQ(remains().kept.front().path, fs::canonical(location) / fmt::format("PG_15_{}", kCatalog));
}

TEST_F(RemainsTest, OfAStandbyTheJournalHasItsTablespaces) {
    const auto location = fs::canonical(folder_) / "space";
    const auto version = location / fmt::format("PG_15_{}", kCatalog);
    fs::create_directories(version / "5");
    fs::create_symlink(location, old_ / "pg_tblspc/16400");
    journal_->done("swap", {{"old_data_directory", old_.string()},
                            {"tablespaces", {{{"location", location.string()}, {"kept_in", location.string()}}}}});
    ASSERT_EQ(remains().items.size(), 2U) << reasons();
    EXPECT_EQ(remains().items.front().directory.path, version);
    remove();
    EXPECT_FALSE(fs::exists(version));
    EXPECT_TRUE(fs::exists(location));
    // a link in the way
    fs::create_symlink(node_->data_dir, version);
    make_cluster(old_, 15, kOld);
    fs::create_symlink(location, old_ / "pg_tblspc/16400");
    EXPECT_TRUE(says("is a link to")) << reasons();
}

TEST_F(RemainsTest, OnlyWhatARunHasMadeIsUnused) {
    const auto unused = folder_ / "data_pg17_unused_1";
    make_cluster(unused, 17, kNew + 1);
    EXPECT_EQ(remains().items.size(), 1U);
    ASSERT_EQ(remains().kept.size(), 1U);
    EXPECT_EQ(remains().kept.front().path, fs::canonical(folder_) / "data_pg17_unused_1");
    const auto identity = identity_of(unused);
    journal_->note(notes::kMade, nlohmann::json{{"path", (folder_ / "data_pg17").string()},
                                                {"inode", identity.inode},
                                                {"born_ns", identity.born_ns},
                                                {"what", "a new cluster that was set aside"}}
                                     .dump());
    EXPECT_EQ(remains().items.size(), 2U);
    EXPECT_TRUE(remains().kept.empty());
}

TEST_F(RemainsTest, GoOnAfterACrash) {
    const auto found = remains();
    const auto &item = found.items.front();
    note_removing(*journal_, item.directory, 4096);
    // noted, not renamed
    EXPECT_EQ(remains().items.size(), 1U);
    EXPECT_FALSE(remains().items.front().is_renamed);
    rename_durably(old_, removing_name(old_));
    fs::remove(removing_name(old_) / "PG_VERSION");
    fs::remove_all(removing_name(old_) / "global");
    journal_ = std::make_unique<Journal>(node_->work_dir() / "journal");
    ASSERT_EQ(remains().items.size(), 1U) << reasons();
    EXPECT_TRUE(remains().items.front().is_renamed);
    remove();
    EXPECT_FALSE(fs::exists(removing_name(old_)));
    ASSERT_EQ(untold_removals(*journal_).size(), 1U);
    EXPECT_EQ(untold_removals(*journal_).front().freed_bytes, 4096U);
}

TEST_F(RemainsTest, ARemovalThatEndedUnnotedIsNoted) {
    note_removing(*journal_, remains().items.front().directory, 4096);
    fs::remove_all(old_);
    note_ended_removals(*journal_);
    EXPECT_TRUE(unfinished_removals(*journal_).empty());
    EXPECT_EQ(untold_removals(*journal_).size(), 1U);
}

TEST_F(RemainsTest, AStrangerUnderTheNameOfARemovalIsRefused) {
    fs::create_directory(removing_name(old_));
    EXPECT_TRUE(says("this node has not made it")) << reasons();
    note_removing(*journal_, remains().items.front().directory, 4096);
    EXPECT_TRUE(says("is not the directory whose removal has begun")) << reasons();
}

TEST_F(RemainsTest, PgControlIsReadWithoutItsPrograms) {
    const auto head = control_head(old_);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->system_identifier, kOld);
    EXPECT_EQ(head->catalog_version, kCatalog);
    EXPECT_FALSE(control_head(folder_));
}

}  // namespace
}  // namespace pgaf
