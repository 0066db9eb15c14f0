#include "system/lock.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "contains.hpp"
#include "system/error.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

class LockTest : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        path_ = folder_ / "lock";
    }

    void expect_refused() const {
        try {
            const Lock lock(path_);
            ADD_FAILURE() << "it is opened";
        } catch (const HelperError &error) {
            EXPECT_EQ(error.code(), ExitCode::Refused);
            EXPECT_EQ(error.what(), "could not open \"" + path_.string() + "\"");
            EXPECT_FALSE(error.hint().empty());
        }
    }

    fs::path path_;
};

// Another process that has the lock, until it is killed; what it has started lives on.
class Holder {
  public:
    explicit Holder(const fs::path &path) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            const Lock lock(path);
            std::array<char *, 3> argv{const_cast<char *>("sleep"), const_cast<char *>("600"), nullptr};
            pid_t child = lock.taken() ? 0 : -1;
            if (child == 0) {
                static_cast<void>(::posix_spawnp(&child, "sleep", nullptr, nullptr, argv.data(), environ));
            }
            static_cast<void>(::write(ends[1], &child, sizeof child));
            ::pause();
            ::_exit(0);
        }
        EXPECT_EQ(::read(ends[0], &child_, sizeof child_), static_cast<ssize_t>(sizeof child_));
        ::close(ends[0]);
        ::close(ends[1]);
        EXPECT_GT(child_, 0) << "it has not taken the lock";
    }
    ~Holder() {
        die();
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
        }
    }
    Holder(const Holder &) = delete;
    Holder &operator=(const Holder &) = delete;

    void die() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = 0;
        }
    }

  private:
    pid_t pid_ = 0;
    pid_t child_ = 0;
};

TEST_F(LockTest, IsTakenOnceAtATime) {
    {
        const Lock first(path_);
        EXPECT_TRUE(first.taken());
        const Lock second(path_);
        EXPECT_FALSE(second.taken());
        const Lock other(folder_ / "other");
        EXPECT_TRUE(other.taken());
    }
    EXPECT_TRUE(Lock(path_).taken());
    EXPECT_TRUE(fs::exists(path_));
}

TEST_F(LockTest, IsNobodyElsesFile) {
    const Lock lock(path_);
    EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

// Who asks in vain takes nothing from who has it.
TEST_F(LockTest, StaysWithWhoHasIt) {
    const Lock first(path_);
    EXPECT_FALSE(Lock(path_).taken());
    EXPECT_FALSE(Lock(path_).taken());
}

TEST_F(LockTest, IsHeldByAnotherProcessUntilItsDeath) {
    Holder holder(path_);
    EXPECT_FALSE(Lock(path_).taken());
    holder.die();
    // although what it has started is alive
    EXPECT_TRUE(Lock(path_).taken());
}

TEST_F(LockTest, IsNotReachedByALink) {
    fs::create_symlink(folder_ / "target", path_);
    expect_refused();
    EXPECT_FALSE(fs::exists(folder_ / "target"));
}

TEST_F(LockTest, IsNotWaitedForWhereItIsAFifo) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    const Lock first(path_);
    EXPECT_TRUE(first.taken());
    EXPECT_FALSE(Lock(path_).taken());
}

TEST_F(LockTest, IsNoDirectory) {
    fs::create_directory(path_);
    expect_refused();
}

TEST_F(LockTest, IsInADirectoryThatIsThere) {
    path_ = folder_ / "none" / "lock";
    expect_refused();
}

TEST_F(LockTest, IsInADirectoryThatWeMayWrite) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root may write everywhere";
    }
    fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
    expect_refused();
    fs::permissions(folder_, fs::perms::owner_all);
}

}  // namespace
}  // namespace pgaf
