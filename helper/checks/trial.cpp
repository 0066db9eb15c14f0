#include "checks/trial.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cluster/initdb_parameters.hpp"
#include "cluster/program_arguments.hpp"
#include "configuration/carry.hpp"
#include "configuration/configuration.hpp"
#include "configuration/configured_files.hpp"
#include "run/data_size.hpp"
#include "system/files.hpp"
#include "system/gently.hpp"

namespace fs = std::filesystem;

namespace pgaf {

Trial::Trial(Subject &subject)
    : subject_(subject),
      cluster_(subject.node, subject.installation,
               initdb_parameters(subject.server(), subject.control(), subject.target),
               bootstrap_superuser(subject.server())) {
    fs::copy_file(cluster_.data_dir() / "postgresql.conf", cluster_.folder() / "initdb.conf");
    auto files = configured_files(file_parameters(subject.server()), subject.node.pgdata, subject.node.data_dir).inside;
    std::erase_if(files, is_access_rule);
    const auto &node = subject.node;
    const auto &new_bindir = subject.installation.new_bindir;
    const auto changes = changes_for(new_bindir, node.data_dir, subject.target, node.options.archive);
    changes_ = changed_lines(node.data_dir, changes);
    carry(files, node.data_dir, cluster_.data_dir(), "", changes);
    refused_ = configuration_errors(new_bindir, cluster_.data_dir());
    start_error_ = cluster_.start(as_options(trial_settings(cluster_.data_dir()))).value_or("");
    if (!start_error_.empty()) {
        // Whatever is wrong with the configuration, the rest can be looked at without it.
        write_file(cluster_.data_dir() / "postgresql.conf", read_file(cluster_.folder() / "initdb.conf"));
        write_file(cluster_.data_dir() / "postgresql.auto.conf", "");
    }
}

Connection Trial::connect(const std::string &dbname) {
    if (!cluster_.is_running()) {
        std::optional<std::string> error;
        gently([&] { error = cluster_.start(as_options(trial_settings(cluster_.data_dir()))); });
        if (error) {
            throw NotExamined(fmt::format("the new server does not start: {}", *error));
        }
    }
    return cluster_.connect(dbname);
}

std::string Trial::configured(const std::string &parameter) const {
    auto arguments = std::vector<std::string>{
        "-D", cluster_.data_dir().string(), "-c", "data_directory=" + cluster_.data_dir().string(), "-C", parameter};
    return last_lines(cluster_.run_program("postgres", std::move(arguments), std::chrono::seconds(60)).output, 1);
}

TrialCluster &Trial::stopped() {
    cluster_.stop();
    return cluster_;
}

const PrivateFiles &Trial::private_files() {
    if (!private_files_) {
        const PrivateFiles files(cluster_.folder());
        files.write(private_needs(subject_.node), subject_.installation.source, subject_.target);
        private_files_ = files;
    }
    return *private_files_;
}

const Rehearsed &Trial::rehearsed() {
    if (!rehearsed_ && not_rehearsed_.empty()) {
        try {
            const auto size = data_size(measure_data(subject_.node));
            const auto limit = pg_upgrade_limit(size, false).count() * subject_.node.options.limit_factor;
            const RehearsalCall call{.method = subject_.method,
                                     .limit = std::chrono::seconds(static_cast<std::int64_t>(limit)),
                                     .say = subject_.say};
            const auto &files = private_files();
            gently([&] {
                rehearsed_ = rehearse_pg_upgrade(subject_.node, subject_.installation, stopped(), files, call);
            });
        } catch (const HelperError &error) {
            not_rehearsed_ = error.what();
        }
    }
    if (!rehearsed_) {
        throw NotExamined(not_rehearsed_);
    }
    return *rehearsed_;
}

const Rehearsed *Trial::whole_rehearsal() const {
    return rehearsed_ && rehearsed_->refusal.empty() ? &*rehearsed_ : nullptr;
}

const Trial::Refusal &Trial::dry_run() {
    if (dry_run_) {
        return *dry_run_;
    }
    cluster_.stop();
    const auto &files = private_files();
    auto argv = pg_upgrade_arguments(subject_.installation,
                                     {.mode = UpgradeMode::Check,
                                      .old_dir = subject_.node.data_dir,
                                      .new_dir = cluster_.data_dir(),
                                      .superuser = cluster_.superuser(),
                                      .socket_directory = cluster_.socket_directory(),
                                      .method = subject_.method,
                                      .old_options = files.options(Side::Old, subject_.node.data_dir),
                                      .new_options = files.options(Side::New, cluster_.data_dir()),
                                      .jobs = jobs_for(std::thread::hardware_concurrency(), files.max_connections())});
    argv.erase(argv.begin());
    const auto outcome = cluster_.run_program("pg_upgrade", std::move(argv), std::chrono::minutes(15),
                                              {"PGOPTIONS=" + private_session_options(subject_.installation.source)});
    dry_run_.emplace();
    if (outcome.exit_code == 0) {
        return *dry_run_;
    }
    dry_run_->message = last_lines(outcome.output, 8);
    std::error_code ignored;
    for (fs::recursive_directory_iterator it(cluster_.data_dir() / "pg_upgrade_output.d", ignored), end;
         !ignored && it != end; it.increment(ignored)) {
        if (it->path().extension() == ".txt") {
            dry_run_->reports.emplace_back(it->path().stem().string(), read_file(it->path()));
        }
    }
    return *dry_run_;
}

}  // namespace pgaf
