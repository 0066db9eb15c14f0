#pragma once

// Notes of the journal that more than one room goes by.
namespace pgaf::notes {

// This node has begun to go back; about it, whether what the new cluster has taken since is given up.
inline constexpr const char *kRollback = "rollback";
inline constexpr const char *kKeeps = "nothing was written since";
inline constexpr const char *kDiscards = "discards new data";

// About a new cluster, by its system identifier: pg_upgrade has begun to fill it.
inline constexpr const char *kPgUpgradeBegun = "pg_upgrade begun on";

// Of the operator on this node, and not yet begun: a JSON object with what was asked; empty when it was refused.
inline constexpr const char *kRollbackAsked = "rollback asked for";

// Directories that a run has made for a new cluster, and those of tablespaces that it has set aside: JSON objects with
// path and identity, by which cleanup knows them again.
inline constexpr const char *kMade = "made";
inline constexpr const char *kSetAside = "set aside";

}  // namespace pgaf::notes
