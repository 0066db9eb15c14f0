#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "view/run_record.hpp"
#include "view/styled.hpp"

namespace pgaf {

struct ScreenSize {
    std::size_t columns = 80;
    std::size_t rows = 24;  // 0: as many as it takes
};

// The whole run on one screen, no line wider than it and no more lines than it has. `now` is by the monitor's
// clock; `away_s` for how long the monitor has not answered.
[[nodiscard]] std::vector<Line> draw_screen(const RunRecord &run, double now, std::optional<double> away_s,
                                            ScreenSize size);

// The steps of every node, one after the other: what `status` prints below that.
[[nodiscard]] std::vector<Line> draw_steps(const RunRecord &run, double now, std::size_t columns);

}  // namespace pgaf
