#pragma once

#include <string>
#include <vector>

#include "view/run_record.hpp"

namespace pgaf {

// From seconds to the picture's units. Times in which nothing happened, such as the night before the approval,
// are shortened to a gap; everything else is to one scale.
class TimeScale {
  public:
    struct Stretch {
        double from = 0;
        double to = 0;
        double x = 0;
        double width = 0;
        bool is_gap = false;
    };

    // `busy` are the spans in which something happened, in any order; the picture is of all that is between the
    // first and the last of them.
    TimeScale(std::vector<std::pair<double, double>> busy, double x, double width);

    [[nodiscard]] double x_of(double moment) const;
    [[nodiscard]] const std::vector<Stretch> &stretches() const { return stretches_; }
    [[nodiscard]] double from() const { return stretches_.front().from; }
    [[nodiscard]] double to() const { return stretches_.back().to; }
    // Between two ticks, a round number of seconds.
    [[nodiscard]] double tick() const { return tick_; }

  private:
    std::vector<Stretch> stretches_;
    double tick_ = 1;
};

// An SVG picture: a lane for each node with its steps, above it for each group the spans in which writes were
// refused and in which no standby could take over. Moments after `now` are not known. With from < to it is of
// that span only.
[[nodiscard]] std::string timeline(const RunRecord &run, const std::string &title, double from = 0, double to = 0);

// The span that the switch is worth a picture of its own for, enlarged; nothing (from = to) where the whole shows
// it as well, or where there was none.
[[nodiscard]] std::pair<double, double> switch_to_enlarge(const RunRecord &run);

}  // namespace pgaf
