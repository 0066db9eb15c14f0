#pragma once

#include <string>
#include <vector>

#include "postgres/controldata.hpp"
#include "run/context.hpp"

namespace pgaf {

// initdb of Context::new_dir() by a command that ends it; what stood there is set aside.
ControlData make_new_cluster(const Context &context, const std::vector<std::string> &initdb);

// A directory that this run has made for a new cluster: by this cleanup knows it again, whatever it is renamed to.
void note_made(const Context &context, const std::filesystem::path &directory);

// A new cluster that is not whole, or no longer wanted, gets a name by which nothing takes it for one:
// _unused_N. In link mode it shares its files with the old cluster, so it can also not be started any more.
void set_aside_new_cluster(const Context &context);

// What an interrupted pg_upgrade has left, undone: the old cluster has its pg_control again, and the new
// one is as `configure` left it. Returns what initdb made.
ControlData renew_after_interruption(const Context &context);

// pg_upgrade --link renames it in the old cluster just before it links the first file.
[[nodiscard]] bool old_control_is_disabled(const std::filesystem::path &old_cluster);
void disable_old_control(const std::filesystem::path &old_cluster);
void enable_old_control(const std::filesystem::path &old_cluster);

// Everything that was shown but the access rules.
void carry_for_new_cluster(const Context &context);

}  // namespace pgaf
