#include "system/compression.hpp"

#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "system/files.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

class Compression : public WithFolder {
  protected:
    [[nodiscard]] fs::path file(const char *name) const { return folder_ / name; }

    static void fill(const fs::path &path, const std::string &content) {
        std::ofstream(path, std::ios::binary) << content;
    }

    std::string there_and_back(const std::string &content) {
        fill(file("plain"), content);
        compress_file(file("plain"), file("compressed"));
        decompress_file(file("compressed"), file("again"), content.size());
        return read_file(file("again"));
    }
};

// Half of it random, half of it repeated.
std::string mixed(std::size_t bytes) {
    std::mt19937 random(42);  // NOLINT: the same each time
    std::string content;
    while (content.size() < bytes) {
        content += static_cast<char>(random());
        content += 'x';
    }
    content.resize(bytes);
    return content;
}

TEST_F(Compression, GivesBackWhatItTook) {
    // with sizes at the edges of zstd's buffers of 128 kB
    for (const std::size_t bytes : {0U, 1U, 131071U, 131072U, 131073U, 262144U, 3000000U}) {
        EXPECT_TRUE(there_and_back(mixed(bytes)) == mixed(bytes)) << bytes;
        EXPECT_TRUE(there_and_back(std::string(bytes, '\0')) == std::string(bytes, '\0')) << bytes;
    }
}

TEST_F(Compression, MakesItSmaller) {
    fill(file("plain"), mixed(1000000));
    compress_file(file("plain"), file("compressed"));
    EXPECT_LT(fs::file_size(file("compressed")), 700000U);
}

TEST_F(Compression, RefusesWhatIsDamaged) {
    fill(file("plain"), mixed(1000000));
    compress_file(file("plain"), file("compressed"));
    const auto whole = read_file(file("compressed"));
    auto damaged = whole;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] + 1);
    for (const auto &content : {std::string(), whole.substr(0, whole.size() - 1), whole.substr(0, 100), damaged,
                                whole + "more", mixed(1000)}) {
        fill(file("compressed"), content);
        EXPECT_THROW(decompress_file(file("compressed"), file("again"), 1000000), CompressionDamaged) << content.size();
    }
    fill(file("compressed"), whole);
    decompress_file(file("compressed"), file("again"), 1000000);
    EXPECT_TRUE(read_file(file("again")) == mixed(1000000));
}

TEST_F(Compression, MakesNothingLongerThanSaid) {
    fill(file("plain"), std::string(50'000'000, '\0'));
    compress_file(file("plain"), file("compressed"));
    EXPECT_LT(fs::file_size(file("compressed")), 100'000U);
    EXPECT_THROW(decompress_file(file("compressed"), file("again"), 1'000'000), CompressionDamaged);
    EXPECT_LE(fs::file_size(file("again")), 1'000'000U);
}

TEST_F(Compression, NeedsTheFile) {
    EXPECT_THROW(compress_file(file("none"), file("compressed")), HelperError);
    EXPECT_THROW(decompress_file(file("none"), file("again"), 1), HelperError);
}

}  // namespace
}  // namespace pgaf
