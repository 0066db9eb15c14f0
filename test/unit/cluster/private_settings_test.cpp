#include <gtest/gtest.h>

#include "cluster/private_files.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "with_folder.hpp"

namespace pgaf {
namespace {

PrivateNeeds needs_of(std::vector<std::string> libraries = {}, std::vector<std::string> used = {}) {
    PrivateNeeds needs;
    needs.kept = {{"max_connections", "100"}, {"max_locks_per_transaction", "64"}, {"wal_level", "logical"},
                  {"archive_mode", "on"},     {"max_slot_wal_keep_size", "1GB"},   {"timescaledb.license", "apache"}};
    needs.libraries = std::move(libraries);
    needs.used = std::move(used);
    return needs;
}

TEST(PrivateSettings, BothServersKeepToThemselves) {
    for (const auto side : {Side::Old, Side::New}) {
        auto settings = private_settings(needs_of(), side, 17, "/srv");
        EXPECT_EQ(settings["hba_file"], "/srv/pg_hba.conf");
        EXPECT_EQ(settings["external_pid_file"], "");
        EXPECT_EQ(settings["listen_addresses"], "");
        EXPECT_EQ(settings["ssl"], "off");
        EXPECT_EQ(settings["logging_collector"], "off");
        EXPECT_EQ(settings["archive_command"], "");
        EXPECT_EQ(settings["max_worker_processes"], "0");
        EXPECT_EQ(settings["superuser_reserved_connections"], "0");
        EXPECT_EQ(settings["session_preload_libraries"], "");
        EXPECT_FALSE(settings.contains("data_directory"));
    }
}

// What a standby compares with its own parameters when it reads the WAL or the pg_control of these servers.
TEST(PrivateSettings, NothingIsHigherThanAStandbyHas) {
    for (const auto side : {Side::Old, Side::New}) {
        auto settings = private_settings(needs_of(), side, 15, "/srv");
        EXPECT_EQ(settings["max_connections"], "100");
        EXPECT_EQ(settings["max_locks_per_transaction"], "64");
        EXPECT_EQ(settings["wal_level"], "logical");
    }
}

// Segments that the old server ends are archived by it when it serves again; the new one's belong in no archive.
TEST(PrivateSettings, TheOldServerStillMarksItsSegments) {
    EXPECT_EQ(private_settings(needs_of(), Side::Old, 15, "/srv").at("archive_mode"), "on");
    EXPECT_EQ(private_settings(needs_of(), Side::New, 17, "/srv").at("archive_mode"), "off");
    EXPECT_EQ(private_settings(needs_of(), Side::Old, 15, "/srv").at("max_slot_wal_keep_size"), "1GB");
    EXPECT_EQ(private_settings(needs_of(), Side::New, 17, "/srv").at("max_slot_wal_keep_size"), "-1");
}

TEST(PrivateSettings, EachServerKnowsItsParameters) {
    EXPECT_FALSE(private_settings(needs_of(), Side::Old, 15, "/srv").contains("transaction_timeout"));
    EXPECT_FALSE(private_settings(needs_of(), Side::Old, 15, "/srv").contains("reserved_connections"));
    EXPECT_EQ(private_settings(needs_of(), Side::New, 17, "/srv").at("event_triggers"), "off");
    EXPECT_FALSE(private_settings(needs_of(), Side::New, 18, "/srv").contains("autovacuum_max_workers"));
    auto needs = needs_of();
    needs.kept["extension_destdir"] = "/opt/extensions";
    EXPECT_EQ(private_settings(needs, Side::New, 17, "/srv").at("extension_destdir"), "/opt/extensions");
    EXPECT_FALSE(private_settings(needs, Side::New, 18, "/srv").contains("extension_destdir"));
    EXPECT_FALSE(private_settings(needs_of(), Side::Old, 15, "/srv").contains("extension_destdir"));
    EXPECT_EQ(private_session_options(15).find("event_triggers"), std::string::npos);
    EXPECT_NE(private_session_options(17).find("-c event_triggers=off"), std::string::npos);
}

TEST(PrivateSettings, ThereAreLocksForEveryRelation) {
    auto needs = needs_of();
    needs.relations = 640000;
    needs.kept["max_locks_per_transaction"] = "10";
    EXPECT_GE(std::stol(private_settings(needs, Side::Old, 15, "/srv").at("autovacuum_max_workers")), 64000);
    EXPECT_GE(std::stol(private_settings(needs, Side::New, 18, "/srv").at("autovacuum_worker_slots")), 64000);
    needs.relations = 1LL << 40U;
    EXPECT_LT(std::stol(private_settings(needs, Side::New, 17, "/srv").at("autovacuum_max_workers")), 262143);
}

TEST(PrivateSettings, OnlyLibrariesOfDefinitionsArePreloaded) {
    const auto needs = needs_of({"timescaledb", "safeupdate", "$libdir/pg_cron.so", "auto_explain", "pgautofailover"},
                                {"plpgsql", "timescaledb-2.14.2", "pg_cron", "pgautofailover"});
    EXPECT_EQ(needed_libraries(needs),
              (std::vector<std::string>{"timescaledb", "$libdir/pg_cron.so", "pgautofailover"}));
    auto labelled = needs;
    labelled.has_labels = true;
    EXPECT_EQ(needed_libraries(labelled), needs.libraries);
}

TEST(PrivateSettings, MemoryIsNoMoreThanTheClusterHas) {
    auto needs = needs_of();
    EXPECT_EQ(private_settings(needs, Side::New, 17, "/srv").at("shared_buffers"), "131072kB");
    needs.shared_buffer_kb = 16384;
    EXPECT_EQ(private_settings(needs, Side::New, 17, "/srv").at("shared_buffers"), "16384kB");
}

TEST(PrivateSettings, WhatAlterSystemHasSetIsOverriddenWhereItCounts) {
    const Settings settings{{"ssl", "off"}, {"external_pid_file", ""}, {"jit", "off"}};
    const std::string auto_conf =
        "# Do not edit\nssl = 'on'\nwork_mem = '5MB'\nexternal_pid_file = '/run/x'\njit = off\n";
    EXPECT_EQ(overridden_by(auto_conf, settings), (Settings{{"ssl", "off"}, {"external_pid_file", ""}}));
}

TEST(PrivateSettings, ValuesAreQuoted) {
    EXPECT_EQ(configuration_text({{"a", "it's \\ odd"}}), "a = 'it''s \\\\ odd'\n");
}

TEST(PrivateSettings, OptionsPassTwoShells) {
    EXPECT_EQ(for_pg_upgrade({"-c", "a=$libdir/b"}), "-c 'a=\\$libdir/b'");
    EXPECT_EQ(for_pg_upgrade({"-c", "config_file=/srv/new_server.conf"}), "-c config_file=/srv/new_server.conf");
}

TEST(PrivateSettings, JobsHaveConnections) {
    EXPECT_EQ(jobs_for(8, 100), 8U);
    EXPECT_EQ(jobs_for(8, 5), 3U);
    EXPECT_EQ(jobs_for(8, 1), 1U);
    EXPECT_EQ(jobs_for(0, 100), 1U);
}

class PrivateFilesTest : public WithFolder {};

TEST_F(PrivateFilesTest, AreWhatTheServersAreToldToRead) {
    const PrivateFiles files(folder_);
    EXPECT_THROW(static_cast<void>(files.options(Side::Old, folder_)), HelperError);
    files.write(needs_of(), 15, 17);
    EXPECT_EQ(files.options(Side::Old, folder_),
              (std::vector<std::string>{"-c", "config_file=" + (folder_ / "old_server.conf").string()}));
    write_file(folder_ / "postgresql.auto.conf", "max_worker_processes = '8'\n");
    EXPECT_EQ(files.options(Side::New, folder_),
              (std::vector<std::string>{"-c", "config_file=" + (folder_ / "new_server.conf").string(), "-c",
                                        "max_worker_processes=0"}));
    EXPECT_EQ(files.max_connections(), 100);
}

}  // namespace
}  // namespace pgaf
