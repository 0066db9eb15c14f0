#include "system/raw_file.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "system/digest.hpp"
#include "system/error.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

class RawFile : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        path_ = folder_ / "file";
    }

    std::uint64_t filled(const std::string &content) {
        std::ofstream(path_, std::ios::binary) << content;
        return InputFile(path_).filled();
    }

    fs::path path_;
};

TEST_F(RawFile, IsFilledUpToItsLastBlockThatHasSomething) {
    const std::string zeros(8192, '\0');
    const auto page = "page" + std::string(8188, '\0');
    EXPECT_EQ(filled(""), 0U);
    EXPECT_EQ(filled(zeros + zeros), 0U);
    EXPECT_EQ(filled(page + zeros + page + zeros + zeros), 3 * 8192U);
    EXPECT_EQ(filled("15\n"), 3U);
    EXPECT_EQ(filled(page + "x"), 8193U);
}

TEST_F(RawFile, IsWrittenInPiecesAndExtendedByZeros) {
    {
        OutputFile file(path_, 0640);
        file.write("abc");
        file.write("def");
        file.set_size(8);
    }
    EXPECT_EQ(InputFile(path_).read(0, 100), std::string("abcdef\0\0", 8));
    EXPECT_EQ(InputFile(path_).read(2, 3), "cde");
    EXPECT_EQ(InputFile(path_).read(8, 3), "");
    EXPECT_EQ(fs::status(path_).permissions(), static_cast<fs::perms>(0640));
    OutputFile(path_, 0640, OutputFile::Begin::Append).write("!");
    EXPECT_EQ(InputFile(path_).size(), 9U);
}

TEST_F(RawFile, SaysWhichFileIsMissing) {
    try {
        const InputFile file(path_);
        FAIL();
    } catch (const HelperError &error) {
        EXPECT_EQ(std::string(error.what()), "could not open \"" + path_.string() + "\": No such file or directory");
    }
}

// FIPS 180-2, appendix B
TEST(Digest, IsSha256) {
    EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Digest digest;
    digest.add("a");
    digest.add("bc");
    EXPECT_EQ(digest.finish(), sha256_of("abc"));
}

}  // namespace
}  // namespace pgaf
