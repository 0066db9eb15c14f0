#include "seed/seed_transfer.hpp"

namespace pgaf {

namespace {

constexpr double kUnpacked = 500e6;  // bytes a second, which a slow processor can do
constexpr double kFelt = 0.5;        // seconds; less may be a moment's chance

}  // namespace

bool is_compressed_sooner(const SeedTransfer &transfer) {
    if (transfer.counted == 0 || transfer.received >= transfer.bytes) {
        return false;
    }
    const double seconds_a_byte = transfer.seconds / static_cast<double>(transfer.counted);
    const double rest = static_cast<double>(transfer.bytes - transfer.received) * seconds_a_byte;
    const double anew =
        static_cast<double>(transfer.compressed) * seconds_a_byte + static_cast<double>(transfer.bytes) / kUnpacked;
    return rest - anew > kFelt;
}

}  // namespace pgaf
