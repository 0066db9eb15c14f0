#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "configuration/hba.hpp"

namespace pgaf {
namespace {

hba::Finding finding() {
    hba::Finding finding;
    finding.need = {hba::Purpose::Replication, {2, "node_2", "node2"}, "pgautofailover_replicator", "replication"};
    finding.address = hba::Address::parse("10.0.0.2");
    finding.encrypted = true;
    finding.file = "/data/pg_hba.conf";
    finding.line = 7;
    finding.type = "hostssl";
    finding.method = "cert";
    finding.options = "map=nodes clientcert=verify-full";
    finding.verdict = hba::Verdict::Weaker;
    finding.was = "hostssl cert, line 3";
    finding.required_line = "hostssl replication \"u\" 10.0.0.2/32 cert";
    finding.advice = "mend it";
    return finding;
}

TEST(HbaJson, KeepsAllThatAComparisonNeeds) {
    const std::vector<hba::Finding> findings{finding()};
    const auto json = to_json(findings);
    const auto again = findings_of(json);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(to_json(again), json);
    EXPECT_EQ(again[0].address, findings[0].address);
    EXPECT_EQ(again[0].line, 7);
    EXPECT_EQ(again[0].verdict, hba::Verdict::Weaker);
}

TEST(HbaJson, WhatIsNotKnownIsNull) {
    hba::Finding unknown;
    unknown.need = {hba::Purpose::Keeper, {1, "node_1", "nowhere"}, "u", "d"};
    unknown.verdict = hba::Verdict::Unresolved;
    const auto json = to_json(std::vector{unknown});
    EXPECT_TRUE(json.at(0).at("address").is_null());
    EXPECT_TRUE(json.at(0).at("line_number").is_null());
    EXPECT_TRUE(json.at(0).at("method").is_null());
    const auto again = findings_of(json);
    EXPECT_FALSE(again.at(0).address);
    EXPECT_EQ(again.at(0).line, 0);
}

TEST(HbaJson, PassesOverWhatAnotherVersionMayHaveWritten) {
    auto json = to_json(std::vector{finding()});
    json.at(0)["verdict"] = "better";
    EXPECT_TRUE(findings_of(json).empty());
    EXPECT_TRUE(findings_of(nlohmann::json::array()).empty());
}

TEST(HbaDescription, NamesOnlyWhatIsNotOk) {
    auto ok = finding();
    ok.verdict = hba::Verdict::Ok;
    EXPECT_EQ(describe_hba(std::vector{ok}), "");
    EXPECT_EQ(describe_hba(std::vector{ok, finding()}), "replication from node_2 (10.0.0.2): weaker, mend it");
}

}  // namespace
}  // namespace pgaf
