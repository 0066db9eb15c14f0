#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "system/owner.hpp"

// The unit that runs pg_autoctl for a node, as systemd and files of root's alone tell it.
namespace pgaf::privileged {

// What root was told by its own command line and by /etc/pgaf-upgrade.conf.
struct Settings {
    Owner owner;                       // of PGDATA
    std::string service;               // the unit; empty: found
    std::filesystem::path pgdata;      // empty: not told
    std::filesystem::path new_bindir;  // likewise
};

struct Unit {
    std::string name;
    std::filesystem::path autoctl;             // the pg_autoctl that its ExecStart names
    int main_pid = 0;                          // 0: it does not run
    std::vector<std::filesystem::path> files;  // the unit's, and its drop-ins', in the order in which they count

    // Of root's own, kept over boots.
    [[nodiscard]] std::filesystem::path folder() const;
};

// The one unit that runs pg_autoctl as the owner: the one that is named, else the only one that systemd has loaded or
// that was found before; of several the one whose settings name this PGDATA. It is remembered. Throws
// HelperError(Refused) where there is none, or where it is not fit to be stopped and started for this owner.
[[nodiscard]] Unit find_unit(const Settings &settings);

// Whether nobody else can change what the path leads to: neither the file nor a directory or link on the way.
[[nodiscard]] bool is_of_root_alone(std::filesystem::path path);

// Runs /usr/bin/systemctl. Throws HelperError.
std::string systemctl(std::vector<std::string> arguments);

}  // namespace pgaf::privileged
