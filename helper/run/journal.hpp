#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace pgaf {

// What this node meant and did in a run: one JSON object a line behind its checksum, flushed before and
// after each step. While the monitor is down it is what the node goes by.
class Journal {
  public:
    // A last line that a crash has torn is cut off. Throws HelperError(Refused) when any other line is
    // not as it was written.
    explicit Journal(std::filesystem::path path);
    ~Journal();
    Journal(const Journal &) = delete;
    Journal &operator=(const Journal &) = delete;

    // The token of this node's lease, made at the first use and kept, so that a helper that was killed
    // is known again at once.
    [[nodiscard]] std::string token();

    // From here on, entries are of this attempt at this run; the document is what attach answered, a JSON object that
    // is kept as it is.
    void begin_run(const std::string &document);
    [[nodiscard]] std::optional<std::string> last_plan() const;

    void begun(std::string_view step);
    void done(std::string_view step, const nlohmann::json &result);
    // Of a rollback. From when a step is about to be undone it is no longer done, and was begun all the same; once it
    // is undone it is as if it had never been begun.
    void undoing(std::string_view step);
    void undone(std::string_view step);
    void failed(std::string_view step, const std::string &error);

    // What a step must know after a crash and the disk does not tell: a name, and which thing it is said of.
    void note(const std::string &name, const std::string &about);
    [[nodiscard]] bool has_note(const std::string &name, const std::string &about) const;
    [[nodiscard]] std::optional<std::string> noted(const std::string &name) const;  // the last

    // Of the current run.
    [[nodiscard]] bool was_begun(std::string_view step) const;
    [[nodiscard]] bool is_done(std::string_view step) const;
    [[nodiscard]] nlohmann::json result(std::string_view step) const;  // an empty object when not done
    [[nodiscard]] std::string time_of(std::string_view step) const;    // when it was first begun

    // The steps that have been undone, in that order, and not been begun again.
    [[nodiscard]] std::vector<std::string> undone_steps() const;

    // All that was ever written, of every run.
    [[nodiscard]] std::vector<nlohmann::json> entries() const;

    // The finished steps of the current run as pgaf_upgrade_sync_journal takes them.
    [[nodiscard]] nlohmann::json finished() const;

  private:
    void read();
    void append(nlohmann::json entry);
    [[nodiscard]] std::span<const nlohmann::json> of_run() const;
    [[nodiscard]] std::vector<const nlohmann::json *> entries_of(std::string_view step) const;

    std::filesystem::path path_;
    std::int64_t run_ = 0;
    std::vector<nlohmann::json> entries_;
    std::size_t first_ = 0;     // of the current run: the entry with its plan
    mutable std::mutex mutex_;  // a background step writes beside the others
};

}  // namespace pgaf
