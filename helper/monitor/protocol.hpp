#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "monitor/answers.hpp"
#include "system/error.hpp"

namespace pgaf {

// The helpers' protocol, as the runner speaks it. Every call throws PgError where the monitor refuses it or is away,
// and makes a connection where there is none.
class Protocol {
  public:
    Protocol() = default;
    Protocol(const Protocol &) = delete;
    Protocol &operator=(const Protocol &) = delete;
    virtual ~Protocol() = default;

    // Nothing where no run is under way for this node.
    [[nodiscard]] virtual std::optional<Attached> attach(const std::string &token, bool retry_failed, bool resumed) = 0;
    [[nodiscard]] virtual Due next_step(const std::string &token) = 0;
    virtual void begin_step(const std::string &token, std::string_view step) = 0;
    // `step` may be empty: then only the lease is kept.
    virtual void heartbeat(const std::string &token, std::string_view step, const std::string &progress) = 0;
    virtual void finish_step(const std::string &token, std::string_view step, const nlohmann::json &result) = 0;
    virtual void fail_step(const std::string &token, std::string_view step, const HelperError &error) = 0;
    // Of this node: names with versions.
    virtual void report_software(const std::string &token, const nlohmann::json &software) = 0;
    virtual void sync_journal(const std::string &token, const nlohmann::json &entries) = 0;
    virtual RunState request_rollback(const std::string &token, const std::string &reason, bool discard_new_data,
                                      bool not_started, bool gives_back) = 0;
    virtual void finish_rollback(const std::string &token, const nlohmann::json &result) = 0;

    // Throws where the monitor is away, or has the extension not or at another version.
    virtual void require() = 0;
    // The number of the newest run; nothing where there never was one.
    [[nodiscard]] virtual std::optional<std::int64_t> newest_run() = 0;

    // Of the steps of a run, those that nobody has acknowledged.
    [[nodiscard]] virtual int open_warnings(std::int64_t run) = 0;

    virtual void wait_for_notification(std::chrono::milliseconds limit) = 0;
    virtual void disconnect() = 0;
    // How long an answer to each call is waited for, from now on: a monitor that is frozen counts as one that is away.
    static constexpr std::chrono::seconds kUsualLimit{60};
    virtual void set_limit(std::chrono::milliseconds limit) = 0;
};

}  // namespace pgaf
