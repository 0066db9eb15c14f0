#include "postgres/conninfo.hpp"

#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "postgres/connection.hpp"

namespace pgaf {

std::map<std::string, std::string> conninfo_parts(const std::string &conninfo) {
    char *message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(conninfo.c_str(), &message), &PQconninfoFree);
    if (!options) {
        std::string text = message == nullptr ? "not a connection string" : message;
        PQfreemem(message);
        text.erase(text.find_last_not_of("\n ") + 1);
        throw HelperError(ExitCode::Usage, text);
    }
    std::map<std::string, std::string> parts;
    for (const auto *option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) {
            parts[option->keyword] = option->val;
        }
    }
    return parts;
}

std::string conninfo_of(const std::map<std::string, std::string> &parts) {
    std::string text;
    for (const auto &[keyword, value] : parts) {
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", keyword, quote_conninfo(value));
    }
    return text;
}

ProgramConninfo for_program(const std::string &conninfo) {
    auto parts = conninfo_parts(conninfo);
    const auto password = parts.extract("password");
    if (password.empty()) {
        return {conninfo, {}};
    }
    return {conninfo_of(parts), {"PGPASSWORD=" + password.mapped()}};
}

}  // namespace pgaf
