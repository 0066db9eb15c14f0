#include "node/kept_autoctl.hpp"

#include <fmt/format.h>

#include "node/service.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// By its own name, by which it is told among processes.
fs::path path_of(const Node &node) {
    return node.work_dir() / "autoctl_before" / "pg_autoctl";
}

}  // namespace

bool keep_autoctl(const Node &node, const fs::path &new_autoctl, const fs::path &new_bindir) {
    const bool is_of_all_majors = new_autoctl.parent_path() != new_bindir;
    const auto pid = Service::running(node.paths.pid);
    if (!is_of_all_majors || !pid) {
        return false;
    }
    // also when its name has become another's
    const auto program = read_file(fmt::format("/proc/{}/exe", *pid));
    if (program == read_file(new_autoctl)) {
        return false;
    }
    make_directory(path_of(node).parent_path());
    write_file(path_of(node), program, 0755);
    return true;
}

std::optional<fs::path> kept_autoctl(const Node &node) {
    return fs::exists(path_of(node)) ? std::optional(path_of(node)) : std::nullopt;
}

}  // namespace pgaf
