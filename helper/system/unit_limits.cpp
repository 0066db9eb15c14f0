#include "system/unit_limits.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <map>
#include <sstream>

#include <fmt/format.h>

namespace pgaf {

namespace {

struct Resource {
    const char *property;
    int number;
};

constexpr std::array<Resource, 16> kResources{{{"LimitCPU", RLIMIT_CPU},
                                               {"LimitFSIZE", RLIMIT_FSIZE},
                                               {"LimitDATA", RLIMIT_DATA},
                                               {"LimitSTACK", RLIMIT_STACK},
                                               {"LimitCORE", RLIMIT_CORE},
                                               {"LimitRSS", RLIMIT_RSS},
                                               {"LimitNOFILE", RLIMIT_NOFILE},
                                               {"LimitAS", RLIMIT_AS},
                                               {"LimitNPROC", RLIMIT_NPROC},
                                               {"LimitMEMLOCK", RLIMIT_MEMLOCK},
                                               {"LimitLOCKS", RLIMIT_LOCKS},
                                               {"LimitSIGPENDING", RLIMIT_SIGPENDING},
                                               {"LimitMSGQUEUE", RLIMIT_MSGQUEUE},
                                               {"LimitNICE", RLIMIT_NICE},
                                               {"LimitRTPRIO", RLIMIT_RTPRIO},
                                               {"LimitRTTIME", RLIMIT_RTTIME}}};
constexpr const char *kOomScoreAdjust = "OOMScoreAdjust";

template <typename Number>
std::optional<Number> number_of(const std::string &text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<rlim_t> limit_of(const std::string &text) {
    return text == "infinity" ? std::optional<rlim_t>(RLIM_INFINITY) : number_of<rlim_t>(text);
}

}  // namespace

UnitLimits limits_in(const std::string &properties) {
    std::map<std::string, std::string> values;
    std::istringstream lines(properties);
    for (std::string line; std::getline(lines, line);) {
        if (const auto equals = line.find('='); equals != std::string::npos) {
            values[line.substr(0, equals)] = line.substr(equals + 1);
        }
    }
    UnitLimits limits{.resources = {}, .oom_score_adjust = number_of<int>(values[kOomScoreAdjust])};
    for (const auto &[property, number] : kResources) {
        const auto hard = limit_of(values[property]);
        const auto soft = limit_of(values[std::string(property) + "Soft"]);
        if (hard && soft && *soft <= *hard) {
            limits.resources.emplace_back(number, rlimit{.rlim_cur = *soft, .rlim_max = *hard});
        }
    }
    return limits;
}

std::string properties_of_limits() {
    std::string properties = kOomScoreAdjust;
    for (const auto &[property, number] : kResources) {
        properties += fmt::format(",{0},{0}Soft", property);
    }
    return properties;
}

void take_on(const UnitLimits &limits) {
    for (const auto &[number, limit] : limits.resources) {
        ::setrlimit(static_cast<__rlimit_resource>(number), &limit);
    }
    if (limits.oom_score_adjust) {
        const auto text = std::to_string(*limits.oom_score_adjust);
        const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
        [[maybe_unused]] const auto written = ::write(file, text.data(), text.size());
        ::close(file);
    }
}

}  // namespace pgaf
