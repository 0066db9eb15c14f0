#pragma once

#include <cstdint>

namespace pgaf {

// How the pack of a seed is on its way to a standby.
struct SeedTransfer {
    std::uint64_t bytes = 0;       // of the pack
    std::uint64_t compressed = 0;  // bytes of its compressed form
    std::uint64_t received = 0;    // bytes of the pack that are there
    std::uint64_t counted = 0;     // those of them that came within `seconds`
    double seconds = 0;
};

// Whether the standby has the pack sooner when it leaves what is there, and fetches and unpacks the compressed form.
// Not for a gain that is hardly felt.
[[nodiscard]] bool is_compressed_sooner(const SeedTransfer &transfer);

}  // namespace pgaf
