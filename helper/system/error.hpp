#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pgaf {

// What `pgaf-upgrade` exits with. A number is never given to another meaning.
enum class ExitCode : int {
    Done = 0,         // done, or nothing is due
    Internal = 1,     // a fault of the program itself
    Usage = 2,        // an option that is wrong or missing
    CheckFailed = 3,  // a check found what would stop the upgrade
    StepFailed = 4,   // a step of this node failed
    TimedOut = 5,     // what was waited for did not come
    Refused = 6,      // the monitor or the state of this node forbids it
    NoMonitor = 7,    // the monitor cannot be reached
};

// An error as people read it: one line that says what is wrong, one that says what to do.
class HelperError : public std::runtime_error {
  public:
    HelperError(ExitCode code, const std::string &message, std::string hint = {})
        : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

    [[nodiscard]] ExitCode code() const noexcept { return code_; }
    [[nodiscard]] const std::string &hint() const noexcept { return hint_; }

  private:
    ExitCode code_;
    std::string hint_;
};

}  // namespace pgaf
