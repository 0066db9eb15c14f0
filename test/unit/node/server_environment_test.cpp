#include "node/server_environment.hpp"

#include "system/files.hpp"
#include "with_node.hpp"

namespace pgaf {
namespace {

class ServerEnvironment : public WithNode {};

TEST_F(ServerEnvironment, IsKeptWithoutWhatIsOfOneProcess) {
    write_file(
        node_->work_dir() / "server_environment",
        std::string("TZ=UTC\0INVOCATION_ID=1\0PG_AUTOCTL_LOG_SEMAPHORE=1\0LD_LIBRARY_PATH=/usr/pgsql-15/lib\0", 84));
    EXPECT_EQ(server_environment(*node_), (std::vector<std::string>{"TZ=UTC", "LD_LIBRARY_PATH=/usr/pgsql-15/lib"}));
    EXPECT_EQ(kept_environment(*node_, "/usr/pgsql-15/bin", "/usr/pgsql-17/bin"),
              (std::vector<std::string>{"TZ=UTC", "LD_LIBRARY_PATH=/usr/pgsql-17/lib"}));
}

TEST_F(ServerEnvironment, IsEmptyWhereNothingIsKnown) {
    EXPECT_TRUE(server_environment(*node_).empty());
    EXPECT_EQ(kept_limits(*node_), "");
}

TEST(Limits, AreThoseOfAShell) {
    EXPECT_EQ(limits_in_shell("Limit                     Soft Limit           Hard Limit           Units\n"
                              "Max open files            12345                23456                files\n"
                              "Max core file size        unlimited            unlimited            bytes\n"
                              "Max locked memory         8388608              8388608              bytes\n"
                              "Max realtime priority     0                    0\n"),
              "ulimit -S -n 12345 2>/dev/null\nulimit -S -c unlimited 2>/dev/null\nulimit -S -l 8192 2>/dev/null\n");
}

TEST(ProgramsOfTheServer, GetNothingByWhichTheyWouldDoOtherwise) {
    EXPECT_EQ(for_programs({"PGHOST=/tmp", "LC_ALL=de_DE", "LANG=de", "HOME=/", "XDG_DATA_HOME=/x", "ORACLE_HOME=/o"}),
              std::vector<std::string>{"ORACLE_HOME=/o"});
}

TEST(DirectoriesOfPrograms, AreTheOtherMajors) {
    EXPECT_EQ(with_directories_of("PATH=/usr/lib/postgresql/15/bin:/bin", "/usr/lib/postgresql/15/bin",
                                  "/usr/lib/postgresql/17/bin"),
              "PATH=/usr/lib/postgresql/17/bin:/bin");
    EXPECT_EQ(with_directories_of("PATH=/usr/bin", "/usr/bin", "/usr/pgsql/bin"), "PATH=/usr/pgsql/bin");
    EXPECT_EQ(with_directories_of("A=/usr/lib", "/usr/bin", "/usr/pgsql/bin"), "A=/usr/lib");
    EXPECT_EQ(with_directories_of("A=b", "", ""), "A=b");
}

}  // namespace
}  // namespace pgaf
