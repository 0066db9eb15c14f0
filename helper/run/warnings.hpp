#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace pgaf {

// What a step could not do that no data depends on: the run goes on, and they stay with it until the operator
// acknowledges them.
struct Warning {
    std::string object;  // what it is about, with its database
    std::string error;
    std::string remedy;  // what to type
};

// Of one step, as its result has them. Texts may be of any encoding; more than the monitor takes are counted.
class Warnings {
  public:
    void add(std::string object, std::string error, std::string remedy);
    [[nodiscard]] bool empty() const { return warnings_.empty(); }
    [[nodiscard]] nlohmann::json json() const;

  private:
    std::vector<Warning> warnings_;
    std::size_t left_out_ = 0;
};

// Those that a step's result has, in a line for people; empty where it has none.
[[nodiscard]] std::string warnings_in_words(const nlohmann::json &result);

}  // namespace pgaf
