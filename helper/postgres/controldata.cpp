#include "postgres/controldata.hpp"

#include <charconv>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "core/sysidentifier.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

std::uint64_t number(const std::map<std::string, std::string> &fields, const std::string &name) {
    const auto found = fields.find(name);
    const auto value = found == fields.end() ? std::nullopt : parse_sysidentifier(found->second);
    if (!value) {
        throw HelperError(ExitCode::StepFailed, fmt::format("pg_controldata printed no \"{}\"", name));
    }
    return *value;
}

// "1:742": the epoch and the number in it.
std::uint64_t full_transaction_id(const std::string &text) {
    const auto colon = text.find(':');
    const auto epoch = parse_sysidentifier(text.substr(0, colon));
    const auto number = colon == std::string::npos ? std::nullopt : parse_sysidentifier(text.substr(colon + 1));
    if (!epoch || !number) {
        throw HelperError(ExitCode::StepFailed, fmt::format("\"{}\" is not a transaction identifier", text));
    }
    return (*epoch << 32U) + *number;
}

}  // namespace

ControlData read_controldata(const std::filesystem::path &bindir, const std::filesystem::path &data_dir) {
    std::istringstream output(run_checked({.argv = {(bindir / "pg_controldata").string(), "-D", data_dir.string()}}));
    std::map<std::string, std::string> fields;
    for (std::string line; std::getline(output, line);) {
        if (const auto colon = line.find(':'); colon != std::string::npos) {
            const auto value = line.find_first_not_of(' ', colon + 1);
            fields[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
        }
    }
    return {.state = fields["Database cluster state"],
            .system_identifier = number(fields, "Database system identifier"),
            .control_version = static_cast<std::uint32_t>(number(fields, "pg_control version number")),
            .catalog_version = static_cast<std::uint32_t>(number(fields, "Catalog version number")),
            .checkpoint_location = fields["Latest checkpoint location"],
            .timeline = fields["Latest checkpoint's TimeLineID"],
            .next_transaction = full_transaction_id(fields["Latest checkpoint's NextXID"]),
            .wal_segment_size = number(fields, "Bytes per WAL segment"),
            .data_checksums = number(fields, "Data page checksum version") != 0};
}

int major_of(const std::filesystem::path &data_dir) {
    return std::atoi(text_of(data_dir / "PG_VERSION").c_str());
}

}  // namespace pgaf
