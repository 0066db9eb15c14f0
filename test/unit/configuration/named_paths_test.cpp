#include "configuration/named_paths.hpp"

#include <gtest/gtest.h>

namespace pgaf {
namespace {

using Paths = std::vector<std::filesystem::path>;

Paths in_command(std::string_view text) {
    return paths_named_in(text, {"/data"}, true);
}

TEST(NamedPaths, AreFoundInCommands) {
    EXPECT_EQ(in_command("/data/archive.sh %p"), Paths{"archive.sh"});
    EXPECT_EQ(in_command("test ! -f /data/archive/%f && cp %p /data/archive/%f"), (Paths{"!", "archive", "cp", "test"}))
        << "what is not there is left to who looks";
    EXPECT_EQ(in_command("'$PGDATA/env.sh'"), Paths{"env.sh"});
    EXPECT_EQ(in_command("${PGDATA}/a.sh"), Paths{"a.sh"});
    EXPECT_EQ(in_command("\"$PGDATA\"/archived"), Paths{"archived"});
    EXPECT_EQ(in_command("./a.sh"), Paths{"a.sh"});
    EXPECT_EQ(in_command("/database/a.sh"), Paths{});
    EXPECT_EQ(in_command("/data/../a.sh"), Paths{});
    EXPECT_EQ(in_command("/data/"), Paths{});
}

TEST(NamedPaths, OfOtherTextsAreWhole) {
    const auto in_text = [](std::string_view text) { return paths_named_in(text, {"/data", "/real"}, false); };
    EXPECT_EQ(in_text("host=a sslrootcert=/data/ca/root.pem"), Paths{"ca/root.pem"});
    EXPECT_EQ(in_text("'/real/my file'").front(), "my");
    EXPECT_EQ(in_text("'/real/my file'").back(), "my file");
    EXPECT_EQ(in_text("archive.sh"), Paths{});
    EXPECT_EQ(in_text("/data/lib:/usr/lib"), Paths{"lib"});
}

TEST(NamedPaths, OfTheClusterItselfAreTold) {
    EXPECT_TRUE(is_in_cluster("pg_wal/archive"));
    EXPECT_TRUE(is_in_cluster("postmaster.pid"));
    EXPECT_FALSE(is_in_cluster("archive"));
}

}  // namespace
}  // namespace pgaf
