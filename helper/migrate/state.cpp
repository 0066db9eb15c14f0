#include "migrate/state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "system/error.hpp"
#include "system/files.hpp"

namespace pgaf::migrate {

namespace {

constexpr int kFormat = 1;

}  // namespace

NLOHMANN_JSON_SERIALIZE_ENUM(Stage, {{Stage::None, "none"},
                                     {Stage::Restoring, "restoring"},
                                     {Stage::Restored, "restored"},
                                     {Stage::Same, "same"}})

nlohmann::json to_json(const State::Content &content) {
    auto before = nlohmann::json::object();
    for (const auto &[database, value] : content.read_only_before) {
        before[database] = value ? nlohmann::json(*value) : nlohmann::json(nullptr);
    }
    return {{"format", kFormat},
            {"old_identifier", content.old_identifier},
            {"new_identifier", content.new_identifier},
            {"refuse_writes", content.refuse_writes},
            {"given_back", content.given_back},
            {"read_only_before", before},
            {"in_place", content.in_place},
            {"emptied", content.emptied},
            {"globals", content.globals},
            {"databases", content.databases},
            {"statistics", content.statistics},
            {"finished_at", content.finished_at}};
}

State::Content state_from(const nlohmann::json &json) {
    if (json.at("format") != kFormat) {
        throw HelperError(ExitCode::Refused, fmt::format("it has format {}", json.at("format").dump()));
    }
    State::Content content{.old_identifier = json.at("old_identifier"),
                           .new_identifier = json.at("new_identifier"),
                           .refuse_writes = json.at("refuse_writes"),
                           .given_back = json.at("given_back"),
                           .read_only_before = {},
                           .in_place = json.at("in_place"),
                           .emptied = json.at("emptied"),
                           .globals = json.at("globals"),
                           .databases = json.at("databases"),
                           .statistics = json.at("statistics"),
                           .finished_at = json.at("finished_at")};
    for (const auto &[database, value] : json.at("read_only_before").items()) {
        content.read_only_before[database] =
            value.is_null() ? std::nullopt : std::optional<std::string>(value.get<std::string>());
    }
    return content;
}

State::State(std::filesystem::path path) : path_(std::move(path)) {
    if (!std::filesystem::exists(path_)) {
        return;
    }
    try {
        content_ = state_from(nlohmann::json::parse(read_file(path_)));
        exists_ = true;
    } catch (const std::exception &error) {
        throw HelperError(
            ExitCode::Refused, fmt::format("could not read \"{}\": {}", path_.string(), error.what()),
            "It is written by pgaf-upgrade migrate alone. Where it is lost, begin with an empty new cluster.");
    }
}

Stage State::of(const std::string &database) const {
    const auto found = content_.databases.find(database);
    return found == content_.databases.end() ? Stage::None : found->second;
}

void State::write() {
    write_file(path_, to_json(content_).dump(1) + "\n");
    exists_ = true;
}

}  // namespace pgaf::migrate
