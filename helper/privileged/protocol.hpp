#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// What the worker, which is PGDATA's owner, may ask of root: a verb and two numbers, never a path or a text.
namespace pgaf::privileged {

enum class Verb : std::uint32_t {
    Find,          // the unit; its name is the answer
    Start,         // the unit
    Stop,          // the unit; returns when it has been told to
    PrepareGuard,  // a drop-in by which the unit does not start while the guard is set
    SetGuard,
    ClearGuard,
    RemoveGuard,  // the drop-in
    Program,      // a drop-in by which the unit runs the programs of the major `first`; `second`: 1 forward, 0 back
    KeepProgram,  // a copy of the pg_autoctl that runs
    UseKept,      // a drop-in by which the unit runs that copy; `first`: 1, or 0 without the drop-in
    CleanUp,      // the drop-ins that the unit does not need to run the programs of the major `first`, and the copy of
                  // pg_autoctl: `second`: 1 removed, 0 only told
    Scope,        // a shell of the owner's in a scope of its own; its standard input and outputs come with the request
};

// As pgaf-upgrade-service takes them.
inline constexpr std::array<std::string_view, 12> kVerbNames{
    "find",         "start",   "stop",         "prepare-guard", "set-guard", "clear-guard",
    "remove-guard", "program", "keep-program", "use-kept",      "clean-up",  "scope"};

// The drop-in that Verb::Program makes; behind those of others.
inline constexpr std::string_view kProgramsDropIn = "zz-pgaf-upgrade.conf";

struct Request {
    Verb verb = Verb::Find;
    std::int32_t first = 0;
    std::int32_t second = 0;
};

struct Reply {
    std::int32_t failed = 0;        // an ExitCode, or 0
    std::array<char, 1020> text{};  // what was asked for, or what is wrong and, in a second line, what to do
};

}  // namespace pgaf::privileged
