#include "steps/steps.hpp"

#include "upgrade/carry.hpp"
#include "upgrade/configuration.hpp"
#include "upgrade/new_cluster.hpp"

namespace pgaf {

nlohmann::json list_files_to_carry(const Context &context) {
    auto server = context.local_server();
    auto names = nlohmann::json::array();
    for (const auto &file : files_to_carry(server, context.node.pgdata, context.node.data_dir)) {
        names.push_back(file.string());
    }
    return names;
}

std::vector<std::filesystem::path> listed_files(const nlohmann::json &result) {
    std::vector<std::filesystem::path> files;
    for (const auto &name : result.at("files")) {
        files.emplace_back(name.get<std::string>());
    }
    return files;
}

namespace {

// For people. A command of archiving may hold a password, so that its line is not told whole.
nlohmann::json describe_changes(const Context &context, const ParameterChanges &changes) {
    auto described = nlohmann::json::array();
    for (const auto &[file, lines] : changed_lines(context.node.data_dir, changes)) {
        for (const auto &[line, before, after] : lines) {
            const bool is_secret = after.starts_with("archive_command");
            described.push_back({{"file", file.string()},
                                 {"line", line},
                                 {"before", before},
                                 {"after", is_secret ? "archive_command = …" : after}});
        }
    }
    return described;
}

nlohmann::json what_to_configure(const Context &context, const ParameterChanges &changes) {
    return {{"files", list_files_to_carry(context)},
            {"changes", describe_changes(context, changes)},
            {"shared_preload_libraries", context.local_server().single("SHOW shared_preload_libraries")}};
}

}  // namespace

Found Configure::probe(const Context &context) const {
    const auto &old_dir = context.node.data_dir;
    const auto changes = changes_for(context, old_dir);
    auto result = what_to_configure(context, changes);
    auto files = listed_files(result);
    std::erase_if(files, is_access_rule);
    return is_carried(files, old_dir, context.new_dir(), changes) ? Found::done(std::move(result)) : Found{};
}

// So that the new server's own parser judges it while the old one serves.
nlohmann::json Configure::perform(const Context &context) const {
    auto result = what_to_configure(context, changes_for(context, context.node.data_dir));
    carry_for_new_cluster(context, result);
    return result;
}

}  // namespace pgaf
