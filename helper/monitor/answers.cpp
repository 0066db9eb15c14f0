#include "monitor/answers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include <fmt/format.h>

#include "postgres/connection.hpp"
#include "system/document.hpp"

namespace pgaf {

namespace {

// The whole text is a number of that kind.
template <typename Number>
std::optional<Number> number_in(const std::string &text) {
    Number value{};
    const auto *const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && rest == end ? std::optional(value) : std::nullopt;
}

}  // namespace

void AnswerRow::refuse(const char *column, const std::string &value) const {
    throw HelperError(ExitCode::Internal,
                      fmt::format("{} has an unknown \"{}\": \"{}\"", kMonitorsAnswer, column, value), kOtherVersion);
}

std::optional<std::string> AnswerRow::maybe_text(const char *column) const {
    return rows_.value(row_, column);
}

std::string AnswerRow::text(const char *column) const {
    auto value = row_ < rows_.size() ? maybe_text(column) : std::nullopt;
    if (!value) {
        throw HelperError(ExitCode::Internal, fmt::format("{} has no \"{}\"", kMonitorsAnswer, column), kOtherVersion);
    }
    return std::move(*value);
}

std::int64_t AnswerRow::integer(const char *column) const {
    return named(column, number_in<std::int64_t>);
}

int AnswerRow::small_integer(const char *column) const {
    return named(column, number_in<int>);
}

double AnswerRow::number(const char *column) const {
    const auto value = named(column, number_in<double>);
    if (!std::isfinite(value)) {
        refuse(column, text(column));
    }
    return value;
}

bool AnswerRow::boolean(const char *column) const {
    const auto value = text(column);
    if (value != "t" && value != "f") {
        refuse(column, value);
    }
    return value == "t";
}

Due parse_due(const Rows &rows) {
    const AnswerRow row(rows, 0);
    Due due{.run_state = row.named("run_state", parse_run_state), .step = {}, .wait = {}};
    if (const auto step = row.maybe_text("step")) {
        const bool is_known =
            *step == steps::kRollback ||
            std::ranges::find(step_definitions(), *step, &StepDefinition::name) != step_definitions().end();
        if (!is_known) {
            row.refuse("step", *step);
        }
        due.step = *step;
        return due;
    }
    due.wait.reason = row.named("reason", parse_wait_reason);
    due.wait.what = due.wait.reason == WaitReason::Nothing ? "" : row.text("waiting_for");
    return due;
}

OldCluster parse_old_cluster(const Rows &rows, int number) {
    const AnswerRow row(rows, number);
    const bool is_removed = row.maybe_text("removed_at").has_value();
    return {.run = row.integer("run"),
            .node = row.text("node"),
            .source_version = row.small_integer("source_version"),
            .target_version = row.small_integer("target_version"),
            .method = row.text("method"),
            .finished_at = row.text("finished_at"),
            .why_not = row.maybe_text("why_not").value_or(""),
            .old_sysidentifier = row.maybe_text("old_sysidentifier").value_or(""),
            .new_sysidentifier = row.maybe_text("new_sysidentifier").value_or(""),
            .backup = row.maybe_text("backup").value_or(""),
            .is_removed = is_removed};
}

NodeReport parse_node_report(const Rows &rows) {
    const AnswerRow row(rows, 0);
    return {.reported_state = row.text("reported"),
            .goal_state = row.text("goal"),
            .sysidentifier = row.maybe_text("sysidentifier").value_or(""),
            .health = row.small_integer("health"),
            .report_age_s = row.number("age"),
            .pg_is_running = row.boolean("running")};
}

}  // namespace pgaf
