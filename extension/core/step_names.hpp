#pragma once

#include <string_view>

// The names of the steps, each written down here once: the table of steps and whoever means one of them by name.
namespace pgaf::steps {

inline constexpr std::string_view kDiscover = "discover";
inline constexpr std::string_view kCheck = "check";
inline constexpr std::string_view kInitdb = "initdb";
inline constexpr std::string_view kConfigure = "configure";
inline constexpr std::string_view kDryRun = "dry_run";
inline constexpr std::string_view kRehearse = "rehearse";
inline constexpr std::string_view kRelaxSync = "relax_sync";
inline constexpr std::string_view kEnterMaintenance = "enter_maintenance";
inline constexpr std::string_view kCheckpoint = "checkpoint";
inline constexpr std::string_view kStop = "stop";
inline constexpr std::string_view kPgUpgrade = "pg_upgrade";
inline constexpr std::string_view kCarry = "carry";
inline constexpr std::string_view kSwap = "swap";
inline constexpr std::string_view kStart = "start";
inline constexpr std::string_view kIdentity = "identity";
inline constexpr std::string_view kRebuild = "rebuild";
inline constexpr std::string_view kReconfigure = "reconfigure";
inline constexpr std::string_view kUpdateExtensions = "update_extensions";
inline constexpr std::string_view kStatistics = "statistics";
inline constexpr std::string_view kRejoin = "rejoin";
inline constexpr std::string_view kRestoreSettings = "restore_settings";
inline constexpr std::string_view kVerify = "verify";

// No step of the table: what is due on a node that is to undo its part.
inline constexpr std::string_view kRollback = "rollback";

}  // namespace pgaf::steps
