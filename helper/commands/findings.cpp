#include "commands/findings.hpp"

#include <unistd.h>

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "system/document.hpp"
#include "system/secrets.hpp"

namespace pgaf {

namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kIndent = 9;
constexpr std::size_t kFindingsShown = 10;  // of the findings of one check

}  // namespace

std::string shown_here(const std::string &text) {
    static const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
    return is_terminal ? text : without_secrets(text);
}

void print_wrapped(const std::string &label, const std::string &text) {
    auto line = fmt::format("{:<{}}", label, kIndent);
    bool has_word = false;
    std::istringstream words(as_utf8(text));
    for (std::string word; words >> word;) {
        if (has_word && line.size() + 1 + word.size() > kWidth) {
            fmt::print("{}\n", line);
            line = std::string(kIndent, ' ');
            has_word = false;
        }
        line += (has_word ? " " : "") + word;
        has_word = true;
    }
    fmt::print("{}\n", line);
}

void print_findings(const CheckResult &result) {
    const auto &check = *result.check;
    print_wrapped(to_string(result.severity()), fmt::format("{}: {}", check.name, check.meaning));
    for (std::size_t at = 0; at < std::min(result.findings.size(), kFindingsShown); ++at) {
        print_wrapped("   found", shown_here(result.findings[at].found));
        if (!result.findings[at].remedy.empty()) {
            print_wrapped("   to do", result.findings[at].remedy);
        }
    }
    if (result.findings.size() > kFindingsShown) {
        print_wrapped("", fmt::format("and {} more", result.findings.size() - kFindingsShown));
    }
    if (std::ranges::any_of(result.findings, [](const Finding &finding) { return finding.remedy.empty(); })) {
        print_wrapped("   to do", check.remedy);
    }
    fmt::print("\n");
}

}  // namespace pgaf
