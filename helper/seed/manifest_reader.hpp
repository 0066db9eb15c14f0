#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "seed/seed_manifest.hpp"

namespace pgaf {

// A manifest read line by line. Throws SeedDamaged for one that is not as the primary wrote it: asked at the
// beginning, of the whole file.
class ManifestReader {
  public:
    explicit ManifestReader(std::filesystem::path path);

    [[nodiscard]] const SeedOrigin &origin() const { return origin_; }
    [[nodiscard]] const std::string &sha256() const { return sha256_; }  // of all lines but the last, as that has it
    [[nodiscard]] std::optional<SeedFile> next();                        // nothing after the last

  private:
    void require_whole();

    std::filesystem::path path_;
    std::ifstream file_;
    std::string sha256_;
    SeedOrigin origin_;
};

}  // namespace pgaf
