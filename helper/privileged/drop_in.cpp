#include "privileged/drop_in.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "privileged/protocol.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "system/unit_override.hpp"

namespace fs = std::filesystem;

namespace pgaf::privileged {

namespace {

constexpr const char *kGuard = "pgaf-upgrade.conf";
constexpr const char *kKept = "pgaf-upgrade-autoctl.conf";
constexpr std::size_t kMostOfText = 1U << 20U;
constexpr std::size_t kMostOfProgram = 1U << 28U;

fs::path drop_in(const Unit &unit, const std::string &name) {
    return fs::path("/etc/systemd/system") / (unit.name + ".d") / name;
}

fs::path guard_flag(const Unit &unit) {
    return unit.folder() / "between_clusters";
}

fs::path kept_program(const Unit &unit) {
    return unit.folder() / "pg_autoctl";
}

// A call that ended before systemd was told is made again.
void reload_if_changed(const Unit &unit) {
    if (systemctl({"show", "--value", "--property=NeedDaemonReload", "--", unit.name}).starts_with("yes")) {
        systemctl({"daemon-reload"});
    }
}

// One that others than root can change is read with the rights of the owner, whose unit it is.
std::string text_of_environment(const fs::path &file, const Owner &owner) {
    const auto acting = is_of_root_alone(file) ? std::nullopt : std::optional<ActingAs>(std::in_place, owner);
    std::error_code none;
    return fs::is_regular_file(file, none) ? read_file(file, kMostOfText) : "";
}

// An empty text removes it.
void set_drop_in(const Unit &unit, const std::string &name, const std::string &text) {
    const auto file = drop_in(unit, name);
    if (!text.empty() && !(fs::exists(file) && read_file(file) == text)) {
        make_directory(file.parent_path(), 0755);
        write_file(file, text, 0644);
    } else if (text.empty() && fs::remove(file)) {
        flush_directory(file.parent_path());
        std::error_code not_empty;
        fs::remove(file.parent_path(), not_empty);
    }
    reload_if_changed(unit);
}

// Without our drop-in, too, it runs the pg_autoctl that it runs now, which is there, and names no other major.
bool is_own_program(const Unit &unit, const Owner &owner, int major) {
    auto files = unit.files;
    std::erase(files, drop_in(unit, std::string(kProgramsDropIn)));
    const auto lines = service_lines(files);
    OtherPrograms programs(major);
    const auto read = [&owner](const fs::path &file) { return text_of_environment(file, owner); };
    const auto start = std::ranges::find(lines, "ExecStart", &ServiceLine::key);
    return override_of(lines, programs, "", read).drop_in.empty() && start != lines.end() &&
           autoctl_in(start->value) == unit.autoctl && fs::exists(unit.autoctl);
}

}  // namespace

void prepare_guard(const Unit &unit) {
    set_drop_in(unit, kGuard,
                fmt::format("# pgaf-upgrade: while this file exists, the data directory is between two clusters.\n"
                            "# pgaf-upgrade run goes on, pgaf-upgrade rollback goes back; either removes it.\n"
                            "[Unit]\nAssertPathExists=!{}\n"
                            "[Service]\nTimeoutStopSec=infinity\nKillMode=mixed\nSendSIGKILL=no\n",
                            guard_flag(unit).string()));
}

// Known to systemd before the switch, so that nothing in the switch waits for systemd.
void set_guard(const Unit &unit) {
    if (!fs::exists(drop_in(unit, kGuard))) {
        prepare_guard(unit);
    }
    write_file(guard_flag(unit), "");
}

void clear_guard(const Unit &unit) {
    if (fs::remove(guard_flag(unit))) {
        flush_directory(unit.folder());
    }
}

void remove_guard(const Unit &unit) {
    clear_guard(unit);
    set_drop_in(unit, kGuard, "");
}

void use_programs(const Unit &unit, const Owner &owner, int major, const fs::path &by) {
    OtherPrograms programs(major);
    if (!by.empty() && unit.autoctl.parent_path() != "/usr/bin") {
        programs.add(unit.autoctl.parent_path(), by);
    }
    const auto environment = unit.folder() / "environment";
    auto files = unit.files;
    std::erase(files, drop_in(unit, std::string(kProgramsDropIn)));
    const auto read = [&owner](const fs::path &file) { return text_of_environment(file, owner); };
    const auto made = override_of(service_lines(files), programs, environment, read);
    write_file(environment, made.environment);
    set_drop_in(unit, std::string(kProgramsDropIn),
                made.drop_in.empty() ? ""
                                     : fmt::format("# pgaf-upgrade: the programs of PostgreSQL {} in the place of the "
                                                   "unit's own.\n[Service]\n{}",
                                                   major, made.drop_in));
}

void keep_program(const Unit &unit, const Owner &owner) {
    std::string program;
    {
        const ActingAs acting(owner);  // what the owner may not read is not given to him
        program = read_file(fmt::format("/proc/{}/exe", unit.main_pid), kMostOfProgram);
    }
    write_file(kept_program(unit), program, 0755);
}

void use_kept_program(const Unit &unit, bool is_used) {
    const auto text = fmt::format(
        "# pgaf-upgrade: {0} is of a later version than this node, which runs the one that was kept.\n"
        "# Remove this file when the earlier package is installed again; the next upgrade removes it, too.\n"
        "[Service]\nBindReadOnlyPaths=\"{1}\":\"{0}\"\n",
        unit.autoctl.string(), kept_program(unit).string());
    set_drop_in(unit, kKept, is_used ? text : "");
}

std::string clean_up(const Unit &unit, const Owner &owner, int major, bool removes) {
    std::string told;
    const auto clean = [&](const fs::path &file, const std::string &why_kept, const std::function<void()> &remove) {
        if (fs::exists(file)) {
            told += why_kept.empty() ? fmt::format("-{}\n", file.string())
                                     : fmt::format("+{}: {}\n", file.string(), why_kept);
            if (removes && why_kept.empty()) {
                remove();
            }
        }
    };
    const auto set_empty = [&](const char *name) { return [&unit, name] { set_drop_in(unit, name, ""); }; };
    clean(drop_in(unit, kGuard), fs::exists(guard_flag(unit)) ? "the data directory is between two clusters" : "",
          set_empty(kGuard));
    const auto programs = drop_in(unit, std::string(kProgramsDropIn));
    clean(programs,
          is_own_program(unit, owner, major) ? "" : fmt::format("the unit itself does not name PostgreSQL {}", major),
          [&] {
              set_drop_in(unit, std::string(kProgramsDropIn), "");
              fs::remove(unit.folder() / "environment");
          });
    clean(kept_program(unit), fs::exists(drop_in(unit, kKept)) ? "the unit runs it" : "",
          [&] { fs::remove(kept_program(unit)); });
    return told;
}

}  // namespace pgaf::privileged
