#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checks/check.hpp"
#include "configuration/cluster_entries.hpp"
#include "configuration/configured_files.hpp"
#include "configuration/named_paths.hpp"
#include "system/files.hpp"
#include "system/shell.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::size_t kEnough = 50;

// Everything in the data directory that is neither the cluster's own nor carried.
class Leftovers {
  public:
    explicit Leftovers(Subject &subject)
        : subject_(subject),
          node_(subject.node),
          old_dir_(node_.beside(fmt::format("_pg{}", subject.installation.source))) {
        const auto carried =
            configured_files(file_parameters(node_, subject.server()), node_.pgdata, node_.data_dir).inside;
        carried_.insert(carried.begin(), carried.end());
        const auto logs = paths_named_in(subject.setting("log_directory"), {node_.pgdata, node_.data_dir}, true);
        logs_.insert(logs.begin(), logs.end());
        const auto attributes = attributes_of(node_.data_dir);
        hands_down_lists_ = std::ranges::find(attributes, "system.posix_acl_default") != attributes.end();
    }

    Findings find() {
        for (const auto &[setting, name] : paths_named_by_settings(node_, subject_.server())) {
            if (is_in_cluster(name) && name.has_parent_path()) {
                add(fmt::format("{} names \"{}\", which the new cluster has not", setting, name.string()),
                    fmt::format("Move it out of \"{}\", and change {}.", name.begin()->string(), setting));
            }
        }
        look_into("");
        for (const auto &name : names_) {
            const auto kept = (old_dir_ / name).string();
            add(fmt::format("\"{}\" stays in \"{}\"", name.string(), old_dir_.string()),
                fmt::format("Move it out of PGDATA; or after the upgrade: {}.",
                            shell_line({"cp", "-a", kept, (node_.pgdata / name).parent_path().string() + "/"})));
        }
        return std::move(findings_);
    }

  private:
    void look_into(const fs::path &directory) {
        std::error_code gone;  // the server makes and deletes files all the while
        for (fs::directory_iterator it(node_.data_dir / directory, gone), end; !gone && it != end; it.increment(gone)) {
            const auto name = directory / it->path().filename();
            const auto text = name.string();
            std::error_code none;
            const bool is_directory = it->is_directory(none) && !it->is_symlink(none);
            if (is_cluster_directory(text)) {
                look_at_own(*it);
            } else if (is_cluster_file(text) || name.filename().string().starts_with(".s.PGSQL.") ||
                       logs_.contains(name)) {
                continue;
            } else if (is_directory && (carried_.contains(name) || has_carried(name))) {
                look_into(name);
            } else if (!carried_.contains(name)) {
                names_.insert(name);
            }
        }
    }

    void look_at_own(const fs::directory_entry &entry) {
        const auto name = entry.path().filename().string();
        std::error_code none;
        if (entry.is_symlink(none)) {
            if (name != "pg_wal" && name != "base") {  // others look at those
                add(fmt::format("\"{}\" is a link to \"{}\", and a directory in the new cluster", name,
                                fs::read_symlink(entry.path(), none).string()),
                    "After the upgrade stop the service, move the directory there, and make the link again.");
            }
        } else if (const auto attributes = attributes_of(entry.path()); !attributes.empty() && !hands_down_lists_) {
            add(fmt::format("\"{}\" has {}", name, fmt::join(attributes, ", ")),
                fmt::format("After the upgrade, where you need it: getfacl or getfattr of \"{}\" says what it was.",
                            (old_dir_ / name).string()));
        }
    }

    [[nodiscard]] bool has_carried(const fs::path &directory) const {
        const auto next = carried_.upper_bound(directory);
        return next != carried_.end() && *next->lexically_relative(directory).begin() != "..";
    }

    void add(std::string found, std::string remedy) {
        if (findings_.size() < kEnough) {
            findings_.push_back({std::move(found), std::move(remedy)});
        } else if (findings_.size() == kEnough) {
            findings_.push_back({"more of them", fmt::format("Compare \"{}\" after the upgrade.", old_dir_.string())});
        }
    }

    Subject &subject_;
    const Node &node_;
    fs::path old_dir_;
    std::set<fs::path> carried_;
    std::set<fs::path> logs_;
    std::set<fs::path> names_;
    bool hands_down_lists_ = false;
    Findings findings_;
};

Findings left_behind(Subject &subject) {
    return Leftovers(subject).find();
}

}  // namespace

std::vector<Check> leftover_checks() {
    return {{"left_behind", Severity::Warning, Where::EveryNode,
             "it is neither PostgreSQL's own nor named by the configuration: the new PGDATA has no copy of it",
             "Move it out of PGDATA, or copy it after the upgrade.", left_behind}};
}

}  // namespace pgaf
