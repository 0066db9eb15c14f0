#pragma once

#include <string>

#include "run/context.hpp"

// A standby's data from the upgraded primary, with the connection that pg_autoctl gave this standby for replication.
namespace pgaf {

[[nodiscard]] std::string replication_conninfo(const Context &context);

// Whether it accepts connections now.
[[nodiscard]] bool is_primary_ready(const Context &context, const std::string &conninfo);

// One that is away, or boots after a power cut, is waited for: without it there is nothing to rebuild from.
void wait_for_primary(const Context &context, const std::string &conninfo);

// pg_basebackup into PGDATA, as pg_autoctl calls it; again where the primary went away in between.
void take_base_backup(const Context &context, const std::string &conninfo);

}  // namespace pgaf
