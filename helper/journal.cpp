#include "journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "error.hpp"
#include "files.hpp"

namespace pgaf {

namespace {

std::string now() {
    const auto time = std::chrono::system_clock::now();
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count() % 1'000'000;
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}+00", fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                       microseconds);
}

}  // namespace

Journal::Journal(std::filesystem::path path, Owner owner) : path_(std::move(path)), owner_(std::move(owner)) {
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
        auto entry = nlohmann::json::parse(line, nullptr, false);
        if (entry.is_object()) {
            entries_.push_back(std::move(entry));
        }
    }
}

void Journal::append(nlohmann::json entry) {
    entry["at"] = now();
    if (run_ != 0) {
        entry["run"] = run_;
    }
    // The line break goes first: after a torn line, too, the new one stands by itself.
    const auto line = "\n" + entry.dump() + "\n";
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                         ::fchown(fd, owner_.uid, owner_.gid) == 0 && ::fsync(fd) == 0;
    const auto reason = std::generic_category().message(errno);
    if (fd >= 0) {
        ::close(fd);
    }
    if (!written) {
        throw HelperError(ExitCode::StepFailed, fmt::format("could not write \"{}\": {}", path_.string(), reason));
    }
    entries_.push_back(std::move(entry));
}

std::string Journal::token() {
    const std::lock_guard lock(mutex_);
    for (const auto &entry : entries_) {
        if (entry.contains("token")) {
            return entry["token"];
        }
    }
    auto token = boost::uuids::to_string(boost::uuids::random_generator()());
    append({{"token", token}});
    flush_directory(path_.parent_path());
    return token;
}

void Journal::begin_run(const nlohmann::json &plan) {
    const std::lock_guard lock(mutex_);
    const bool is_new = run_ != plan.at("run").get<std::int64_t>();
    run_ = plan.at("run");
    if (is_new) {
        append({{"plan", plan}});
    }
}

std::optional<nlohmann::json> Journal::last_plan() const {
    const std::lock_guard lock(mutex_);
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
        if (entry->contains("plan")) {
            return entry->at("plan");
        }
    }
    return std::nullopt;
}

void Journal::begun(const std::string &step) {
    const std::lock_guard lock(mutex_);
    append({{"step", step}, {"state", "running"}});
}

void Journal::done(const std::string &step, const nlohmann::json &result) {
    const std::lock_guard lock(mutex_);
    append({{"step", step}, {"state", "done"}, {"result", result}});
}

void Journal::failed(const std::string &step, const std::string &error) {
    const std::lock_guard lock(mutex_);
    append({{"step", step}, {"state", "failed"}, {"error", error}});
}

bool Journal::is_done(const std::string &step) const {
    const std::lock_guard lock(mutex_);
    for (const auto &entry : entries_) {
        if (entry.value("run", std::int64_t{0}) == run_ && entry.value("step", "") == step &&
            entry.value("state", "") == "done") {
            return true;
        }
    }
    return false;
}

nlohmann::json Journal::result(const std::string &step) const {
    const std::lock_guard lock(mutex_);
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
        if (entry->value("run", std::int64_t{0}) == run_ && entry->value("step", "") == step &&
            entry->value("state", "") == "done") {
            return entry->at("result");
        }
    }
    return nlohmann::json::object();
}

nlohmann::json Journal::finished() const {
    const std::lock_guard lock(mutex_);
    auto finished = nlohmann::json::array();
    nlohmann::json started = nlohmann::json::object();
    for (const auto &entry : entries_) {
        const auto step = entry.value("step", "");
        if (step.empty() || entry.value("run", std::int64_t{0}) != run_) {
            continue;
        }
        if (entry["state"] == "running") {
            started[step] = entry["at"];
        } else if (entry["state"] == "done") {
            finished.push_back({{"step", step},
                                {"state", "done"},
                                {"started_at", started.value(step, entry["at"].get<std::string>())},
                                {"finished_at", entry["at"]},
                                {"result", entry["result"]}});
        }
    }
    return finished;
}

}  // namespace pgaf
