#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pgaf {

// A child process: no shell, a time limit, its output in a file or in memory.
struct Command {
    std::vector<std::string> argv;                    // argv[0] is a path or is looked up in PATH
    std::vector<std::string> environment = {};        // "NAME=VALUE", beside what every child has
    std::vector<std::string> whole_environment = {};  // in the place of what every child has; empty: that
    std::chrono::seconds time_limit{60};
    std::filesystem::path directory = "/";
    bool outlives_helper = false;    // a server that is to stay: not one of leftovers.hpp
    bool ends_when_asked = false;    // ctrl-C and SIGTERM, once they are held, end it
    std::filesystem::path log = {};  // appended to; empty: output is kept in memory only
    std::function<void(const std::string &last_line)> on_progress = {};  // about once a second
    std::function<std::string()> diagnose = {};  // asked now and then why it takes so long; empty: for no reason
};

struct Outcome {
    int exit_code = 0;
    std::string output;  // standard output and error, as they came
};

// Runs it to its end. Throws HelperError: TimedOut when the limit is reached (the child and its
// process group are ended), StepFailed when it cannot be started, or was ended because the operator asked.
[[nodiscard]] Outcome run(const Command &command);

// The same, and StepFailed with the last lines of the output when the exit code is not 0.
std::string run_checked(const Command &command);

// "NAME=VALUE" each, as a child has them; what outlives the helper has no mark of its own.
[[nodiscard]] std::vector<std::string> child_environment(bool outlives_helper);

// What programs that are given by their paths, as PostgreSQL's are, get from now on besides: a library may need it.
void set_program_environment(std::vector<std::string> environment);

// All that this command's process has.
[[nodiscard]] std::vector<std::string> environment_of(const Command &command);

[[nodiscard]] std::string last_lines(const std::string &text, std::size_t count);

// From now on until the helper exits, a ctrl-C or SIGTERM does not end it inside a step.
void hold_signals();

// SIGHUP, which comes when a terminal is closed or an ssh session drops, ends this process no more.
void outlive_terminal();
[[nodiscard]] bool is_terminal_gone();
[[nodiscard]] bool stop_was_asked();

}  // namespace pgaf
