#include "core/reports.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "core/check_names.hpp"
#include "core/claims.hpp"
#include "core/hba_findings.hpp"
#include "core/json.hpp"
#include "core/steps.hpp"

namespace pgaf::claims {

namespace {

using json::Kind;
using json::Value;

constexpr std::size_t kDepth = 16;
constexpr std::size_t kSoftwareLimit = 64UL * 1024;
constexpr double kLongest = 1e9;                           // seconds, 31 years
constexpr std::int64_t kLargest = std::int64_t{1} << 53U;  // bytes; what every reader of JSON takes
constexpr std::size_t kSha256Digits = 64;
constexpr std::int64_t kLastLine = std::numeric_limits<std::int32_t>::max();

enum class Shape {
    Seconds,
    Bytes,  // or another count
    Name,
    Path,
    Paths,
    Steps,     // names of steps
    Parts,     // of a step's time: {"part", "seconds"}
    Changes,   // of lines: {"file", "line", "before", "after"}
    Warnings,  // {"object", "error", "remedy"}
    Text,
    Sha256,
};

// A member that something on the monitor, or a documented query, reads. `step` is empty for that of every step.
struct Member {
    std::string_view step;
    std::string_view path;  // through objects, by dots
    Shape shape;
};

constexpr std::array<Member, 25> kMembers{{
    {"", "seconds", Shape::Seconds},
    {"", "parts", Shape::Parts},
    {"", "warnings", Shape::Warnings},
    {steps::kDiscover, "old_server_version", Shape::Name},
    {steps::kDiscover, "old_pgautofailover", Shape::Name},
    {steps::kDiscover, "pgdata", Shape::Path},
    {steps::kDiscover, "data_directory", Shape::Path},
    {steps::kDiscover, "size.bytes", Shape::Bytes},
    {steps::kCheck, "estimate.seconds", Shape::Seconds},
    {steps::kRehearse, "estimate.seconds", Shape::Seconds},
    {steps::kConfigure, "files", Shape::Paths},
    {steps::kConfigure, "changes", Shape::Changes},
    {steps::kCheckpoint, "files", Shape::Paths},
    {steps::kStop, "files", Shape::Paths},
    {steps::kCarry, "files", Shape::Paths},
    {steps::kStart, "server_version", Shape::Name},
    {steps::kStart, "pgautofailover", Shape::Name},
    {steps::kStart, "seed_sha256", Shape::Sha256},
    {steps::kRebuild, "standby_method", Shape::Name},
    {steps::kRebuild, "no_links", Shape::Text},
    {steps::kVerify, "server_version", Shape::Name},
    {steps::kVerify, "pgautofailover", Shape::Name},
    {steps::kVerify, "reported_state", Shape::Name},
    {steps::kRollback, "undone", Shape::Steps},
    {steps::kRollback, "discarded", Shape::Text},
}};

// What a document or a part of it is called in an error.
using What = std::string;

[[noreturn]] void refuse_kind(const What &what, const char *expected) {
    refuse(what + " is not " + expected);
}

const std::string &text_of(const What &what, const Value &value) {
    if (value.kind != Kind::String) {
        refuse_kind(what, "a text");
    }
    return value.text;
}

void require_number(const What &what, const Value &value, double lowest, double highest) {
    if (value.kind != Kind::Number) {
        refuse_kind(what, "a number");
    }
    double number = 0;
    const auto *const end = value.text.data() + value.text.size();
    const bool fits = std::from_chars(value.text.data(), end, number).ec == std::errc{};
    if (!fits || number < lowest || number > highest) {
        refuse(what + " is out of range");
    }
}

void require_integer(const What &what, const Value &value, std::int64_t lowest, std::int64_t highest) {
    std::int64_t number = 0;
    const auto *const end = value.text.data() + value.text.size();
    const auto [rest, error] = std::from_chars(value.text.data(), end, number);
    if (value.kind != Kind::Number || rest != end) {
        refuse_kind(what, "a whole number");
    }
    if (error != std::errc{} || number < lowest || number > highest) {
        refuse(what + " is out of range");
    }
}

const std::vector<Value> &items_of(const What &what, const Value &value) {
    if (value.kind != Kind::Array) {
        refuse_kind(what, "a list");
    }
    return value.items;
}

const Value &member_of(const What &what, const Value &value, std::string_view name) {
    if (value.kind != Kind::Object) {
        refuse_kind(what, "an object");
    }
    const auto *const member = value.find(name);
    if (member == nullptr || member->kind == Kind::Null) {
        refuse(what + " has no " + std::string(name));
    }
    return *member;
}

bool is_step(std::string_view name) {
    return std::ranges::find(step_definitions(), name, &StepDefinition::name) != step_definitions().end();
}

void require_change(const What &what, const Value &change) {
    require_path(what + ".file", text_of(what + ".file", member_of(what, change, "file")));
    require_integer(what + ".line", member_of(what, change, "line"), 0, kLastLine);
    for (const std::string name : {"before", "after"}) {
        require_at_most(what + "." + name, text_of(what + "." + name, member_of(what, change, name)).size(),
                        kTextLimit);
    }
}

void require_shape(const What &what, const Value &value, Shape shape) {
    switch (shape) {
        case Shape::Seconds:
            require_number(what, value, 0, kLongest);
            break;
        case Shape::Bytes:
            require_integer(what, value, 0, kLargest);
            break;
        case Shape::Name:
            require_name(what, text_of(what, value));
            break;
        case Shape::Path:
            require_path(what, text_of(what, value));
            break;
        case Shape::Paths:
            for (const auto &item : items_of(what, value)) {
                require_path(what, text_of(what, item));
            }
            break;
        case Shape::Steps:
            for (const auto &item : items_of(what, value)) {
                if (!is_step(text_of(what, item))) {
                    refuse(what + " has what is not a step");
                }
            }
            break;
        case Shape::Parts:
            for (const auto &item : items_of(what, value)) {
                require_name(what + ".part", text_of(what + ".part", member_of(what, item, "part")));
                require_number(what + ".seconds", member_of(what, item, "seconds"), 0, kLongest);
            }
            break;
        case Shape::Changes:
            for (const auto &item : items_of(what, value)) {
                require_change(what, item);
            }
            break;
        case Shape::Warnings:
            for (const auto &item : items_of(what, value)) {
                for (const std::string name : {"object", "error", "remedy"}) {
                    require_path(what + "." + name, text_of(what + "." + name, member_of(what, item, name)));
                }
            }
            break;
        case Shape::Text:
            require_at_most(what, text_of(what, value).size(), kTextLimit);
            break;
        case Shape::Sha256:
            if (const auto &text = text_of(what, value);
                text.size() != kSha256Digits || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
                refuse_kind(what, "a SHA-256 in hexadecimal digits");
            }
            break;
    }
}

// The member at the end of a path; null where it is not there. What stands in the middle of the path must be objects.
const Value *find_member(const What &what, const Value &document, std::string_view path) {
    const auto *value = &document;
    while (true) {
        const auto dot = path.find('.');
        value = value->find(path.substr(0, dot));
        if (value == nullptr || value->kind == Kind::Null || dot == std::string_view::npos) {
            return value == nullptr || value->kind == Kind::Null ? nullptr : value;
        }
        if (value->kind != Kind::Object) {
            refuse_kind(what + ": " + std::string(path.substr(0, dot)), "an object");
        }
        path = path.substr(dot + 1);
    }
}

void require_members(const What &what, std::string_view step, const Value &document) {
    if (document.kind != Kind::Object) {
        refuse_kind(what, "an object");
    }
    for (const auto &member : kMembers) {
        if (!member.step.empty() && member.step != step) {
            continue;
        }
        if (const auto *const value = find_member(what, document, member.path)) {
            require_shape(what + ": " + std::string(member.path), *value, member.shape);
        }
    }
}

Value parse(const What &what, std::string_view json, std::size_t limit) {
    require_at_most(what, json.size(), limit);
    auto document = json::parse(json, kDepth);
    if (!document) {
        refuse(what + " is nested too deeply, or is no JSON");
    }
    return std::move(*document);
}

// About as many bytes as it has as JSON.
std::size_t bytes_of(const Value &value) {
    std::size_t bytes = value.text.size() + 2;
    for (const auto &item : value.items) {
        bytes += bytes_of(item);
    }
    for (const auto &[name, member] : value.members) {
        bytes += name.size() + 4 + bytes_of(member);
    }
    return bytes;
}

What result_of(std::string_view step) {
    return "the result of " + std::string(step);
}

void require_journal_entry(const Value &entry) {
    const What what = "an entry of the journal";
    const auto text = [&](const char *name) -> const std::string & {
        return text_of(what + ": " + name, member_of(what, entry, name));
    };
    const auto &step = text("step");
    require_name(what + ": step", step);
    if (const auto state = parse_step_state(text("state")); state != StepState::Done && state != StepState::Failed) {
        refuse(what + " is not of a step that is done or failed");
    }
    require_time(what + ": finished_at", text("finished_at"));
    if (const auto *const started = entry.find("started_at"); started != nullptr && started->kind != Kind::Null) {
        require_time(what + ": started_at", text("started_at"));
    }
    for (const auto *const name : {"error", "hint"}) {
        if (const auto *const value = entry.find(name); value != nullptr && value->kind != Kind::Null) {
            require_at_most(what + ": " + name, text(name).size(), kTextLimit);
        }
    }
    if (const auto *const result = entry.find("result"); result != nullptr && result->kind != Kind::Null) {
        require_at_most(result_of(step), bytes_of(*result), kResultLimit);
        require_members(result_of(step), step, *result);
    }
}

// An authentication method of pg_hba.conf, or the type of a line: a word.
bool is_word(std::string_view text) {
    constexpr std::size_t kLongestWord = 32;
    return !text.empty() && text.size() <= kLongestWord &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

void require_connection(const Value &connection) {
    const What what = "an entry of connections";
    const auto needed = [&](const char *name) -> const Value & { return member_of(what, connection, name); };
    const auto optional = [&](const char *name) -> const Value * {
        const auto *const value = connection.find(name);
        return value == nullptr || value->kind == Kind::Null ? nullptr : value;
    };
    if (!hba::parse_purpose(text_of(what, needed("connection")))) {
        refuse(what + " is not for a connection that a cluster needs");
    }
    if (!hba::parse_verdict(text_of(what, needed("verdict")))) {
        refuse(what + " has a verdict that is none");
    }
    require_integer(what + ": client_nodeid", needed("client_nodeid"), 0, std::numeric_limits<std::int64_t>::max());
    if (needed("encrypted").kind != Kind::Boolean) {
        refuse(what + " does not say whether it is encrypted");
    }
    for (const auto *const name : {"client", "user_name", "host", "database"}) {
        require_name(what + ": " + name, text_of(what + ": " + name, needed(name)));
    }
    if (const auto *const line = optional("line_number")) {
        require_integer(what + ": line_number", *line, 1, kLastLine);
    }
    if (const auto *const address = optional("address");
        address != nullptr && !hba::Address::parse(text_of(what + ": address", *address))) {
        refuse(what + ": address is not one");
    }
    if (const auto *const file = optional("file_name")) {
        require_path(what + ": file_name", text_of(what + ": file_name", *file));
    }
    for (const auto *const name : {"line_type", "method"}) {
        if (const auto *const word = optional(name); word != nullptr && !is_word(text_of(what + ": " + name, *word))) {
            refuse(what + ": " + name + " is not a word");
        }
    }
    for (const auto *const name : {"options", "was"}) {
        if (const auto *const text = optional(name)) {
            require_path(what + ": " + name, text_of(what + ": " + name, *text));
        }
    }
}

}  // namespace

void require_result(std::string_view step, std::string_view json) {
    require_members(result_of(step), step, parse(result_of(step), json, kResultLimit));
}

void require_rollback_result(std::string_view json) {
    require_result(steps::kRollback, json);
}

void require_cleanup_result(std::string_view json) {
    const What what = "the result of the cleanup";
    const auto document = parse(what, json, kResultLimit);
    require_name(what + ": by", text_of(what + ": by", member_of(what, document, "by")));
    require_integer(what + ": freed_bytes", member_of(what, document, "freed_bytes"), 0, kLargest);
    const What list = what + ": removed";
    for (const auto &item : items_of(list, member_of(what, document, "removed"))) {
        require_path(what + ": path", text_of(what + ": path", member_of(what, item, "path")));
        require_integer(what + ": freed_bytes", member_of(what, item, "freed_bytes"), 0, kLargest);
    }
}

void require_software(std::string_view json) {
    const What what = "software";
    const auto document = parse(what, json, kSoftwareLimit);
    if (document.kind != Kind::Object) {
        refuse(what + " is not an object of texts",
               "Give each program's version by its name: {\"PostgreSQL 17\": \"17.6\"}.");
    }
    for (const auto &[name, version] : document.members) {
        require_name(what + ": a program's name", name);
        require_name(what + ": a version", text_of(what + ": a version", version));
    }
}

void require_journal(std::string_view json) {
    const What what = "the journal";
    const auto document = parse(what, json, kJournalLimit);
    for (const auto &entry : items_of(what, document)) {
        require_journal_entry(entry);
    }
}

void require_hba(std::string_view json) {
    const What what = "connections";
    const auto document = parse(what, json, kHbaLimit);
    for (const auto &connection : items_of(what, document)) {
        require_connection(connection);
    }
}

void require_check(std::string_view name, std::string_view severity, bool data_loss) {
    if (!is_known_check(name)) {
        require_name("check_name", name);
        refuse("there is no check \"" + std::string(name) + "\"");
    }
    constexpr std::array<std::string_view, 3> kSeverities{"error", "warning", "note"};
    if (std::ranges::find(kSeverities, severity) == kSeverities.end()) {
        require_name("severity", severity);
        refuse("\"" + std::string(severity) + "\" is not a severity", "Use error, warning or note.");
    }
    if (data_loss && severity != "error") {
        refuse("a check that means data loss cannot be of severity " + std::string(severity),
               "Use the severity error.");
    }
}

}  // namespace pgaf::claims
