// pgaf-upgrade-service VERB [NUMBER [NUMBER]]: for a helper that runs as PGDATA's owner, by sudo, which has one line
// for this program. It has no options: the unit is the only one of who calls it, or the one that /etc/pgaf-upgrade.conf
// names.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "privileged/verbs.hpp"
#include "system/error.hpp"
#include "system/words.hpp"

namespace {

pgaf::privileged::Settings settings_of_host(uid_t caller) {
    pgaf::privileged::Settings settings{
        .owner = pgaf::owner_of_uid(caller), .service = {}, .pgdata = {}, .new_bindir = {}};
    std::vector<std::string> users{"postgres"};
    constexpr const char *kFile = "/etc/pgaf-upgrade.conf";
    if (::access(kFile, F_OK) == 0) {
        for (const auto &item : CLI::ConfigTOML().from_file(kFile)) {
            const auto value = item.inputs.empty() ? std::string() : item.inputs.front();
            if (item.name == "users") {
                users = pgaf::words_of(item.inputs);
            } else if (item.name == "service") {
                settings.service = value;
            } else if (item.name == "pgdata") {
                settings.pgdata = value;
            } else if (item.name == "new-bindir") {
                settings.new_bindir = value;
            }
        }
    }
    pgaf::require_one_of(users, settings.owner);
    return settings;
}

std::int32_t number_of(std::string_view text) {
    std::int32_t number = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    return error == std::errc() && end == text.end() ? number : -1;  // which is in no verb's range
}

int run(int argc, char **argv) {
    using namespace pgaf::privileged;
    const char *caller = std::getenv("SUDO_UID");
    const auto *name = std::find(kVerbNames.begin(), kVerbNames.end(), std::string_view(argc > 1 ? argv[1] : ""));
    if (::geteuid() != 0 || caller == nullptr || name == kVerbNames.end() || argc > 4) {
        throw pgaf::HelperError(pgaf::ExitCode::Usage,
                                "pgaf-upgrade calls this program, by sudo, as the owner of PGDATA");
    }
    const auto settings = settings_of_host(static_cast<uid_t>(std::strtoul(caller, nullptr, 10)));
    ::clearenv();
    const auto number = [&](int at) { return argc > at ? number_of(argv[at]) : 0; };
    const Request request = checked({static_cast<Verb>(name - kVerbNames.begin()), number(2), number(3)}, {0, 1, 2});
    if (request.verb == Verb::Scope) {
        exec_scope(settings.owner, Verbs(settings).limits());
    }
    std::puts(Verbs(settings)(request, {}).c_str());
    return 0;
}

}  // namespace

int main(int argc, char **argv) {
    try {
        return run(argc, argv);
    } catch (...) {
        const auto error = pgaf::from_current_exception("");
        std::fprintf(stderr, "%s\n%s\n", error.what(), error.hint().c_str());
        return static_cast<int>(error.code());
    }
}
