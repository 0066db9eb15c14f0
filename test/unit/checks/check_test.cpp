#include "checks/check.hpp"

#include <gtest/gtest.h>

#include "contains.hpp"
#include "thrown.hpp"
#include "with_node.hpp"

namespace pgaf {
namespace {

class ACheck : public WithNode {
  protected:
    CheckResult examine(Severity severity, std::function<Findings(Subject &)> find) {
        check_ = {"of_this_test", severity, Where::EveryNode, "it means", "Do it.", std::move(find)};
        Subject subject(*node_, 17, "link", "auto");
        return examine_one(subject, check_);
    }
    Check check_;
};

TEST_F(ACheck, ThatThrowsIsAFindingThatClosesTheGate) {
    for (const auto &[name, raise, words] : everything_that_can_be_thrown()) {
        for (const auto severity : {Severity::Note, Severity::Warning, Severity::Error}) {
            const auto result = examine(severity, [&work = raise](Subject & /*subject*/) {
                work();
                return Findings{};
            });
            ASSERT_EQ(result.findings.size(), 1U) << name;
            EXPECT_TRUE(contains(result.findings[0].found, "could not be looked at: " + words))
                << name << ": " << result.findings[0].found;
            EXPECT_FALSE(result.findings[0].remedy.empty()) << name;
            EXPECT_EQ(result.severity(), Severity::Error) << name;
            EXPECT_FALSE(result.passed());
        }
        const auto result = examine(Severity::DataLoss, [&work = raise](Subject & /*subject*/) {
            work();
            return Findings{};
        });
        EXPECT_EQ(result.severity(), Severity::DataLoss) << name;
    }
}

TEST_F(ACheck, ThatIsRefusedAnAnswerKeepsItsSeverity) {
    const auto result = examine(Severity::Warning, [](Subject & /*subject*/) -> Findings {
        throw HelperError(ExitCode::Refused, "no such role", "Make it.");
    });
    ASSERT_EQ(result.findings.size(), 1U);
    EXPECT_EQ(result.findings[0].found, "could not be looked at: no such role");
    EXPECT_EQ(result.findings[0].remedy, "Make it.");
    EXPECT_EQ(result.severity(), Severity::Warning);
}

TEST_F(ACheck, ThatHasNothingToLookAtIsNotExamined) {
    const auto result =
        examine(Severity::Error, [](Subject & /*subject*/) -> Findings { throw NotExamined("no server"); });
    EXPECT_EQ(result.not_examined, "no server");
    EXPECT_TRUE(result.findings.empty());
    EXPECT_FALSE(result.passed());
}

TEST_F(ACheck, TellsWhatItFinds) {
    EXPECT_TRUE(examine(Severity::Error, [](Subject & /*subject*/) { return Findings{}; }).passed());
    const auto result =
        examine(Severity::Note, [](Subject &subject) { return Findings{{subject.node.pgdata.string()}}; });
    EXPECT_EQ(result.findings.at(0).found, node_->pgdata.string());
    EXPECT_EQ(result.severity(), Severity::Note);
}

}  // namespace
}  // namespace pgaf
