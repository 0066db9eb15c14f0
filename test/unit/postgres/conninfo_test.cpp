#include "postgres/conninfo.hpp"

#include <gtest/gtest.h>

#include "system/error.hpp"

namespace pgaf {
namespace {

TEST(Conninfo, GoesToProgramsWithoutItsPassword) {
    const auto primary =
        for_program("host=node1 user=pgautofailover_replicator password='o\\'r \\\\x' sslmode=require");
    EXPECT_EQ(primary.text.find("password"), std::string::npos);
    EXPECT_EQ(primary.environment, std::vector<std::string>{"PGPASSWORD=o'r \\x"});
    EXPECT_EQ(conninfo_parts(primary.text).at("user"), "pgautofailover_replicator");
    EXPECT_EQ(conninfo_parts(primary.text).at("sslmode"), "require");
}

TEST(Conninfo, WithoutOneStaysAsItIs) {
    const auto primary = for_program("host=node1   port=5432");
    EXPECT_EQ(primary.text, "host=node1   port=5432");
    EXPECT_TRUE(primary.environment.empty());
}

TEST(Conninfo, QuotesWhatItPutsTogether) {
    const std::map<std::string, std::string> parts{{"host", "/run/my socket"}, {"user", "o'brien\\"}};
    EXPECT_EQ(conninfo_parts(conninfo_of(parts)), parts);
}

TEST(Conninfo, NamesFiles) {
    const auto uri = "postgres://u@h:5432/d?sslmode=verify-ca&sslrootcert=/data/root.crt&passfile=/home/.pgpass";
    EXPECT_EQ(files_in(uri), (std::map<std::string, std::filesystem::path>{{"passfile", "/home/.pgpass"},
                                                                           {"sslrootcert", "/data/root.crt"}}));
    EXPECT_TRUE(files_in("host=a sslrootcert=system").empty());
    EXPECT_TRUE(files_in("no string").empty());
    const auto moved = with_files_in(uri, {"/link", "/data"}, [](const auto &name) { return "/kept" / name; });
    EXPECT_EQ(conninfo_parts(moved).at("sslrootcert"), "/kept/root.crt");
    EXPECT_EQ(conninfo_parts(moved).at("passfile"), "/home/.pgpass");
    EXPECT_EQ(conninfo_parts(moved).at("host"), "h");
    EXPECT_EQ(with_files_in(uri, {"/elsewhere"}, [](const auto &name) { return name; }), uri);
}

TEST(Conninfo, SaysWhatLibpqCannotRead) {
    EXPECT_THROW(static_cast<void>(conninfo_parts("hots=a")), HelperError);
    EXPECT_THROW(static_cast<void>(for_program("host='a")), HelperError);
}

}  // namespace
}  // namespace pgaf
