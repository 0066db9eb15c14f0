#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "view/run_record.hpp"

namespace pgaf {

// Prometheus's text exposition format, for node_exporter's textfile collector: the samples of a metric stand
// together below its HELP and TYPE.
class Exposition {
  public:
    using Labels = std::vector<std::pair<std::string, std::string>>;

    // What a metric is; the samples that follow are of it. `type` is gauge or counter.
    void metric(const std::string &name, const std::string &type, const std::string &help);
    void sample(double value, const Labels &labels = {});
    [[nodiscard]] const std::string &text() const { return text_; }

  private:
    std::string name_;
    std::string text_;
};

// With the backslash, the line end and, in a label's value, the quote escaped.
[[nodiscard]] std::string escape_label(const std::string &value);
[[nodiscard]] std::string escape_help(const std::string &value);

// Of the newest run; without one when none was ever started.
[[nodiscard]] std::string status_metrics(const std::optional<RunRecord> &run);

// When the monitor does not answer: nothing is known but that.
[[nodiscard]] std::string metrics_without_monitor();

}  // namespace pgaf
