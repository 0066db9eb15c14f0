#include "system/owner.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "contains.hpp"
#include "system/error.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

constexpr uid_t kNoSuchUser = 3999999999;

template <typename Call>
HelperError error_of(const Call &call) {
    try {
        call();
    } catch (const HelperError &error) {
        return error;
    }
    ADD_FAILURE() << "nothing is refused";
    return {ExitCode::Internal, "none"};
}

Owner someone() {
    return {.uid = 4711, .gid = 4712, .name = "someone", .home = "/home/someone", .groups = {4712, 4713}};
}

class OwnerTest : public WithFolder {};

TEST_F(OwnerTest, IsWhomThePathBelongsTo) {
    const auto owner = owner_of(folder_);
    EXPECT_EQ(owner.uid, ::geteuid());
    EXPECT_EQ(owner.name, owner_of_uid(::geteuid()).name);
    EXPECT_FALSE(owner.home.empty());
    EXPECT_NE(std::ranges::find(owner.groups, owner.gid), owner.groups.end());
    const auto root = owner_of("/");
    EXPECT_EQ(root.uid, 0U);
    EXPECT_EQ(root.gid, 0U);
    EXPECT_EQ(root.name, "root");
    EXPECT_EQ(root.home, "/root");
}

TEST_F(OwnerTest, OfALinkIsThatOfItsTarget) {
    fs::create_symlink("/", folder_ / "link");
    EXPECT_EQ(owner_of(folder_ / "link").uid, 0U);
    fs::create_symlink("nowhere", folder_ / "broken");
    EXPECT_EQ(error_of([&] { static_cast<void>(owner_of(folder_ / "broken")); }).code(), ExitCode::Usage);
}

TEST_F(OwnerTest, OfWhatIsNotThereIsAnError) {
    const auto error = error_of([&] { static_cast<void>(owner_of(folder_ / "none")); });
    EXPECT_EQ(error.code(), ExitCode::Usage);
    EXPECT_EQ(error.what(), "could not access \"" + (folder_ / "none").string() + "\": No such file or directory");
    EXPECT_TRUE(contains(error.hint(), "--pgdata")) << error.hint();
}

TEST_F(OwnerTest, HasToHaveAName) {
    const auto error = error_of([] { static_cast<void>(owner_of_uid(kNoSuchUser)); });
    EXPECT_EQ(error.code(), ExitCode::Usage);
    EXPECT_STREQ(error.what(), "there is no user with the number 3999999999");
    EXPECT_FALSE(error.hint().empty());
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(folder_.c_str(), kNoSuchUser, 0), 0);
        EXPECT_EQ(error_of([&] { static_cast<void>(owner_of(folder_)); }).code(), ExitCode::Usage);
    }
}

TEST(OwnerNamed, IsThereOrNot) {
    ASSERT_TRUE(owner_named("root"));
    EXPECT_EQ(owner_named("root")->uid, 0U);
    EXPECT_FALSE(owner_named("no such user"));
    EXPECT_FALSE(owner_named(""));
}

TEST(AllowedUsers, AreThoseThatRootNames) {
    require_one_of({"other", "someone"}, someone());
    const auto other = error_of([] { require_one_of({"postgres", "pgsql"}, someone()); });
    EXPECT_EQ(other.code(), ExitCode::Refused);
    EXPECT_STREQ(other.what(), "user \"someone\" is not one that pgaf-upgrade works for: postgres, pgsql");
    EXPECT_TRUE(contains(other.hint(), "users = someone in /etc/pgaf-upgrade.conf")) << other.hint();
    EXPECT_EQ(error_of([] { require_one_of({}, someone()); }).code(), ExitCode::Refused);
}

TEST(AllowedUsers, AreNeverRoot) {
    const auto root = error_of([] { require_one_of({"root"}, owner_of_uid(0)); });
    EXPECT_EQ(root.code(), ExitCode::Refused);
    EXPECT_STREQ(root.what(), "PostgreSQL does not run as root");
    // nor by another name
    EXPECT_EQ(error_of([] {
                  require_one_of({"toor"}, {.uid = 0, .gid = 0, .name = "toor", .home = "/", .groups = {}});
              }).code(),
              ExitCode::Refused);
}

// The exit code of a child process that does this; 0: all was as it should be.
template <typename Do>
int in_child(const Do &act) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(act());
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_environment(const char *name, const std::string &value) {
    const char *found = std::getenv(name);
    return found != nullptr && value == found;
}

std::vector<gid_t> groups_now() {
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    ::getgroups(static_cast<int>(groups.size()), groups.data());
    return groups;
}

// Nobody becomes what they are not allowed to, nor goes on as they are.
TEST(Becoming, EndsTheProcessWhereItFails) {
    EXPECT_EQ(in_child([] {
                  become({.uid = 0, .gid = 0, .name = "root", .home = "/root", .groups = {}});
                  return 0;
              }),
              static_cast<int>(ExitCode::Internal));
    if (::geteuid() != 0) {
        EXPECT_EQ(in_child([] {
                      become(someone());
                      return 0;
                  }),
                  static_cast<int>(ExitCode::Internal));
    }
}

class ByRoot : public WithFolder {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "only root can act as others";
        }
        WithFolder::SetUp();
    }
    void TearDown() override {
        if (!folder_.empty()) {
            WithFolder::TearDown();
        }
    }
};

TEST_F(ByRoot, IsForGood) {
    EXPECT_EQ(in_child([] {
                  become(someone());
                  std::vector<uid_t> users(3);
                  std::vector<gid_t> ids(3);
                  ::getresuid(users.data(), &users[1], &users[2]);
                  ::getresgid(ids.data(), &ids[1], &ids[2]);
                  if (users != std::vector<uid_t>(3, 4711) || ids != std::vector<gid_t>(3, 4712)) {
                      return 1;
                  }
                  if (groups_now() != std::vector<gid_t>{4712, 4713}) {
                      return 2;
                  }
                  return ::setuid(0) == 0 || ::setgid(0) == 0 || ::seteuid(0) == 0 ? 3 : 0;
              }),
              0);
}

TEST_F(ByRoot, LeavesNothingOfRootsEnvironment) {
    EXPECT_EQ(in_child([] {
                  ::setenv("LD_PRELOAD", "/nowhere", 1);
                  ::setenv("PGPASSWORD", "secret", 1);
                  ::setenv("TERM", "a terminal", 1);
                  ::setenv("TZ", "UTC", 1);
                  become(someone());
                  if (std::getenv("LD_PRELOAD") != nullptr || std::getenv("PGPASSWORD") != nullptr) {
                      return 1;
                  }
                  if (!is_environment("TERM", "a terminal") || !is_environment("TZ", "UTC") ||
                      !is_environment("HOME", "/home/someone") || !is_environment("USER", "someone") ||
                      !is_environment("LOGNAME", "someone")) {
                      return 2;
                  }
                  return fs::current_path() != "/" || ::umask(0) != 077 ? 3 : 0;
              }),
              0);
}

TEST_F(ByRoot, ActsAsAnotherUntilTheEndOfTheScope) {
    fs::permissions(folder_, fs::perms::all);
    const auto before = groups_now();
    {
        const ActingAs acting(someone());
        EXPECT_EQ(::geteuid(), 4711U);
        EXPECT_EQ(::getegid(), 4712U);
        EXPECT_EQ(groups_now(), (std::vector<gid_t>{4712, 4713}));
        std::ofstream(folder_ / "theirs") << "text";
        EXPECT_FALSE(std::ofstream("/root/pgaf-test").is_open());
    }
    EXPECT_EQ(::geteuid(), 0U);
    EXPECT_EQ(::getegid(), 0U);
    EXPECT_EQ(groups_now(), before);
    struct stat status{};
    ASSERT_EQ(::stat((folder_ / "theirs").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 4711U);
    EXPECT_EQ(status.st_gid, 4712U);
}

// A step beside it goes on as root.
TEST_F(ByRoot, LeavesOtherThreadsAsTheyAre) {
    uid_t within = 0;
    std::jthread([&] {
        const ActingAs acting(someone());
        within = ::geteuid();
        std::ifstream status("/proc/" + std::to_string(::getpid()) + "/task/" + std::to_string(::getpid()) + "/status");
        std::string line;
        while (std::getline(status, line) && !line.starts_with("Uid:")) {
        }
        EXPECT_EQ(line, "Uid:\t0\t0\t0\t0");
    }).join();
    EXPECT_EQ(within, 4711U);
}

TEST(ActingAsAnother, IsRootsAlone) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root can";
    }
    const auto error = error_of([] { const ActingAs acting(someone()); });
    EXPECT_EQ(error.code(), ExitCode::Refused);
    EXPECT_TRUE(std::string(error.what()).starts_with("could not act as user \"someone\": ")) << error.what();
}

}  // namespace
}  // namespace pgaf
