#include "run/refused_limit.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "run/notes.hpp"

namespace pgaf {

namespace {

// As the journal writes it, in UTC.
std::chrono::system_clock::time_point time_in_journal(const std::string &text) {
    std::tm parts{};
    if (::strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &parts) == nullptr) {
        throw HelperError(ExitCode::Internal, fmt::format("the journal has \"{}\" as a time", text));
    }
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace

RefusedLimit::RefusedLimit(const Context &context) {
    const auto &limit = context.node.options.refused_limit_s;
    const auto &journal = context.journal;
    if (limit && context.role() == Role::Primary && journal.was_begun(steps::kStop) &&
        !journal.noted(notes::kPgUpgradeBegun)) {
        limit_ = std::chrono::seconds(*limit);
        begun_ = time_in_journal(journal.time_of(steps::kStop));
    }
}

std::optional<std::chrono::seconds> RefusedLimit::left() const {
    if (!begun_) {
        return std::nullopt;
    }
    return limit_ - std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() - *begun_);
}

std::chrono::seconds RefusedLimit::at_most(std::chrono::seconds usual) const {
    return std::min(usual, std::max(left().value_or(usual), std::chrono::seconds(1)));
}

void RefusedLimit::require(const std::string &cause) const {
    if (const auto rest = left(); rest && *rest <= std::chrono::seconds(0)) {
        throw HelperError(ExitCode::TimedOut,
                          fmt::format("writes were refused for {} s, which is --refused-limit, and pg_upgrade had not "
                                      "begun: {}",
                                      limit_.count(), cause),
                          "End what the stop waited for, or raise --refused-limit.");
    }
}

}  // namespace pgaf
