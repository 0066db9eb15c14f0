#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace pgaf::migrate {

// How far one database is. What the disk and the servers can tell is asked of them all the same.
enum class Stage { None, Restoring, Restored, Same };

// What a migration must know after a break: kept in one file that is replaced at one instant, flushed.
class State {
  public:
    // Reads what is there. Throws HelperError(Refused) for a file that is not as it was written.
    explicit State(std::filesystem::path path);

    struct Content {
        std::string old_identifier;  // system identifiers
        std::string new_identifier;
        bool refuse_writes = false;
        bool given_back = false;
        // of each database whose writes are refused, what default_transaction_read_only was set to before
        std::map<std::string, std::optional<std::string>> read_only_before;
        std::set<std::string> in_place;  // databases that the new cluster had before
        bool emptied = false;            // by --restart: what is in those may be from an earlier migration
        bool globals = false;
        std::map<std::string, Stage> databases;
        bool statistics = false;
        std::string finished_at;
    };

    [[nodiscard]] bool exists() const { return exists_; }
    [[nodiscard]] const Content &get() const { return content_; }
    [[nodiscard]] Stage of(const std::string &database) const;

    // On the disk when it returns.
    template <typename Change>
    void change(const Change &change) {
        change(content_);
        write();
    }

  private:
    void write();

    std::filesystem::path path_;
    bool exists_ = false;
    Content content_;
};

[[nodiscard]] nlohmann::json to_json(const State::Content &content);
[[nodiscard]] State::Content state_from(const nlohmann::json &json);

}  // namespace pgaf::migrate
