#pragma once

#include <filesystem>
#include <string>

#include "node/node.hpp"
#include "run/journal.hpp"

namespace pgaf {

// Old and new programs, pg_autoctl of the new, and the unit that runs this node.
struct Installation {
    int source = 0;  // major of PGDATA
    std::filesystem::path old_bindir;
    std::filesystem::path new_bindir;
    std::filesystem::path new_autoctl;
    std::string unit;  // empty: pg_autoctl runs under none

    // As the disk and systemd show it before the upgrade. Whether all of it exists is for the checks to say.
    [[nodiscard]] static Installation find(const Node &node, int target);

    // As the step `discover` found it. Throws HelperError(StepFailed) when that has not been done.
    [[nodiscard]] static Installation from(const Journal &journal);
};

}  // namespace pgaf
