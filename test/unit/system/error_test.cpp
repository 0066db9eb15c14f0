#include "system/error.hpp"

#include <filesystem>
#include <new>
#include <thread>

#include <gtest/gtest.h>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "contains.hpp"
#include "thrown.hpp"

namespace pgaf {
namespace {

TEST(Edge, MakesAnErrorOfWhateverIsThrown) {
    for (const auto &[name, raise, words] : everything_that_can_be_thrown()) {
        try {
            raise();
            FAIL() << name << " throws nothing";
        } catch (...) {
            const auto error = from_current_exception("step initdb");
            EXPECT_TRUE(contains(error.what(), "step initdb: " + words)) << name << ": " << error.what();
            EXPECT_EQ(error.code(), ExitCode::Internal) << name;
            EXPECT_FALSE(error.hint().empty()) << name;
        }
    }
}

TEST(Edge, LeavesAloneWhatSaysEnoughItself) {
    try {
        throw HelperError(ExitCode::TimedOut, "waited 3 s", "Wait longer.");
    } catch (...) {
        const auto error = from_current_exception("step initdb");
        EXPECT_EQ(std::string(error.what()), "waited 3 s");
        EXPECT_EQ(error.code(), ExitCode::TimedOut);
        EXPECT_EQ(error.hint(), "Wait longer.");
    }
}

TEST(Edge, KeepsTheKindOfAnErrorThatIsOne) {
    class Special : public HelperError {
        using HelperError::HelperError;
    };
    EXPECT_THROW(with_errors_told("a test", [] { throw Special(ExitCode::Refused, "no"); }), Special);
    for (const auto &[name, raise, words] : everything_that_can_be_thrown()) {
        EXPECT_THROW(with_errors_told("a test", raise), UnexpectedError) << name;
    }
    EXPECT_EQ(with_errors_told("a test", [] { return 7; }), 7);
}

TEST(Edge, OfAThreadEndsNothingElse) {
    for (const auto &[name, raise, words] : everything_that_can_be_thrown()) {
        bool came_to_its_end = true;
        std::thread([&came_to_its_end, &work = raise] {
            came_to_its_end = with_errors_logged("a thread", work);
        }).join();
        EXPECT_FALSE(came_to_its_end) << name;
    }
    EXPECT_TRUE(with_errors_logged("a thread", [] {}));
}

}  // namespace
}  // namespace pgaf
