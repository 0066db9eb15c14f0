#include "cleanup/removal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/in_use.hpp"
#include "system/process.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kStep = "cleanup";
constexpr int kFewEntries = 50;  // after which a test may have this die

void go_on_unless_stopped() {
    if (stop_was_asked()) {
        throw HelperError(ExitCode::StepFailed, "stopped by the operator",
                          "Run pgaf-upgrade cleanup again: it goes on where it stopped.");
    }
}

void remove_one(Journal &journal, const Remain &item, const std::set<FileKey> &serving) {
    const auto &directory = item.directory;
    const auto removing = removing_name(directory.path);
    if (!item.is_renamed) {
        if (identity_of(directory.path) != directory.identity) {
            throw HelperError(ExitCode::Refused,
                              fmt::format("\"{}\" is not the directory that it was", directory.path.string()),
                              "Nothing of it was removed. See pgaf-upgrade cleanup --dry-run.");
        }
        note_removing(journal, directory, item.size.freed_bytes);
        fault_point(kStep, "noted");
        rename_durably(directory.path, removing);
    }
    fault_point(kStep, "renamed");
    int entries = 0;
    remove_tree(removing, directory.identity, serving, [&entries] {
        if (++entries == kFewEntries) {
            fault_point(kStep, "middle");
        }
        go_on_unless_stopped();
    });
    fault_point(kStep, "removed");
    note_removed(journal, directory.path);
}

}  // namespace

void remove_remains(Journal &journal, const Remains &remains, const std::function<void(const Remain &)> &say) {
    for (const auto &item : remains.items) {
        go_on_unless_stopped();
        say(item);
        remove_one(journal, item, remains.serving);
    }
}

void note_ended_removals(Journal &journal) {
    for (const auto &directory : unfinished_removals(journal)) {
        if (!fs::exists(fs::symlink_status(directory.path)) &&
            !fs::exists(fs::symlink_status(removing_name(directory.path)))) {
            note_removed(journal, directory.path);
        }
    }
}

std::vector<Removed> find_logs(const Node &node) {
    std::vector<Removed> logs;
    for (const auto &entry : fs::directory_iterator(node.work_dir())) {
        struct stat status{};
        if (entry.path().extension() == ".log" && ::lstat(entry.path().c_str(), &status) == 0 &&
            S_ISREG(status.st_mode) && open_files_in({entry.path()}, {}).empty()) {
            constexpr std::uint64_t kUnit = 512;
            const auto bytes = static_cast<std::uint64_t>(status.st_blocks) * kUnit;
            logs.push_back({entry.path(), status.st_nlink == 1 ? bytes : 0});
        }
    }
    return logs;
}

void remove_logs(const Node &node, const std::vector<Removed> &logs) {
    const Descriptor folder(node.work_dir(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    for (const auto &log : logs) {
        if (::unlinkat(folder.get(), log.path.filename().c_str(), 0) != 0 && errno != ENOENT) {
            fail_by_errno("remove", log.path);
        }
    }
}

}  // namespace pgaf
