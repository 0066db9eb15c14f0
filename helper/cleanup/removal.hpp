#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "cleanup/remains.hpp"
#include "node/node.hpp"
#include "run/journal.hpp"

namespace pgaf {

// Each is renamed to removing_name() first, and then emptied. Again after a crash at any instant: what was begun is
// found by the journal. Throws HelperError.
void remove_remains(Journal &journal, const Remains &remains, const std::function<void(const Remain &)> &say);

// Removals that had come to their end when the journal was not told.
void note_ended_removals(Journal &journal);

// Of the work folder, but not those that a process writes to. Returns what is removed, with its size.
[[nodiscard]] std::vector<Removed> find_logs(const Node &node);
void remove_logs(const Node &node, const std::vector<Removed> &logs);

}  // namespace pgaf
