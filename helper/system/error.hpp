#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
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
    Warnings = 8,     // the upgrade is done, and nobody has acknowledged its warnings yet
};

// An error as people read it: one line that says what is wrong, one that says what to do.
// Both are UTF-8: what is not in a text of a server's or of a program's is replaced.
class HelperError : public std::runtime_error {
  public:
    HelperError(ExitCode code, const std::string &message, const std::string &hint = {});

    [[nodiscard]] ExitCode code() const noexcept { return code_; }
    [[nodiscard]] const std::string &hint() const noexcept { return hint_; }

  private:
    ExitCode code_;
    std::string hint_;
};

// What a library has thrown, and nobody has taken for anything: it says itself what was being done.
class UnexpectedError : public HelperError {
  public:
    using HelperError::HelperError;
};

// To be called where something is caught: as an error that people can read, "initdb: filesystem error: cannot rename:
// …" with `doing` "initdb", which may be empty. What is a HelperError already says enough, and is left as it is.
[[nodiscard]] HelperError from_current_exception(std::string_view doing);

// The edge of a piece of work: whatever it throws becomes a HelperError; what is one already keeps its kind.
template <typename Work>
decltype(auto) with_errors_told(std::string_view doing, const Work &work) {
    try {
        return work();
    } catch (const HelperError &) {
        throw;
    } catch (...) {
        const auto error = from_current_exception(doing);
        throw UnexpectedError(error.code(), error.what(), error.hint());
    }
}

// The edge of a thread, or of a destructor: what the work throws is written into the log, for people who look for more
// (`quietly`) or for all, and ends nothing else. Returns whether the work came to its end.
bool with_errors_logged(std::string_view doing, const std::function<void()> &work, bool quietly = false) noexcept;

}  // namespace pgaf
