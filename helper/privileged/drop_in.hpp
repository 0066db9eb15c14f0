#pragma once

#include "privileged/unit.hpp"

// Drop-ins below /etc/systemd/system, each made by a template of this program from what root knows itself; a unit's own
// files are not touched. All are durable when these return, and all can be repeated. They throw HelperError.
namespace pgaf::privileged {

// While a file of root's exists, neither a boot nor Restart= nor anybody starts the unit.
void prepare_guard(const Unit &unit);
void set_guard(const Unit &unit);
void clear_guard(const Unit &unit);
void remove_guard(const Unit &unit);

// The unit runs the programs of that major; `by`: those that take the place of its own directory, where that has no
// number.
void use_programs(const Unit &unit, const Owner &owner, int major, const std::filesystem::path &by);

// A copy of the pg_autoctl that runs, to be run when the package of the new one has taken its name.
void keep_program(const Unit &unit, const Owner &owner);
void use_kept_program(const Unit &unit, bool is_used);

// What an upgrade to that major has left and the unit runs without: a line "-PATH" for each, or "+PATH: why" where it
// stays. `removes`: else it is only told.
[[nodiscard]] std::string clean_up(const Unit &unit, const Owner &owner, int major, bool removes);

}  // namespace pgaf::privileged
