#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

// Connection strings, as libpq reads them.
namespace pgaf {

// By keyword; what the string does not name is not there. Throws HelperError(Usage) with libpq's own reason.
[[nodiscard]] std::map<std::string, std::string> conninfo_parts(const std::string &conninfo);

// A connection string of such parts.
[[nodiscard]] std::string conninfo_of(const std::map<std::string, std::string> &parts);

// The files that the string names for libpq to read, by keyword: certificates, keys, passwords. None where it is no
// connection string.
[[nodiscard]] std::map<std::string, std::filesystem::path> files_in(const std::string &conninfo);

// The string with other files in the place of those below one of the roots: `place` is given what the name is there,
// and says where the file is; an empty path leaves it.
[[nodiscard]] std::string with_files_in(
    const std::string &conninfo, const std::vector<std::filesystem::path> &roots,
    const std::function<std::filesystem::path(const std::filesystem::path &name)> &place);

// For a program: what is in its arguments everybody on the host can see.
struct ProgramConninfo {
    std::string text;                      // without a password
    std::vector<std::string> environment;  // which has it: "PGPASSWORD=…"; empty where there is none
};
[[nodiscard]] ProgramConninfo for_program(const std::string &conninfo);

}  // namespace pgaf
