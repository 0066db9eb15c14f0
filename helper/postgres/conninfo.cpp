#include "postgres/conninfo.hpp"

#include <array>
#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "postgres/connection.hpp"

namespace fs = std::filesystem;

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

std::map<std::string, fs::path> files_in(const std::string &conninfo) {
    constexpr std::array kFiles{"passfile", "sslcert", "sslcrl", "sslcrldir", "sslkey", "sslrootcert"};
    std::map<std::string, std::string> parts;
    try {
        parts = conninfo_parts(conninfo);
    } catch (const HelperError &) {
        return {};
    }
    std::map<std::string, fs::path> files;
    for (const auto *keyword : kFiles) {
        // "system" stands for the system's own authorities
        if (const auto part = parts.find(keyword); part != parts.end() && part->second.starts_with('/')) {
            files.emplace(keyword, part->second);
        }
    }
    return files;
}

std::string with_files_in(const std::string &conninfo, const std::vector<fs::path> &roots,
                          const std::function<fs::path(const fs::path &name)> &place) {
    std::map<std::string, std::string> found;
    for (const auto &[keyword, file] : files_in(conninfo)) {
        for (const auto &root : roots) {
            const auto name = file.lexically_normal().lexically_relative(root);
            const auto there = name.empty() || *name.begin() == ".." ? fs::path() : place(name);
            if (!there.empty()) {
                found[keyword] = there.string();
            }
        }
    }
    if (found.empty()) {
        return conninfo;
    }
    found.merge(conninfo_parts(conninfo));
    return conninfo_of(found);
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
