#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "node/node_files.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "with_folder.hpp"

namespace pgaf {
namespace {

namespace fs = std::filesystem;

class KeeperStateFile : public WithFolder {};

TEST_F(KeeperStateFile, KeepsEveryOtherByte) {
    std::string bytes(1024, '\x5a');
    const std::int32_t version = 1;
    const std::int32_t nodeid = 7;
    std::memcpy(bytes.data(), &version, 4);
    std::memcpy(bytes.data() + 24, &nodeid, 4);
    write_file(folder_ / "state", bytes);

    auto state = autoctl::read_state(folder_ / "state");
    EXPECT_EQ(state.node_id, 7);
    state.pg_control_version = 1300;
    state.catalog_version = 202406281;
    state.system_identifier = 0xf000000000000001U;  // above 2^63, as after January 2038
    autoctl::rewrite_state(folder_ / "state", state);

    const auto after = read_file(folder_ / "state");
    ASSERT_EQ(after.size(), 1024U);
    EXPECT_EQ(after.substr(0, 8), bytes.substr(0, 8));
    EXPECT_EQ(after.substr(24), bytes.substr(24));
    EXPECT_EQ(autoctl::read_state(folder_ / "state").system_identifier, 0xf000000000000001U);
}

TEST_F(KeeperStateFile, OfAnotherVersionOrSizeIsRefused) {
    std::string bytes(1024, '\0');
    bytes[0] = 2;
    write_file(folder_ / "state", bytes);
    EXPECT_THROW(static_cast<void>(autoctl::read_state(folder_ / "state")), HelperError);
    write_file(folder_ / "state", std::string("\x01\0\0\0", 4));
    EXPECT_THROW(static_cast<void>(autoctl::read_state(folder_ / "state")), HelperError);
}

class ConfigFile : public WithFolder {};

// As pg_basebackup reads it, to which pg_autoctl hands it.
TEST_F(ConfigFile, HasTheRateOfABackupWithItsUnit) {
    const auto rate = [this](const std::string &text) {
        write_file(folder_ / "cfg",
                   "[pg_autoctl]\nrole = keeper\n[postgresql]\npg_ctl = /bin/pg_ctl\n[replication]\n"
                   "maximum_backup_rate = " +
                       text + "\n");
        return autoctl::read_config(folder_ / "cfg").maximum_backup_rate_mb;
    };
    EXPECT_EQ(rate("100M"), 100);
    EXPECT_EQ(rate("51200k"), 50);
    EXPECT_EQ(rate("51200"), 50);
    EXPECT_EQ(rate("32"), 0.03125);
    EXPECT_EQ(rate("0"), 0);
}

}  // namespace
}  // namespace pgaf
