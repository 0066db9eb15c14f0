#include "system/unit_override.hpp"

#include <fstream>

#include "system/error.hpp"
#include "system/files.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

TEST(AutoctlOfAUnit, IsFoundBehindOtherPrograms) {
    EXPECT_EQ(autoctl_in("{ path=/usr/bin/numactl ; argv[]=/usr/bin/numactl --interleave=all "
                         "/usr/lib/postgresql/15/bin/pg_autoctl run ; }"),
              "/usr/lib/postgresql/15/bin/pg_autoctl");
    EXPECT_EQ(autoctl_in("/bin/sh -c 'exec \"$BIN\"/pg_autoctl run'"), "/usr/bin/pg_autoctl");
    EXPECT_EQ(autoctl_in("/usr/local/bin/start"), "");
}

class UnitOverrideTest : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        for (const auto *major : {"15", "17"}) {
            fs::create_directories(bin(major));
            put(bin(major) / "pg_ctl", "");
        }
    }

    [[nodiscard]] fs::path bin(const std::string &major) const { return folder_ / "postgresql" / major / "bin"; }

    fs::path put(const fs::path &file, const std::string &text) const {
        std::ofstream(folder_ / file) << text;
        return folder_ / file;
    }

    // Of a unit with these texts of its file and its drop-ins.
    [[nodiscard]] UnitOverride of(const std::vector<std::string> &texts, int major = 17) const {
        std::vector<fs::path> files;
        for (const auto &text : texts) {
            files.push_back(put("unit" + std::to_string(files.size()), text));
        }
        OtherPrograms programs(major);
        const auto read = [](const fs::path &file) { return fs::exists(file) ? read_file(file) : ""; };
        return override_of(service_lines(files), programs, "/state/environment", read);
    }
};

TEST_F(UnitOverrideTest, BeginsTheListsAnewThatNameTheOtherMajor) {
    const auto made =
        of({"[Unit]\nExecStart=of no service\n[Service]\nExecStartPre=/bin/true\nExecStart = " + bin("15").string() +
            "/pg_autoctl run \\\n  --pgdata /data\n"});
    EXPECT_EQ(made.drop_in, "ExecStart=\nExecStart=" + bin("17").string() + "/pg_autoctl run    --pgdata /data\n");
    EXPECT_EQ(made.environment, "");
}

TEST_F(UnitOverrideTest, TakesWhatADropInHasBegunAnew) {
    const auto made = of({"[Service]\nExecStart=" + bin("15").string() + "/pg_autoctl run\n",
                          "[Service]\nExecStart=\nExecStart=/usr/bin/numactl --interleave=all " + bin("15").string() +
                              "/pg_autoctl run\n"});
    EXPECT_EQ(made.drop_in,
              "ExecStart=\nExecStart=/usr/bin/numactl --interleave=all " + bin("17").string() + "/pg_autoctl run\n");
}

TEST_F(UnitOverrideTest, OverridesVariablesWhereverTheyAre) {
    const auto file =
        put("default", "# " + bin("15").string() + "\nPGDATA=/data\nPG_BINDIR=" + bin("15").string() + "\n");
    const auto made =
        of({"[Service]\nEnvironment=PATH=" + bin("15").string() + ":/usr/bin\nEnvironmentFile=-" + file.string() +
            "\nEnvironmentFile=-/nowhere\nExecStart=/bin/sh -c 'exec $PG_BINDIR/pg_autoctl'\n"});
    EXPECT_EQ(made.drop_in,
              "Environment=PATH=" + bin("17").string() + ":/usr/bin\nEnvironmentFile=/state/environment\n");
    EXPECT_EQ(made.environment, "PG_BINDIR=" + bin("17").string() + "\n");
}

TEST_F(UnitOverrideTest, IsEmptyWhereNothingNamesAnotherMajor) {
    EXPECT_EQ(of({"[Service]\nExecStart=/usr/bin/pg_autoctl run\n"}).drop_in, "");
    EXPECT_EQ(of({"[Service]\nExecStart=" + bin("15").string() + "/pg_autoctl run\n"}, 15).drop_in, "");
    // no directory of programs
    EXPECT_EQ(of({"[Service]\nExecStart=/usr/bin/pg_autoctl run --pgdata /srv/15/binary\n"}).drop_in, "");
}

TEST_F(UnitOverrideTest, RefusesProgramsThatAreNotThere) {
    EXPECT_THROW(static_cast<void>(of({"[Service]\nExecStart=/nowhere/15/bin/pg_autoctl run\n"})), HelperError);
    OtherPrograms programs(17);
    EXPECT_THROW(programs.add("/opt/pg/bin", folder_), HelperError);
    EXPECT_THROW(programs.add("/opt/pg/bin", "/tmp/a b"), HelperError);
    programs.add("/opt/pg/bin", bin("17"));
    EXPECT_EQ(programs.in("/opt/pg/bin/pg_autoctl run"), bin("17").string() + "/pg_autoctl run");
}

TEST_F(UnitOverrideTest, RefusesToChangeWhatRunsAsRoot) {
    EXPECT_THROW(static_cast<void>(of({"[Service]\nExecStartPre=+" + bin("15").string() + "/pg_ctl\n"})), HelperError);
    EXPECT_EQ(of({"[Service]\nExecStartPre=+/usr/bin/install -d /run/postgresql\n"}).drop_in, "");
}

TEST_F(UnitOverrideTest, TakesTheLibrariesAlongWhereThereAreSome) {
    const auto lib = [this](const std::string &major) { return (folder_ / "postgresql" / major / "lib").string(); };
    const auto unit = "[Service]\nEnvironment=LD_LIBRARY_PATH=" + lib("15") + ":/opt/x\n";
    EXPECT_EQ(of({unit}).drop_in, "");
    fs::create_directory(lib("17"));
    EXPECT_EQ(of({unit}).drop_in, "Environment=LD_LIBRARY_PATH=" + lib("17") + ":/opt/x\n");
}

}  // namespace
}  // namespace pgaf
