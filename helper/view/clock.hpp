#pragma once

#include <chrono>
#include <string>

// Moments in seconds since 1970, as people and programs read them.
namespace pgaf {

[[nodiscard]] std::string clock_time(double moment);     // "22:04:07", of this host's time zone
[[nodiscard]] std::string date_and_time(double moment);  // "2026-11-24 22:04:07 UTC", likewise
[[nodiscard]] std::string iso_8601(double moment);       // "2026-11-24T22:04:07.123Z"

[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point time) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - time).count();
}

}  // namespace pgaf
