#pragma once

#include "seed/seed.hpp"
#include "system/error.hpp"

namespace pgaf {

// Why this standby is not to be built by links: what another attempt would meet again. A base backup is the way then.
class LinksRefused : public HelperError {
  public:
    explicit LinksRefused(const std::string &reason)
        : HelperError(ExitCode::StepFailed, reason,
                      "The run's standby_method is 'link'. To build this standby by a base backup all the same: "
                      "pgaf-upgrade run --base-backup.") {}
};

// The seed is not as its digests say: here, or on the primary.
class SeedDamaged : public LinksRefused {
  public:
    using LinksRefused::LinksRefused;
};

// The primary's seed, whole and proved, in this node's seed_dir(). Goes on where an interrupted transfer has stopped.
// `conninfo` is that by which this standby replicates. Throws LinksRefused, SeedDamaged, PgError
// when the connection was lost.
SeedOrigin fetch_seed(const Context &context, const std::string &conninfo);

// The new data directory made in PGDATA, which is empty, from the seed and this standby's old cluster in
// Context::old_dir(); without the configuration, and flushed. Throws LinksRefused when the old cluster does not have
// what the primary's had, SeedDamaged.
nlohmann::json link_standby(const Context &context, const SeedOrigin &origin);

// Whether the server has replayed what the primary wrote after the seed was made.
[[nodiscard]] bool has_replayed_marker(const Context &context);

// Every table and B-tree index of the databases that have the extension amcheck, read and compared by pg_amcheck.
// Returns {"databases", "without": [name]}. Throws LinksRefused where it finds something, HelperError where no database
// has the extension, or recovery has cancelled it each time.
[[nodiscard]] nlohmann::json amcheck_standby(const Context &context);

}  // namespace pgaf
