#include "run/parts.hpp"

#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include "system/error.hpp"

namespace pgaf {

namespace {

constexpr std::chrono::milliseconds kLook{5};
constexpr double kLeast = 0.01;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \r");
    const auto last = text.find_last_not_of(" \r");
    return first == std::string_view::npos ? std::string_view{} : text.substr(first, last - first + 1);
}

}  // namespace

void Parts::lap(const std::string &part, std::chrono::steady_clock::time_point at) {
    const auto seconds = std::chrono::duration<double>(at - last_).count();
    last_ = at;
    if (seconds >= kLeast) {
        parts_.emplace_back(part, std::round(seconds * 1000) / 1000);
    }
}

nlohmann::json Parts::json() const {
    auto json = nlohmann::json::array();
    for (const auto &[part, seconds] : parts_) {
        json.push_back({{"part", part}, {"seconds", seconds}});
    }
    return json;
}

std::string ended_part(std::string_view line_before, std::string_view line) {
    line = trimmed(line);
    if (line == "ok") {
        return std::string(trimmed(line_before));
    }
    return line.ends_with(" ok") ? std::string(trimmed(line.substr(0, line.size() - 2))) : std::string();
}

PgUpgradeParts::PgUpgradeParts(std::filesystem::path log) {
    std::error_code error;
    const auto size = std::filesystem::file_size(log, error);
    const auto from = static_cast<std::streamoff>(error ? 0 : size);
    thread_ = std::jthread([this, log = std::move(log), from](const std::stop_token &stop) {
        with_errors_logged("the parts of pg_upgrade are not known", [&] { look(log, from, stop); });
    });
}

void PgUpgradeParts::look(const std::filesystem::path &log, std::streamoff from, const std::stop_token &stop) {
    std::string before;
    auto at = from;
    for (bool is_last = false; !is_last;) {
        is_last = stop.stop_requested();
        std::ifstream file(log);
        file.seekg(at);
        std::string line;
        while (std::getline(file, line) && !file.eof()) {  // only whole lines
            at += static_cast<std::streamoff>(line.size() + 1);
            if (const auto part = ended_part(before, line); !part.empty()) {
                parts_.lap(part);
            }
            before = line;
        }
        std::this_thread::sleep_for(kLook);
    }
}

Parts PgUpgradeParts::take() {
    thread_.request_stop();
    thread_.join();
    parts_.lap("its end");
    return std::move(parts_);
}

}  // namespace pgaf
