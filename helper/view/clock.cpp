#include "view/clock.hpp"

#include <cmath>
#include <ctime>

#include <array>

#include <fmt/format.h>

namespace pgaf {

namespace {

std::string local(double moment, const char *format) {
    const auto seconds = static_cast<std::time_t>(std::floor(moment));
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

}  // namespace

std::string clock_time(double moment) {
    return local(moment, "%H:%M:%S");
}

std::string date_and_time(double moment) {
    return local(moment, "%Y-%m-%d %H:%M:%S %Z");
}

std::string iso_8601(double moment) {
    const auto milliseconds = std::llround(moment * 1000);
    const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, milliseconds % 1000);
}

}  // namespace pgaf
