#include <gtest/gtest.h>

#include "core/hba_match.hpp"

namespace pgaf::hba {
namespace {

class FakeNetwork final : public Network {
  public:
    std::map<std::string, std::string> names;                   // of addresses
    std::map<std::string, std::vector<std::string>> addresses;  // of names
    std::vector<Interface> own;
    int look_ups = 0;

    std::optional<std::string> name_of(const Address &address) override {
        ++look_ups;
        const auto found = names.find(address.text());
        return found == names.end() ? std::nullopt : std::optional(found->second);
    }
    std::vector<Address> addresses_of(const std::string &name) override {
        std::vector<Address> result;
        for (const auto &text : addresses[name]) {
            result.push_back(Address::parse(text).value());
        }
        return result;
    }
    const std::vector<Interface> &interfaces() override { return own; }
};

bool is_within(const std::string &expression, const std::string &name) {
    return name.find(expression) != std::string::npos;
}

// A file's text as the view would show it: what PostgreSQL cannot read is left to its own tests.
Rules rules_of_text(const std::string &text) {
    const auto read_file = [&](const std::string &) { return std::optional(text); };
    std::vector<ViewRow> rows;
    for (const auto &[number, line] : logical_lines(text)) {
        const auto fields = fields_of(line, "f", read_file).value();
        if (fields.empty()) {
            continue;
        }
        ViewRow row;
        row.file = "f";
        row.line = number;
        row.type = fields.at(0).at(0).text;
        for (const auto &token : fields.at(1)) {
            row.databases.push_back(token.text);
        }
        for (const auto &token : fields.at(2)) {
            row.users.push_back(token.text);
        }
        std::size_t next = 3;
        if (row.type != "local") {
            const auto address = fields.at(next++).at(0).text;
            row.address = address;
            if (const auto slash = address.find('/'); slash != std::string::npos) {
                row.address = address.substr(0, slash);
                const auto network = Address::parse(row.address).value();
                auto bytes = Address::full_mask(network.family()).bytes();
                for (int bit = std::stoi(address.substr(slash + 1)); bit < 128; ++bit) {
                    bytes.at(static_cast<std::size_t>(bit / 8)) &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
                }
                row.netmask = Address(network.family(), bytes).text();
            } else if (Address::parse(address)) {
                row.netmask = fields.at(next++).at(0).text;
            }
        }
        row.method = fields.at(next).at(0).text;
        rows.push_back(row);
    }
    return rules_of(rows, read_file);
}

class HbaMatch : public ::testing::Test {
  protected:
    // The number of the line that decides, 0 for none.
    int decides(const std::string &text) {
        const auto rules = rules_of_text(text);
        const auto *rule = first_match(rules.rules, connection, network, regex_matches);
        return rule == nullptr ? 0 : rule->line;
    }

    void from(const std::string &address) { connection.address = Address::parse(address).value(); }

    FakeNetwork network;
    RegexMatches regex_matches = is_within;
    Connection connection{
        .user = "app", .database = "shop", .roles = {"app", "staff"}, .address = Address::parse("10.0.0.7")};
};

TEST_F(HbaMatch, TheFirstLineThatFitsDecidesThoughALaterOneFitsCloser) {
    EXPECT_EQ(decides("host all all 10.0.0.0/8 reject\nhost shop app 10.0.0.7/32 trust\n"), 1);
    EXPECT_EQ(decides("host all all 11.0.0.0/8 reject\nhost shop app 10.0.0.7/32 trust\n"), 2);
    EXPECT_EQ(decides("host shop app 10.0.0.7/32 trust\nhost shop app 10.0.0.7/32 reject\n"), 1);
    EXPECT_EQ(decides("host all all 11.0.0.0/8 reject\n"), 0);
    EXPECT_EQ(decides(""), 0);
}

TEST_F(HbaMatch, TypeTellsWhereAndWhetherEncrypted) {
    const std::string all =
        "local all all trust\nhostssl all all all trust\nhostgssenc all all all trust\n"
        "hostnossl all all all trust\n";
    EXPECT_EQ(decides(all), 4);
    connection.ssl = true;
    EXPECT_EQ(decides(all), 2);
    connection.ssl = false;
    connection.gss = true;
    EXPECT_EQ(decides(all), 3);
    EXPECT_EQ(decides("hostnogssenc all all all trust\nhost all all all trust\n"), 2);
    connection.address.reset();
    EXPECT_EQ(decides(all), 1);
    EXPECT_EQ(decides("host all all all trust\n"), 0);
    connection = {.user = "app", .database = "shop", .ssl = true, .address = Address::parse("::1")};
    EXPECT_EQ(decides("hostnossl all all all trust\nhostnogssenc all all all trust\n"), 2);
}

TEST_F(HbaMatch, DatabaseKeywords) {
    EXPECT_EQ(decides("host sameuser all all trust\nhost samerole all all trust\nhost shop all all trust\n"), 3);
    connection.database = "app";
    EXPECT_EQ(decides("host sameuser all all trust\n"), 1);
    connection.database = "staff";
    EXPECT_EQ(decides("host sameuser all all trust\nhost samerole all all trust\n"), 2);
    EXPECT_EQ(decides("host samegroup all all trust\n"), 1);
    EXPECT_EQ(decides("host other,staff all all trust\n"), 1);
}

TEST_F(HbaMatch, AStandbysStreamIsMatchedByReplicationAlone) {
    EXPECT_EQ(decides("host replication all all trust\n"), 0);
    connection.physical_replication = true;
    connection.database = "replication";
    EXPECT_EQ(decides("host all all all trust\nhost \"replication\" all all trust\nhost /repl all all trust\n"
                      "host replication all all trust\n"),
              4);
}

TEST_F(HbaMatch, AKeywordInQuotesIsAName) {
    EXPECT_EQ(decides("host \"all\" all all trust\nhost all \"all\" all trust\nhost all all all trust\n"), 3);
    connection.database = "all";
    EXPECT_EQ(decides("host \"all\" all all trust\n"), 1);
    connection.database = "replication";
    EXPECT_EQ(decides("host replication all all trust\nhost \"replication\" all all trust\n"), 2);
    connection.user = "+staff";
    EXPECT_EQ(decides("host all \"+staff\" all trust\n"), 1);
}

TEST_F(HbaMatch, APlusMeansMembersAndTheRoleItself) {
    EXPECT_EQ(decides("host all +others all trust\nhost all staff all trust\nhost all +staff all trust\n"), 3);
    EXPECT_EQ(decides("host all +app all trust\n"), 1);
    EXPECT_EQ(decides("host all \"+staff\" all trust\n"), 0);
    connection.roles.clear();  // a user that does not exist
    EXPECT_EQ(decides("host all +app all trust\n"), 0);
}

TEST_F(HbaMatch, ASlashBeginsARegularExpressionFromPostgres16On) {
    EXPECT_EQ(decides("host /x all all trust\nhost /sho \"/ap\" all trust\n"), 2);
    regex_matches = nullptr;
    EXPECT_EQ(decides("host /sho /ap all trust\n"), 0);
    connection.database = "/sho";
    EXPECT_EQ(decides("host /sho all all trust\n"), 1);
}

TEST_F(HbaMatch, MasksOfBothFamiliesWhicheverBitsTheyHave) {
    EXPECT_EQ(decides("host all all 10.0.0.8/29 trust\nhost all all 10.0.0.0/29 trust\n"), 2);
    EXPECT_EQ(decides("host all all 10.9.9.7 255.0.0.255 trust\n"), 1);
    EXPECT_EQ(decides("host all all 0.0.0.0/0 trust\n"), 1);
    EXPECT_EQ(decides("host all all ::/0 trust\nhost all all ::ffff:10.0.0.7/128 trust\n"), 0);
    from("fd00::1:7");
    EXPECT_EQ(
        decides("host all all 0.0.0.0/0 trust\nhost all all fd00::2:0/112 trust\nhost all all fd00::1:0/112 trust\n"),
        3);
    from("::ffff:10.0.0.7");
    EXPECT_EQ(decides("host all all 10.0.0.7/32 trust\nhost all all ::ffff:10.0.0.7/128 trust\n"), 2);
}

TEST_F(HbaMatch, AHostNameMustLeadToTheAddressAndBack) {
    const std::string file = "host all all Node1.Example.com trust\n";
    EXPECT_EQ(decides(file), 0);
    network.names["10.0.0.7"] = "node1.example.COM";
    EXPECT_EQ(decides(file), 0);
    network.addresses["node1.example.COM"] = {"10.0.0.8"};
    EXPECT_EQ(decides(file), 0);
    network.addresses["node1.example.COM"] = {"fd00::7", "10.0.0.7"};
    EXPECT_EQ(decides(file), 1);
    EXPECT_EQ(decides("host all all node1 trust\nhost all all example.com trust\nhost all all .Example.com trust\n"),
              3);
    EXPECT_EQ(decides("host all all all reject\n" + file), 1);
    EXPECT_EQ(decides("host all all node1.example.com trust\nhost all all 10.0.0.7/32 reject\n"), 1);
    EXPECT_EQ(decides("host all all 10.0.0.7/32 reject\nhost all all node1.example.com trust\n"), 1);
}

TEST_F(HbaMatch, NoNameServerIsAskedWhereNoNameCouldComeFirst) {
    EXPECT_EQ(decides("host all all 10.0.0.0/24 trust\nhost all all node1 trust\nhost all all .example.com trust\n"),
              1);
    EXPECT_EQ(decides("host other all node1 trust\nhost all all 10.0.0.7/32 trust\n"), 2);
    EXPECT_EQ(network.look_ups, 0);
}

TEST_F(HbaMatch, SamehostAndSamenetGoByTheServersInterfaces) {
    const std::string file = "host all all samehost trust\nhost all all samenet trust\n";
    EXPECT_EQ(decides(file), 0);
    network.own = {{Address::parse("127.0.0.1").value(), Address::parse("255.0.0.0").value()},
                   {Address::parse("10.0.0.1").value(), Address::parse("255.255.255.0").value()}};
    EXPECT_EQ(decides(file), 2);
    from("10.0.0.1");
    EXPECT_EQ(decides(file), 1);
    EXPECT_EQ(decides("host all all \"samehost\" trust\nhost all all \"samenet\" trust\n"), 0);
    from("10.0.1.1");
    EXPECT_EQ(decides(file), 0);
}

TEST(HbaRules, NamesCountAsUnquotedWhereTheTextIsNotWhatTheViewHasRead) {
    const std::vector<ViewRow> rows{{.file = "f", .line = 1, .type = "local", .databases = {"all"}, .users = {"all"}}};
    const auto quoted = [](const std::string &text) {
        return [text](const std::string &) { return std::optional(text); };
    };
    EXPECT_TRUE(rules_of(rows, quoted("local \"all\" all trust")).rules.at(0).databases.at(0).quoted);
    EXPECT_FALSE(rules_of(rows, quoted("local \"other\" all trust")).rules.at(0).databases.at(0).quoted);
    EXPECT_FALSE(rules_of(rows, quoted("\nlocal \"all\" all trust")).rules.at(0).databases.at(0).quoted);
    EXPECT_FALSE(rules_of(rows, [](const std::string &) { return std::optional<std::string>(); })
                     .rules.at(0)
                     .databases.at(0)
                     .quoted);
}

TEST(HbaRules, ALineThatCannotBeReadIsNamedAndOneThatOnlyCannotMatchIsNot) {
    const auto nothing = [](const std::string &) { return std::optional<std::string>(); };
    const auto rules = rules_of({{.file = "f",
                                  .line = 3,
                                  .type = "hostssl",
                                  .databases = {"all"},
                                  .users = {"all"},
                                  .address = "all",
                                  .method = "trust",
                                  .error = "SSL is disabled"},
                                 {.file = "f", .line = 4, .error = "end-of-line"},
                                 {.file = "f", .line = 5, .error = "another"}},
                                nothing);
    EXPECT_EQ(rules.rules.size(), 1U);
    ASSERT_TRUE(rules.broken);
    EXPECT_EQ(rules.broken->line, 4);
}

TEST(HbaAddress, WhatIsNoNumberIsNoAddress) {
    EXPECT_FALSE(Address::parse("node1"));
    EXPECT_FALSE(Address::parse(""));
    EXPECT_FALSE(Address::parse("10.0.0.1/32"));
    EXPECT_EQ(Address::parse("fe80::1%eth0")->text(), "fe80::1");
    EXPECT_EQ(Address::parse("FD00:0::7")->as_network_of_one(), "fd00::7/128");
    EXPECT_EQ(Address::parse("10.0.0.7")->as_network_of_one(), "10.0.0.7/32");
}

}  // namespace
}  // namespace pgaf::hba
