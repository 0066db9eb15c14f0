#include "run/warnings.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/claims.hpp"
#include "system/document.hpp"

namespace pgaf {

namespace {

// The monitor takes 1 MB as a step's result.
constexpr std::size_t kMost = 200;
constexpr std::size_t kLongest = 1000;  // bytes of a text

// One line, in which a terminal finds nothing to obey: the monitor takes no other.
std::string fitting(const std::string &text) {
    auto line = claims::shown(as_utf8(text.size() <= kLongest ? text : text.substr(0, kLongest) + "..."));
    std::ranges::replace_if(line, [](char character) { return character == '\n' || character == '\t'; }, ' ');
    return line.find_first_not_of(' ') == std::string::npos ? "-" : line;
}

}  // namespace

void Warnings::add(std::string object, std::string error, std::string remedy) {
    if (warnings_.size() < kMost) {
        warnings_.push_back({std::move(object), std::move(error), std::move(remedy)});
    } else {
        ++left_out_;
    }
}

nlohmann::json Warnings::json() const {
    auto list = nlohmann::json::array();
    const auto put = [&list](const Warning &warning) {
        list.push_back({{"object", fitting(warning.object)},
                        {"error", fitting(warning.error)},
                        {"remedy", fitting(warning.remedy)}});
    };
    for (const auto &warning : warnings_) {
        put(warning);
    }
    if (left_out_ > 0) {
        put({fmt::format("{} more", left_out_), "they are in the log of the step", "See the log beside the journal."});
    }
    return list;
}

std::string warnings_in_words(const nlohmann::json &result) {
    const auto list = result.value("warnings", nlohmann::json::array());
    if (list.empty()) {
        return {};
    }
    return fmt::format("{} warning{}: {}: {}", list.size(), list.size() == 1 ? "" : "s",
                       list.front().at("object").get<std::string>(), list.front().at("error").get<std::string>());
}

}  // namespace pgaf
