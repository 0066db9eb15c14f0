#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "run/context.hpp"

namespace pgaf {

// The operator's bound on refused writes, --refused-limit: it counts from the beginning of a primary's step `stop`, by
// an earlier helper too, until pg_upgrade begins.
class RefusedLimit {
  public:
    explicit RefusedLimit(const Context &context);

    // Nothing where there is no bound; less than 0 when it is over.
    [[nodiscard]] std::optional<std::chrono::seconds> left() const;

    // The usual limit of a wait; what is left, and at least 1 s, where that is less.
    [[nodiscard]] std::chrono::seconds at_most(std::chrono::seconds usual) const;

    // Throws HelperError(TimedOut) when it is over, with what kept pg_upgrade from beginning.
    void require(const std::string &cause) const;

  private:
    std::chrono::seconds limit_{0};
    std::optional<std::chrono::system_clock::time_point> begun_;
};

}  // namespace pgaf
