#pragma once

#include <exception>
#include <string>
#include <utility>

namespace pgaf {

// What can be refused, each with an SQLSTATE of its own in class PU. A code is never given to
// another meaning: helpers decide by it whether to wait, to attach again or to stop.
namespace code {
inline constexpr const char *kNoSuchRun = "PU001";
inline constexpr const char *kNotInStateFor = "PU002";     // the run or step is not in a state for that
inline constexpr const char *kLeaseHeld = "PU003";         // another helper works for this node
inline constexpr const char *kLeaseLost = "PU004";         // the token holds no lease: attach again
inline constexpr const char *kStepNotDue = "PU005";        // a requirement of the step is not met
inline constexpr const char *kVersionsDiffer = "PU006";    // library, SQL objects and helper must agree
inline constexpr const char *kSystemIdentifier = "PU007";  // not a system identifier, or not the one expected
inline constexpr const char *kRunExists = "PU008";         // an active run holds the group or the monitor
inline constexpr const char *kUnknownObject = "PU009";     // formation, group, node, step or check
inline constexpr const char *kClusterNotReady = "PU010";   // the nodes are not in states to upgrade from
inline constexpr const char *kNotAllowed = "PU011";
inline constexpr const char *kBadArgument = "PU012";
inline constexpr const char *kBadReport = "PU013";  // what a node's helper tells is not of its form

inline constexpr const char *kNotSupported = "0A000";
inline constexpr const char *kInternal = "XX000";
}  // namespace code

// A refusal: the message is lower case without a full stop, the hint is a sentence that says what to do.
class Error : public std::exception {
  public:
    Error(const char *sqlstate, std::string message, std::string hint = {}, std::string detail = {})
        : sqlstate_(sqlstate), message_(std::move(message)), hint_(std::move(hint)), detail_(std::move(detail)) {}

    [[nodiscard]] const char *what() const noexcept override { return message_.c_str(); }
    [[nodiscard]] const char *sqlstate() const noexcept { return sqlstate_; }
    [[nodiscard]] const std::string &hint() const noexcept { return hint_; }
    [[nodiscard]] const std::string &detail() const noexcept { return detail_; }

  private:
    const char *sqlstate_;
    std::string message_;
    std::string hint_;
    std::string detail_;
};

}  // namespace pgaf
