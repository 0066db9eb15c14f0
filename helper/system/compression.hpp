#pragma once

#include <cstdint>
#include <filesystem>

#include "system/error.hpp"

// Files by zstd, in pieces, so that the memory does not grow with them.
namespace pgaf {

// What was compressed is not whole any more, or never was.
class CompressionDamaged : public HelperError {
  public:
    using HelperError::HelperError;
};

// Both replace `to`. Throw HelperError(StepFailed); decompress_file CompressionDamaged, also where it would become
// longer than `most` bytes.
void compress_file(const std::filesystem::path &from, const std::filesystem::path &to);
void decompress_file(const std::filesystem::path &from, const std::filesystem::path &to, std::uint64_t most);

}  // namespace pgaf
