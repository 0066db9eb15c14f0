#include <gtest/gtest.h>

#include "configuration/conf_includes.hpp"

namespace pgaf {
namespace {

using Names = std::vector<std::string>;

TEST(IncludedFiles, AreFoundInTheirOrderWhateverTheirForm) {
    EXPECT_EQ(included_files("include 'a.conf'\n"
                             "  INCLUDE_IF_EXISTS = b.conf # why\n"
                             "include_dir='conf.d'\n"
                             "port = 5432\n"
                             "include 'it''s.conf'"),
              (Names{"a.conf", "b.conf", "conf.d", "it's.conf"}));
}

TEST(IncludedFiles, CommentsAndEmptyNamesAreNone) {
    EXPECT_EQ(included_files("#include 'a.conf'\ninclude ''\ninclude_dir = ''\t# none\nincludes = 'x'\n"), Names{});
}

TEST(FilesNamedWithAt, OnlyAtTheBeginningOfAName) {
    EXPECT_EQ(files_named_with_at("host @dbs,other @\"app users\" 10.0.0.0/8 md5 # @no\n"
                                  "host all me@example samenet trust\n"
                                  "# host @never all all trust\n"),
              (Names{"dbs", "app users"}));
}

TEST(LastValueOf, IsUnquotedAndTheLastOne) {
    EXPECT_EQ(last_value_of("primary_conninfo = 'host=a'\nprimary_conninfo = 'host=b password=''x y'''\n",
                            "primary_conninfo"),
              "host=b password='x y'");
    EXPECT_EQ(last_value_of("#primary_conninfo = 'host=a'\n", "primary_conninfo"), "");
}

TEST(ConfIncludes, SettingsAreTheLastOfEachName) {
    const auto settings = settings_of("# a = 1\nSSL on\nport = 1 # first\nport='2'\n\ncustom.name = 'it''s'\n");
    EXPECT_EQ(settings, (std::map<std::string, std::string>{{"ssl", "on"}, {"port", "2"}, {"custom.name", "it's"}}));
}

}  // namespace
}  // namespace pgaf
