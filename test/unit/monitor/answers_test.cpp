#include "monitor/answers.hpp"

#include <gtest/gtest.h>

#include "postgres/connection.hpp"
#include "system/error.hpp"

namespace pgaf {
namespace {

using Row = std::vector<std::pair<const char *, Value>>;

// An answer of a server as libpq has it: the columns by name, and one row, or none.
Rows answer(const Row &row, bool is_empty = false) {
    auto *result = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
    std::vector<PGresAttDesc> columns(row.size());
    for (std::size_t at = 0; at < row.size(); ++at) {
        columns[at].name = const_cast<char *>(row[at].first);
    }
    EXPECT_EQ(PQsetResultAttrs(result, static_cast<int>(columns.size()), columns.data()), 1);
    for (std::size_t at = 0; at < row.size() && !is_empty; ++at) {
        const auto &value = row[at].second;
        EXPECT_EQ(PQsetvalue(result, 0, static_cast<int>(at), value ? const_cast<char *>(value->c_str()) : nullptr,
                             value ? static_cast<int>(value->size()) : -1),
                  1);
    }
    return Rows(result);
}

template <typename Parse>
std::string refusal_of(const Rows &rows, const Parse &parse) {
    try {
        static_cast<void>(parse(rows));
    } catch (const HelperError &error) {
        EXPECT_EQ(error.code(), ExitCode::Internal);
        return error.what();
    }
    return "";
}

Row due(const Value &state, const Value &step, const Value &waiting_for, const Value &reason) {
    return {{"run", "1"},     {"run_state", state},         {"step", step},
            {"attempt", "1"}, {"waiting_for", waiting_for}, {"reason", reason}};
}

TEST(NextStepAnswer, IsAStepOrAReason) {
    const auto step = parse_due(answer(due("switching", "stop", {}, {})));
    EXPECT_EQ(step.run_state, RunState::Switching);
    EXPECT_EQ(step.step, "stop");
    EXPECT_EQ(parse_due(answer(due("rolling_back", "rollback", {}, {}))).step, "rollback");
    const auto wait = parse_due(answer(due("ready", {}, "the operator's approval", "approval")));
    EXPECT_EQ(wait.step, "");
    EXPECT_EQ(wait.wait.reason, WaitReason::Approval);
    EXPECT_EQ(wait.wait.what, "the operator's approval");
    const auto nothing = parse_due(answer(due("finished", {}, {}, "nothing")));
    EXPECT_EQ(nothing.wait.reason, WaitReason::Nothing);
    EXPECT_EQ(nothing.wait.what, "");
}

TEST(NextStepAnswer, ThatIsStrangeIsAnError) {
    EXPECT_EQ(refusal_of(answer(due("dancing", {}, {}, "nothing")), parse_due),
              "the monitor's answer has an unknown \"run_state\": \"dancing\"");
    EXPECT_EQ(refusal_of(answer(due("ready", "jump", {}, {})), parse_due),
              "the monitor's answer has an unknown \"step\": \"jump\"");
    EXPECT_EQ(refusal_of(answer(due("ready", {}, "you", "the operator's approval")), parse_due),
              "the monitor's answer has an unknown \"reason\": \"the operator's approval\"");
    EXPECT_EQ(refusal_of(answer(due("ready", {}, "you", {})), parse_due), "the monitor's answer has no \"reason\"");
    EXPECT_EQ(refusal_of(answer(due("ready", {}, {}, "approval")), parse_due),
              "the monitor's answer has no \"waiting_for\"");
    EXPECT_EQ(refusal_of(answer(due({}, "stop", {}, {})), parse_due), "the monitor's answer has no \"run_state\"");
    EXPECT_EQ(refusal_of(answer(due("ready", "stop", {}, {}), true), parse_due),
              "the monitor's answer has no \"run_state\"");
    EXPECT_EQ(refusal_of(answer({{"run_state", "ready"}}), parse_due), "the server's answer has no column \"step\"");
}

Row report(const Value &health, const Value &age, const Value &running) {
    return {{"reported", "primary"}, {"goal", "wait_primary"}, {"sysidentifier", {}},
            {"health", health},      {"running", running},     {"age", age}};
}

TEST(NodeReportAnswer, IsReadAsNumbers) {
    const auto read = parse_node_report(answer(report("1", "-0.25", "t")));
    EXPECT_EQ(read.reported_state, "primary");
    EXPECT_EQ(read.goal_state, "wait_primary");
    EXPECT_FALSE(read.is_stable_in("primary"));
    EXPECT_EQ(read.sysidentifier, "");
    EXPECT_EQ(read.health, 1);
    EXPECT_EQ(read.report_age_s, -0.25);
    EXPECT_TRUE(read.pg_is_running);
}

TEST(NodeReportAnswer, ThatIsStrangeIsAnError) {
    EXPECT_EQ(refusal_of(answer(report("good", "1", "t")), parse_node_report),
              "the monitor's answer has an unknown \"health\": \"good\"");
    EXPECT_EQ(refusal_of(answer(report("1", "1 s", "t")), parse_node_report),
              "the monitor's answer has an unknown \"age\": \"1 s\"");
    EXPECT_EQ(refusal_of(answer(report("1", "inf", "t")), parse_node_report),
              "the monitor's answer has an unknown \"age\": \"inf\"");
    EXPECT_EQ(refusal_of(answer(report("1", "1", "yes")), parse_node_report),
              "the monitor's answer has an unknown \"running\": \"yes\"");
    EXPECT_EQ(refusal_of(answer(report({}, "1", "t")), parse_node_report), "the monitor's answer has no \"health\"");
    EXPECT_EQ(refusal_of(answer(report("99999999999", "1", "t")), parse_node_report),
              "the monitor's answer has an unknown \"health\": \"99999999999\"");
}

}  // namespace
}  // namespace pgaf
