#include <gtest/gtest.h>

#include <string>

#include "system/digest.hpp"
#include "system/secrets.hpp"

namespace pgaf {
namespace {

std::string sign(const std::string &value) {
    return "(SHA-256 " + sha256_of(value).substr(0, 12) + "…)";
}

TEST(Secrets, ValuesOfCommandsAreNotTold) {
    const auto command = sign("scp %p me:s3cret@there");
    for (const auto &[text, told] : std::initializer_list<std::pair<std::string, std::string>>{
             {"archive_command = 'scp %p me:s3cret@there'", "archive_command = " + command},
             {"-archive_command='scp %p me:s3cret@there' # was s3cret", "-archive_command=" + command},
             {"#restore_command 'scp %p me:s3cret@there'", "#restore_command " + command},
             {"postgresql.conf line 7: ssl_passphrase_command = 'scp %p me:s3cret@there'",
              "postgresql.conf line 7: ssl_passphrase_command = " + command},
             {"restore_command is scp %p me:s3cret@there", "restore_command is " + command},
             {"archive_mode is on, archive_command is scp %p me:s3cret@there",
              "archive_mode is on, archive_command is " + command},
             {"ALTER SYSTEM SET ARCHIVE_COMMAND TO 'scp %p me:s3cret@there'",
              "ALTER SYSTEM SET ARCHIVE_COMMAND TO " + command},
             {"DETAIL:  The failed archive command was: scp %p me:s3cret@there",
              "DETAIL:  The failed archive command was: " + command},
             {R"(invalid value for parameter "archive_cleanup_command": "scp %p me:s3cret@there")",
              R"(invalid value for parameter "archive_cleanup_command": )" + command},
             {R"(LOG:  parameter "archive_command" changed to "scp %p me:s3cret@there")",
              R"(LOG:  parameter "archive_command" changed to )" + command},
             {R"(WARNING:  recovery_end_command "scp %p me:s3cret@there": child process exited with exit code 1)",
              "WARNING:  recovery_end_command " + command + ": child process exited with exit code 1"},
             {"a\narchive_command = 'scp %p me:s3cret@there'\nb\n", "a\narchive_command = " + command + "\nb\n"}}) {
        EXPECT_EQ(without_secrets(text), told);
        EXPECT_EQ(without_secrets(told), told) << "once more";
    }
}

TEST(Secrets, QuotesAreReadAsPostgresqlDoes) {
    EXPECT_EQ(without_secrets("archive_command = 'a ''b'' \\'c\\''"), "archive_command = " + sign("a 'b' 'c'"));
    EXPECT_EQ(without_secrets("archive_command = 'never closed"), "archive_command = " + sign("never closed"));
    EXPECT_EQ(without_secrets("archive_command = 'a\\"), "archive_command = " + sign("a\\"));
}

TEST(Secrets, ConnectionStringsAndPasswordsAreNotTold) {
    EXPECT_EQ(without_secrets("primary_conninfo = 'host=a password=b'"),
              "primary_conninfo = " + sign("host=a password=b"));
    EXPECT_EQ(without_secrets("could not connect: host=a password=s3cret port=1"),
              "could not connect: host=a password=" + sign("s3cret") + " port=1");
    EXPECT_EQ(without_secrets("password='s 3' sslpassword=x"), "password=" + sign("s 3") + " sslpassword=" + sign("x"));
    EXPECT_EQ(without_secrets("replication.password = s3cret"), "replication.password = " + sign("s3cret"));
    EXPECT_EQ(without_secrets("ALTER ROLE a PASSWORD 's3cret'"), "ALTER ROLE a PASSWORD " + sign("s3cret"));
    EXPECT_EQ(without_secrets("postgres://me:s3cret@host:5432/db"),
              "postgres://me:" + sign("s3cret") + "@host:5432/db");
    EXPECT_EQ(without_secrets("ldapbindpasswd=(hidden)"), "ldapbindpasswd=(hidden)");
}

TEST(Secrets, WhatIsNoneIsTold) {
    for (const auto *const text : {"", "\n\n", "archive_command = ''", "archive_command", "set archive_command again",
                                   "archive_library = 'basic'", "password_encryption is md5, and will be scram-sha-256",
                                   "the password is asked for", "shared_buffers = '1GB'", "postgres://host:5432/db",
                                   "see https://example.org/a:b@c", "no password supplied", "FATAL:  password \n"}) {
        EXPECT_EQ(without_secrets(text), text);
    }
}

}  // namespace
}  // namespace pgaf
