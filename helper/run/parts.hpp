#pragma once

#include <chrono>
#include <filesystem>
#include <ios>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

// Where a step's time goes, as its result keeps it: [{"part", "seconds"}], in order; what takes less than 10 ms is left
// out.
namespace pgaf {

class Parts {
  public:
    // What was done since the last call, or since the beginning.
    void lap(const std::string &part) { lap(part, std::chrono::steady_clock::now()); }
    void lap(const std::string &part, std::chrono::steady_clock::time_point at);
    [[nodiscard]] nlohmann::json json() const;

  private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    std::vector<std::pair<std::string, double>> parts_;  // with their seconds
};

// The parts of pg_upgrade, by what appears in its log while this object lives.
class PgUpgradeParts {
  public:
    explicit PgUpgradeParts(std::filesystem::path log);
    ~PgUpgradeParts() = default;
    PgUpgradeParts(const PgUpgradeParts &) = delete;
    PgUpgradeParts &operator=(const PgUpgradeParts &) = delete;

    // Ends looking.
    [[nodiscard]] Parts take();

  private:
    void look(const std::filesystem::path &log, std::streamoff from, const std::stop_token &stop);

    Parts parts_;
    std::jthread thread_;
};

// What pg_upgrade has ended when it writes this line, which may be only the "ok" of the line before; empty when
// nothing.
[[nodiscard]] std::string ended_part(std::string_view line_before, std::string_view line);

}  // namespace pgaf
