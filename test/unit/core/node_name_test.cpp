#include <gtest/gtest.h>

#include "core/node_name.hpp"

namespace pgaf {
namespace {

std::vector<std::int64_t> ids_meant(std::string_view text) {
    const std::vector<NamedNode> nodes{
        {0, "monitor", ""}, {1, "node_1", "default"}, {2, "node_2", "default"}, {5, "node_1", "other"},
        {6, "2", "other"},  {7, "a/b", "default"},    {8, "b", "default/a"},    {9, "NODE_9", "default"},
    };
    std::vector<std::int64_t> ids;
    for (const auto &node : nodes_meant(nodes, text)) {
        ids.push_back(node.nodeid);
    }
    return ids;
}

using Ids = std::vector<std::int64_t>;

TEST(NodesMeant, TakesAnIdANameOrAFormationWithAName) {
    EXPECT_EQ(ids_meant("1"), Ids{1});
    EXPECT_EQ(ids_meant("node_2"), Ids{2});
    EXPECT_EQ(ids_meant("other/node_1"), Ids{5});
    EXPECT_EQ(ids_meant("monitor"), Ids{0});
}

TEST(NodesMeant, TellsEveryNodeOfAName) {
    EXPECT_EQ(ids_meant("node_1"), (Ids{1, 5}));
    EXPECT_EQ(ids_meant("default/a/b"), (Ids{7, 8}));
}

TEST(NodesMeant, PrefersTheIdToANameOfDigits) {
    EXPECT_EQ(ids_meant("2"), Ids{2});
    EXPECT_EQ(ids_meant("other/2"), Ids{6});
}

TEST(NodesMeant, GuessesNothing) {
    for (const auto *text : {"", " ", "node", "node_9", "NODE_1", " node_2", "01", "1 ", "+1", "-1", "default/",
                             "/node_1", "default/1", "99999999999999999999"}) {
        EXPECT_EQ(ids_meant(text), Ids{}) << '"' << text << '"';
    }
}

TEST(FullName, IsWhatNodesMeantTakes) {
    EXPECT_EQ(full_name({5, "node_1", "other"}), "5 (other/node_1)");
    EXPECT_EQ(full_name({0, "monitor", ""}), "0 (monitor)");
}

}  // namespace
}  // namespace pgaf
