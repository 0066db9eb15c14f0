#include "cluster/new_cluster.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster/version_directory.hpp"
#include "cluster/wal_directory.hpp"
#include "configuration/carry.hpp"
#include "run/files_of_run.hpp"
#include "run/notes.hpp"
#include "run/recorded_directory.hpp"
#include "system/error.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kControl = "global/pg_control";
constexpr const char *kDisabledControl = "global/pg_control.old";

// Without it, on a disk without room, cleanup leaves the directory and says so.
void note_directory(const Context &context, const char *note, const fs::path &path, const fs::path &named) {
    with_errors_logged("the journal does not have it", [&] {
        context.journal.note(note, to_json({named, identity_of(path), "a new cluster that was set aside"}).dump());
    });
}

// The version directories that pg_upgrade made beside the old cluster's own: CREATE TABLESPACE refuses one
// that exists.
void set_aside_tablespaces(const Context &context) {
    for (const auto &link : fs::directory_iterator(context.node.data_dir / "pg_tblspc")) {
        const auto location = fs::canonical(link.path());
        while (const auto made = version_directory(location, context.target())) {
            const auto unused = unused_name(*made);
            note_directory(context, notes::kSetAside, *made, unused);
            rename_durably(*made, unused);
        }
    }
}

}  // namespace

void note_made(const Context &context, const fs::path &directory) {
    note_directory(context, notes::kMade, directory, directory);
}

ControlData make_new_cluster(const Context &context, const std::vector<std::string> &initdb) {
    const auto &node = context.node;
    if (fs::exists(context.new_dir())) {
        rename_durably(context.new_dir(), unused_name(context.new_dir()));
    }
    make_directory(context.new_dir());
    copy_attributes(node.data_dir, context.new_dir());  // what is made in it takes after it
    note_made(context, context.new_dir());
    {
        const FaultWatch watch(steps::kInitdb, "middle", node.log("initdb"), "post-bootstrap");
        run_checked({.argv = initdb, .time_limit = std::chrono::minutes(5), .log = node.log("initdb")});
    }
    copy_attributes(node.data_dir, context.new_dir());  // again: initdb has set its mode
    link_wal(node.data_dir, context.new_dir(), context.target());
    return read_controldata(Installation::from(context.journal).new_bindir, context.new_dir());
}

void set_aside_new_cluster(const Context &context) {
    set_aside_tablespaces(context);
    if (!fs::exists(context.new_dir())) {
        return;
    }
    const auto unused = unused_name(context.new_dir());
    rename_durably(context.new_dir(), unused);
    if (fs::exists(unused / kControl)) {
        rename_durably(unused / kControl, unused / (std::string(kControl) + ".unused"));
    }
}

ControlData renew_after_interruption(const Context &context) {
    set_aside_new_cluster(context);
    enable_old_control(context.node.data_dir);
    const auto made = context.journal.result(steps::kInitdb).at("command").get<std::vector<std::string>>();
    auto control = make_new_cluster(context, made);
    carry_for_new_cluster(context);
    return control;
}

bool old_control_is_disabled(const fs::path &old_cluster) {
    return fs::exists(old_cluster / kDisabledControl);
}

void disable_old_control(const fs::path &old_cluster) {
    if (!old_control_is_disabled(old_cluster)) {
        rename_durably(old_cluster / kControl, old_cluster / kDisabledControl);
    }
}

void enable_old_control(const fs::path &old_cluster) {
    if (old_control_is_disabled(old_cluster)) {
        rename_durably(old_cluster / kDisabledControl, old_cluster / kControl);
    }
}

void carry_for_new_cluster(const Context &context) {
    const auto shown = files_of_run(context);
    auto files = shown.to_carry();
    std::erase_if(files, is_access_rule);
    carry(files, kept_copies(places_of(context.node)), context.new_dir(), steps::kConfigure, shown.changes);
}

}  // namespace pgaf
