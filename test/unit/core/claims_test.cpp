#include <gtest/gtest.h>

#include <string>

#include "core/claims.hpp"
#include "core/errors.hpp"
#include "core/reports.hpp"

namespace pgaf::claims {
namespace {

// "" where it is let in, else the SQLSTATE of the refusal and its message.
template <typename Call>
std::string refusal(const Call &call) {
    try {
        call();
    } catch (const Error &error) {
        EXPECT_EQ(std::string(error.sqlstate()), code::kBadReport);
        return error.what();
    }
    return {};
}

TEST(Claims, ANameIsOneLineThatIsShownAsItIs) {
    EXPECT_TRUE(is_plain("node_1 \u00e4\u20ac"));
    for (const auto *const text : {"a\x1b[31m", "a\nb", "a\x7f", "a\u0085", "a\u202e", "a\u2066b", "\ufeff", "a\tb"}) {
        EXPECT_FALSE(is_plain(text)) << text;
        EXPECT_EQ(refusal([&] { require_name("host", text); }), "host has control characters") << text;
    }
    EXPECT_EQ(refusal([] { require_name("host", "  "); }), "host is empty");
    EXPECT_EQ(refusal([] { require_name("host", std::string(kNameLimit, 'a')); }), "");
    EXPECT_EQ(refusal([] { require_name("host", std::string(kNameLimit + 1, 'a')); }),
              "host has 256 bytes, which is more than 255");
}

TEST(Claims, WhatATerminalWouldObeyIsSeen) {
    EXPECT_EQ(shown("a\x1b[2Jb\x7f\r\n\tc"), "a\\x1b[2Jb\\x7f\\x0d\n\tc");
    EXPECT_EQ(shown("\u0085\u061c\u202e\ufeff\u00e4\u20ac"), "\\x85\\u061c\\u202e\\ufeff\u00e4\u20ac");
    EXPECT_EQ(shown("\xc2"), "\xc2");
    EXPECT_EQ(shown(std::string("\0", 1)), "\\x00");
}

TEST(Claims, ATimeIsOneThatEveryServerReads) {
    for (const auto *const text : {"2026-11-28", "2026-11-28 20:59:59", "2026-11-28T20:59:59Z",
                                   "2026-11-28 20:59:59.123456+00", "2024-02-29 00:00:00-03:30"}) {
        EXPECT_EQ(refusal([&] { require_time("at", text); }), "") << text;
    }
    for (const auto *const text :
         {"", "infinity", "-infinity", "now", "1999-12-31", "2025-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
          "2026-1-1", "2026-01-01 24:00:00", "2026-01-01 1:00:00", "2026-01-01 00:60:00", "2026-01-01 00:00:00+15",
          "2026-01-01 00:00:00 BC", "20260101", "2026-01-01\n", "-026-01-01"}) {
        EXPECT_NE(refusal([&] { require_time("at", text); }), "") << text;
    }
}

TEST(Claims, AResultHasItsKnownMembersOfTheirTypes) {
    EXPECT_EQ(refusal([] { require_result("check", R"({"estimate": {"seconds": 6.04, "more": []}, "else": "x"})"); }),
              "");
    EXPECT_EQ(refusal([] { require_result("check", R"({"estimate": null})"); }), "");
    EXPECT_EQ(refusal([] { require_result("check", R"({"estimate": {"seconds": "not a number"}})"); }),
              "the result of check: estimate.seconds is not a number");
    EXPECT_EQ(refusal([] { require_result("stop", R"({"estimate": {"seconds": "of another step"}})"); }), "");
    EXPECT_EQ(refusal([] { require_result("stop", R"({"seconds": "of every step"})"); }),
              "the result of stop: seconds is not a number");
    EXPECT_EQ(refusal([] { require_result("carry", R"({"files": ["a", 1]})"); }),
              "the result of carry: files is not a text");
    EXPECT_EQ(refusal([] {
                  require_result("configure",
                                 R"({"changes": [{"file": "a", "line": 1, "before": "x", "after": "y\ny"}]})");
              }),
              "");
    EXPECT_EQ(refusal([] { require_result("configure", R"({"changes": [{"file": "a", "line": -1}]})"); }),
              "the result of configure: changes.line is out of range");
    const std::string digits(64, 'a');
    EXPECT_EQ(refusal([&] { require_result("start", R"({"seed_sha256": ")" + digits + "\"}"); }), "");
    for (const auto &text : {digits + "a", digits.substr(1), digits.substr(1) + "A", std::string()}) {
        EXPECT_EQ(refusal([&] { require_result("start", R"({"seed_sha256": ")" + text + "\"}"); }),
                  "the result of start: seed_sha256 is not a SHA-256 in hexadecimal digits");
    }
    EXPECT_EQ(refusal([] { require_rollback_result(R"({"undone": ["start", "swap"], "discarded": "7 rows"})"); }), "");
    EXPECT_EQ(refusal([] { require_rollback_result(R"({"undone": ["<script>"]})"); }),
              "the result of rollback: undone has what is not a step");
}

TEST(Claims, AJournalHasStepsThatAreDoneOrFailed) {
    EXPECT_EQ(refusal([] {
                  require_journal(R"([{"step": "stop", "state": "failed", "started_at": "2026-01-01 00:00:00Z",
                                       "finished_at": "2026-01-01 00:00:01Z", "error": "no", "hint": null}])");
              }),
              "");
    for (const auto *const entries :
         {"{}", "[1]", R"([{"step": "stop", "state": "done"}])",
          R"([{"step": "stop", "state": "running", "finished_at": "2026-01-01"}])",
          R"([{"step": "stop", "state": "done", "finished_at": "2026-01-01", "result": "x"}])",
          R"([{"step": "stop", "state": "done", "finished_at": "2026-01-01", "result": {"seconds": []}}])"}) {
        EXPECT_NE(refusal([&] { require_journal(entries); }), "") << entries;
    }
}

TEST(Claims, ACheckIsOneThatTheHelpersMake) {
    EXPECT_EQ(refusal([] { require_check("free_space", "error", true); }), "");
    EXPECT_EQ(refusal([] { require_check("made_up", "error", false); }), "there is no check \"made_up\"");
    EXPECT_EQ(refusal([] { require_check("free_space", "fatal", false); }), "\"fatal\" is not a severity");
    EXPECT_NE(refusal([] { require_check("free_space", "note", true); }), "");
}

}  // namespace
}  // namespace pgaf::claims
