#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "installation.hpp"
#include "node.hpp"

namespace pgaf {

struct CheckSubject {
    const Node &node;
    Installation installation;
    int target;
};

enum class Severity { Error, Warning, Note };

// One thing that can stop or spoil an upgrade, looked at without changing anything.
struct Check {
    std::string name;
    Severity severity;
    std::string meaning;  // what it would lead to
    std::string remedy;   // what to do about it
    // What is wrong, in one line; nothing when it is as it should be.
    std::function<std::optional<std::string>(const CheckSubject &)> find;
};

// In the order in which they are shown.
[[nodiscard]] std::vector<Check> all_checks();

[[nodiscard]] CheckSubject subject_of(const Node &node, int target);

[[nodiscard]] const char *to_string(Severity severity);

// Of each file in this folder.
[[nodiscard]] std::vector<Check> installation_checks();
[[nodiscard]] std::vector<Check> directory_checks();
[[nodiscard]] std::vector<Check> server_checks();
[[nodiscard]] std::vector<Check> access_checks();

}  // namespace pgaf
