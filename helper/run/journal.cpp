#include "run/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <iterator>
#include <ranges>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <boost/crc.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <nlohmann/json.hpp>

#include "system/document.hpp"
#include "system/error.hpp"
#include "system/files.hpp"

namespace pgaf {

namespace {

std::string now() {
    const auto time = std::chrono::system_clock::now();
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count() % 1'000'000;
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}+00", fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                       microseconds);
}

[[noreturn]] void fail_to(std::string_view what, const std::filesystem::path &path) {
    const auto reason = std::generic_category().message(errno);
    throw HelperError(ExitCode::StepFailed, fmt::format("could not {} \"{}\": {}", what, path.string(), reason));
}

std::uint32_t checksum_of(std::string_view text) {
    boost::crc_32_type crc;
    crc.process_bytes(text.data(), text.size());
    return crc.checksum();
}

// Nothing when the line is not what append() writes.
std::optional<nlohmann::json> entry_of(std::string_view line) {
    constexpr std::size_t kDigits = 8;
    std::uint32_t checksum = 0;
    if (line.size() <= kDigits || line[kDigits] != ' ' ||
        std::from_chars(line.data(), line.data() + kDigits, checksum, 16).ptr != line.data() + kDigits) {
        return std::nullopt;
    }
    const auto text = line.substr(kDigits + 1);
    auto entry = nlohmann::json::parse(text, nullptr, false);
    return checksum == checksum_of(text) && entry.is_object() ? std::optional{std::move(entry)} : std::nullopt;
}

}  // namespace

Journal::Journal(std::filesystem::path path) : path_(std::move(path)) {
    if (std::filesystem::exists(path_)) {
        read();
    }
}

Journal::~Journal() = default;

void Journal::read() {
    const auto content = read_file(path_);
    std::size_t whole = 0;  // bytes of lines that are as they were written
    std::size_t number = 0;
    for (std::size_t at = 0; at < content.size();) {
        const auto end = content.find('\n', at);
        const bool is_ended = end != std::string::npos;
        const auto next = is_ended ? end + 1 : content.size();
        auto entry = entry_of(std::string_view(content).substr(at, (is_ended ? end : next) - at));
        ++number;
        if (!entry || !is_ended) {
            // A crash tears only what was being written: the last line. Whatever it said had not yet been relied on.
            if (next == content.size()) {
                break;
            }
            throw HelperError(
                ExitCode::Refused, fmt::format("line {} of the journal \"{}\" is damaged", number, path_.string()),
                "Nothing was changed. Do not edit or remove it: bring it back from a backup of this node, or have the "
                "file system looked at. pgaf_upgrade_progress() on the monitor tells which steps are done.");
        }
        entries_.push_back(std::move(*entry));
        at = next;
        whole = next;
    }
    if (whole < content.size() && ::truncate(path_.c_str(), static_cast<off_t>(whole)) != 0) {
        fail_to("cut the torn last line of", path_);
    }
}

void Journal::append(nlohmann::json entry) {
    entry["at"] = now();
    if (run_ != 0) {
        entry["run"] = run_;
    }
    const auto text = dumped(entry);
    const auto line = fmt::format("{:08x} {}\n", checksum_of(text), text);
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        fail_to("open", path_);
    }
    const auto size_before = ::lseek(fd, 0, SEEK_END);
    const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
    const int reason = errno;
    if (!written) {
        // half a line, where the disk was full, would look like damage once another follows it
        [[maybe_unused]] const auto cut = ::ftruncate(fd, size_before);
    }
    ::close(fd);
    if (!written) {
        errno = reason;
        fail_to("write", path_);
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

void Journal::begin_run(const std::string &document) {
    const std::lock_guard lock(mutex_);
    const auto plan = nlohmann::json::parse(document);
    run_ = plan.at("run");
    const auto last = std::ranges::find_if(entries_.rbegin(), entries_.rend(),
                                           [](const nlohmann::json &entry) { return entry.contains("plan"); });
    // a monitor that was made anew counts its runs from 1 again
    const bool is_same = last != entries_.rend() && last->at("plan").at("run") == plan.at("run") &&
                         last->at("plan").value("started_at", "") == plan.value("started_at", "") &&
                         last->at("plan").value("attempt", 1) == plan.value("attempt", 1);
    if (is_same) {
        first_ = static_cast<std::size_t>(std::distance(last, entries_.rend())) - 1;
    } else {
        append({{"plan", plan}});
        first_ = entries_.size() - 1;
    }
}

std::span<const nlohmann::json> Journal::of_run() const {
    return std::span(entries_).subspan(std::min(first_, entries_.size()));
}

std::optional<std::string> Journal::last_plan() const {
    const std::lock_guard lock(mutex_);
    for (const auto &entry : std::views::reverse(entries_)) {
        if (entry.contains("plan")) {
            return entry.at("plan").dump();
        }
    }
    return std::nullopt;
}

void Journal::begun(std::string_view step) {
    const std::lock_guard lock(mutex_);
    append({{"step", step}, {"state", "running"}});
}

void Journal::done(std::string_view step, const nlohmann::json &result) {
    const std::lock_guard lock(mutex_);
    append({{"step", step}, {"state", "done"}, {"result", result}});
}

void Journal::undoing(std::string_view step) {
    const std::lock_guard lock(mutex_);
    append({{"step", step}, {"state", "undoing"}});
}

void Journal::undone(std::string_view step) {
    const std::lock_guard lock(mutex_);
    append({{"step", step}, {"state", "undone"}});
}

void Journal::failed(std::string_view step, const std::string &error) {
    const std::lock_guard lock(mutex_);
    append({{"step", step}, {"state", "failed"}, {"error", as_utf8(error)}});
}

void Journal::note(const std::string &name, const std::string &about) {
    const std::lock_guard lock(mutex_);
    append({{"note", name}, {"about", as_utf8(about)}});
}

bool Journal::has_note(const std::string &name, const std::string &about) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(of_run(), [&](const nlohmann::json &entry) {
        return entry.value("note", "") == name && entry.value("about", "") == about;
    });
}

std::optional<std::string> Journal::noted(const std::string &name) const {
    const std::lock_guard lock(mutex_);
    std::optional<std::string> about;
    for (const auto &entry : of_run()) {
        if (entry.value("note", "") == name) {
            about = entry.at("about");
        }
    }
    return about;
}

// Of the current run, since the step was last undone.
std::vector<const nlohmann::json *> Journal::entries_of(std::string_view step) const {
    std::vector<const nlohmann::json *> found;
    for (const auto &entry : of_run()) {
        if (entry.value("step", "") != step) {
            continue;
        }
        if (entry.at("state") == "undone") {
            found.clear();
        } else {
            found.push_back(&entry);
        }
    }
    return found;
}

bool Journal::was_begun(std::string_view step) const {
    const std::lock_guard lock(mutex_);
    return !entries_of(step).empty();
}

bool Journal::is_done(std::string_view step) const {
    const std::lock_guard lock(mutex_);
    bool is_done = false;
    for (const auto *entry : entries_of(step)) {
        const auto &state = entry->at("state");
        is_done = state == "done" || (is_done && state != "undoing");
    }
    return is_done;
}

std::string Journal::time_of(std::string_view step) const {
    const std::lock_guard lock(mutex_);
    const auto entries = entries_of(step);
    return entries.empty() ? "" : entries.front()->at("at").get<std::string>();
}

nlohmann::json Journal::result(std::string_view step) const {
    const std::lock_guard lock(mutex_);
    auto result = nlohmann::json::object();
    for (const auto *entry : entries_of(step)) {
        if (entry->at("state") == "done") {
            result = entry->at("result");
        }
    }
    return result;
}

std::vector<std::string> Journal::undone_steps() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> steps;
    for (const auto &entry : of_run()) {
        const auto step = entry.value("step", "");
        if (step.empty()) {
            continue;
        }
        std::erase(steps, step);
        if (entry.at("state") == "undone") {
            steps.push_back(step);
        }
    }
    return steps;
}

std::vector<nlohmann::json> Journal::entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
}

nlohmann::json Journal::finished() const {
    const std::lock_guard lock(mutex_);
    auto finished = nlohmann::json::array();
    nlohmann::json started = nlohmann::json::object();
    for (const auto &entry : of_run()) {
        const auto step = entry.value("step", "");
        if (step.empty()) {
            continue;
        }
        if (entry["state"] == "running") {
            started[step] = entry["at"];
        } else if (entry["state"] == "undoing" || entry["state"] == "undone") {
            std::erase_if(*finished.get_ptr<nlohmann::json::array_t *>(),
                          [&](const nlohmann::json &done) { return done.at("step") == step; });
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
