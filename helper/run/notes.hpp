#pragma once

// Notes of the journal that more than one room goes by.
namespace pgaf::notes {

// This node has begun to go back; about it, whether what the new cluster has taken since is given up.
inline constexpr const char *kRollback = "rollback";
inline constexpr const char *kKeeps = "nothing was written since";
inline constexpr const char *kDiscards = "discards new data";

}  // namespace pgaf::notes
