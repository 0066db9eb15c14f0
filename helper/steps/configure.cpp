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

nlohmann::json what_to_configure(const Context &context) {
    return {{"files", list_files_to_carry(context)},
            {"shared_preload_libraries", context.local_server().single("SHOW shared_preload_libraries")}};
}

}  // namespace

Found Configure::probe(const Context &context) const {
    auto result = what_to_configure(context);
    auto files = listed_files(result);
    std::erase_if(files, is_access_rule);
    const auto &old_dir = context.node.data_dir;
    return is_carried(files, old_dir, context.new_dir(), changes_for(context, old_dir)) ? Found::done(std::move(result))
                                                                                        : Found{};
}

// So that the new server's own parser judges it while the old one serves.
nlohmann::json Configure::perform(const Context &context) const {
    auto result = what_to_configure(context);
    carry_for_new_cluster(context, result);
    return result;
}

}  // namespace pgaf
