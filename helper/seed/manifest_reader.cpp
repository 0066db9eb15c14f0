#include "seed/manifest_reader.hpp"

#include "seed/standby.hpp"
#include "system/digest.hpp"

namespace pgaf {

namespace {

[[noreturn]] void refuse_damaged() {
    throw SeedDamaged("the seed's manifest is damaged");
}

}  // namespace

ManifestReader::ManifestReader(std::filesystem::path path) : path_(std::move(path)), file_(path_) {
    require_whole();
    std::string line;
    std::getline(file_, line);
    const auto origin = parse_origin(line);
    if (!origin) {
        refuse_damaged();
    }
    origin_ = *origin;
}

void ManifestReader::require_whole() {
    std::ifstream file(path_);
    Digest digest;
    for (std::string line; std::getline(file, line);) {
        if (const auto said = parse_seed_end(line)) {
            if (*said != digest.finish() || std::getline(file, line)) {
                refuse_damaged();
            }
            sha256_ = *said;
            return;
        }
        digest.add(line + "\n");
    }
    refuse_damaged();
}

std::optional<SeedFile> ManifestReader::next() {
    std::string line;
    if (!std::getline(file_, line) || parse_seed_end(line)) {
        return std::nullopt;
    }
    auto file = parse_seed_file(line);
    if (!file) {
        refuse_damaged();
    }
    return file;
}

}  // namespace pgaf
