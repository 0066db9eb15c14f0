#pragma once

#include <map>
#include <string>
#include <vector>

// Connection strings, as libpq reads them.
namespace pgaf {

// By keyword; what the string does not name is not there. Throws HelperError(Usage) with libpq's own reason.
[[nodiscard]] std::map<std::string, std::string> conninfo_parts(const std::string &conninfo);

// A connection string of such parts.
[[nodiscard]] std::string conninfo_of(const std::map<std::string, std::string> &parts);

// For a program: what is in its arguments everybody on the host can see.
struct ProgramConninfo {
    std::string text;                      // without a password
    std::vector<std::string> environment;  // which has it: "PGPASSWORD=…"; empty where there is none
};
[[nodiscard]] ProgramConninfo for_program(const std::string &conninfo);

}  // namespace pgaf
