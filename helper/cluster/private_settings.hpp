#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "node/node.hpp"

// What a server that is not the serving one runs with. Such a server is started for a trial, for pg_upgrade and for a
// recovery, and each of them goes by what is written here: so what was tried is what is done.
namespace pgaf {

using Settings = std::map<std::string, std::string>;

// What pg_upgrade's servers have to have of the cluster.
struct PrivateNeeds {
    Settings kept;                       // parameters, with the running server's values
    std::vector<std::string> libraries;  // that the running server has preloaded
    std::vector<std::string> used;       // names of the extensions, and of the libraries that functions are in
    bool has_labels = false;             // security labels, whose provider is in a preloaded library
    std::int64_t relations = 0;          // of users, in all databases
    std::int64_t shared_buffer_kb = 0;   // of the running server
};

// Asks the running server, in each database. Throws HelperError when none runs.
[[nodiscard]] PrivateNeeds private_needs(const Node &node);

// The libraries that the definitions cannot be restored without. Others only take part: they refuse, log or run jobs.
[[nodiscard]] std::vector<std::string> needed_libraries(const PrivateNeeds &needs);

enum class Side { Old, New };

// Of a server that pg_upgrade starts, or that a cluster which does not serve is recovered by. Everything that is not
// here has its default, whatever the cluster's own configuration says.
[[nodiscard]] Settings private_settings(const PrivateNeeds &needs, Side side, int major,
                                        const std::filesystem::path &folder);

// Of a server that is to show whether a configuration starts: it goes by that, but for what would reach outside.
[[nodiscard]] Settings trial_settings(const std::filesystem::path &data_dir);

// Of a standby that crashed, while it recovers: its own configuration says from where.
[[nodiscard]] Settings private_standby_settings(const std::filesystem::path &folder);

// PGOPTIONS of every program that works on such servers, and of pg_upgrade --check on the serving one: what a role or a
// database has set would go before the server's settings. For servers of this major and of later ones.
[[nodiscard]] std::string private_session_options(int oldest_major);

// Lets in whoever reaches the socket, which lies in a directory of the owner's alone.
[[nodiscard]] std::string private_access_rules();

// As postgresql.conf has it.
[[nodiscard]] std::string configuration_text(const Settings &settings);

// postgresql.auto.conf is read after any other file: what it sets otherwise, as a server's options.
[[nodiscard]] Settings overridden_by(const std::string &auto_conf, const Settings &settings);

}  // namespace pgaf
