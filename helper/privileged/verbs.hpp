#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "privileged/protocol.hpp"
#include "privileged/unit.hpp"
#include "system/unit_limits.hpp"

namespace pgaf::privileged {

// Standard input, output and error of the owner's shell, for Scope alone; else -1.
using Descriptors = std::array<int, 3>;

// The same, if it is one that there is, with numbers of its range. Throws HelperError(Internal).
[[nodiscard]] Request checked(const Request &request, const Descriptors &descriptors);

// Carries out requests that are checked; the unit is kept from one to the next. Returns its name, for
// CleanUp what clean_up() tells. Throws HelperError.
class Verbs {
  public:
    explicit Verbs(Settings settings) : settings_(std::move(settings)) {}
    std::string operator()(const Request &request, const Descriptors &descriptors);

    // Of the unit; none where there is no unit.
    const UnitLimits &limits();

  private:
    Settings settings_;
    std::optional<Unit> unit_;
    std::optional<UnitLimits> limits_;
};

// Becomes a shell of the owner's in a scope of its own, which reads what to do from standard input.
[[noreturn]] void exec_scope(const Owner &owner, const UnitLimits &limits);

// Has the worker's requests carried out, those that are checked, until it closes its end.
void serve(int socket, const std::function<std::string(const Request &, const Descriptors &)> &carry_out);

}  // namespace pgaf::privileged
