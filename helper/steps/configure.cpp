#include "steps/steps.hpp"

#include "upgrade/carry.hpp"

namespace pgaf {

nlohmann::json list_files_to_carry(const Context &context) {
    auto server = context.node.connect_locally();
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

// Everything but the access rules, so that the new server's own parser judges it while the old one serves.
nlohmann::json Configure::perform(const Context &context) const {
    auto server = context.node.connect_locally();
    nlohmann::json result{{"files", list_files_to_carry(context)},
                          {"shared_preload_libraries", server.single("SHOW shared_preload_libraries")}};
    auto files = listed_files(result);
    std::erase_if(files, is_access_rule);
    carry(files, context.node.data_dir, context.new_dir());
    return result;
}

}  // namespace pgaf
