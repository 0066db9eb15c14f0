#include <algorithm>

#include <gtest/gtest.h>

#include "core/hba_findings.hpp"

namespace pgaf::hba {
namespace {

class AddressBook final : public Network {
  public:
    std::map<std::string, std::vector<Address>> addresses;
    std::vector<Interface> own;

    std::optional<std::string> name_of(const Address &address) override {
        for (const auto &[name, all] : addresses) {
            if (name.starts_with("both") && std::ranges::find(all, address) != all.end()) {
                return name;
            }
        }
        return std::nullopt;
    }
    std::vector<Address> addresses_of(const std::string &name) override { return addresses[name]; }
    const std::vector<Interface> &interfaces() override { return own; }
};

Address address(const char *text) {
    return Address::parse(text).value();
}

Rule rule(int line, Type type, const char *network, const char *method, const char *options = "") {
    return {.file = "pg_hba.conf",
            .line = line,
            .type = type,
            .databases = {{"all"}, {"replication"}},
            .users = {{"all"}},
            .address = {},
            .network = address(network),
            .mask = Address::full_mask(Address::Family::V4),
            .method = method,
            .options = options};
}

class HbaFindings : public ::testing::Test {
  protected:
    std::vector<Finding> look(std::vector<Rule> rules) {
        server.rules.rules = std::move(rules);
        return find(server, needs_of_monitor(nodes, encryption), before, network);
    }

    AddressBook network;
    Server server{.rules = {}, .file = "pg_hba.conf", .ssl = true, .roles = {}, .regex_matches = nullptr};
    std::vector<Client> nodes{{1, "node_1", "10.0.0.1"}};
    Encryption encryption = Encryption::Required;
    std::vector<Finding> before;
};

TEST_F(HbaFindings, WhatIsLetInNeedsNoAdviceAndIsProposedAsItIs) {
    const auto found = look({rule(3, Type::HostSsl, "10.0.0.1", "scram-sha-256", "clientcert=verify-ca")});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].verdict, Verdict::Ok);
    EXPECT_EQ(found[0].line, 3);
    EXPECT_TRUE(found[0].encrypted);
    EXPECT_TRUE(found[0].advice.empty());
    EXPECT_EQ(found[0].required_line,
              "hostssl \"pg_auto_failover\" \"autoctl_node\" 10.0.0.1/32 scram-sha-256 clientcert=verify-ca");
}

TEST_F(HbaFindings, ALineThatRejectsMustComeAfterTheRequiredOne) {
    const auto found = look({rule(2, Type::Host, "10.0.0.1", "reject"), rule(3, Type::Host, "10.0.0.1", "trust")});
    EXPECT_EQ(found[0].verdict, Verdict::Rejected);
    EXPECT_EQ(found[0].advice, "put the required line before line 2 of pg_hba.conf");
    EXPECT_NE(found[0].required_line.find(" scram-sha-256"), std::string::npos);
}

TEST_F(HbaFindings, WhereNoLineMatchesTheStrictestOfTheOthersIsProposed) {
    nodes.push_back({2, "node_2", "10.0.0.2"});
    nodes.push_back({3, "node_3", "10.0.0.3"});
    const auto found = look({rule(1, Type::Host, "10.0.0.1", "trust"), rule(2, Type::Host, "10.0.0.2", "md5")});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[2].verdict, Verdict::NoMatch);
    EXPECT_EQ(found[2].line, 0);
    EXPECT_EQ(found[2].advice, "append the required line to pg_hba.conf");
    EXPECT_EQ(found[2].required_line, "hostssl \"pg_auto_failover\" \"autoctl_node\" 10.0.0.3/32 md5");
}

TEST_F(HbaFindings, AsksForEncryptionOnlyWhereTheServerHasIt) {
    server.ssl = false;
    auto found = look({rule(1, Type::Host, "10.0.0.1", "trust")});
    EXPECT_EQ(found[0].verdict, Verdict::NoMatch);
    EXPECT_NE(found[0].advice.find("ssl is off"), std::string::npos);
    encryption = Encryption::Never;
    found = look({rule(1, Type::Host, "10.0.0.1", "trust")});
    EXPECT_EQ(found[0].verdict, Verdict::Ok);
    EXPECT_TRUE(found[0].required_line.starts_with("host "));
}

TEST_F(HbaFindings, AClientThatOnlyPrefersEncryptionComesInWithout) {
    encryption = Encryption::Preferred;
    auto found = look({rule(1, Type::HostNoSsl, "10.0.0.1", "trust")});
    EXPECT_EQ(found[0].verdict, Verdict::Ok);
    EXPECT_FALSE(found[0].encrypted);
    found = look({rule(1, Type::HostSsl, "10.0.0.1", "reject")});
    EXPECT_EQ(found[0].verdict, Verdict::Rejected);
    EXPECT_TRUE(found[0].encrypted);
    encryption = Encryption::Required;
    found = look({rule(1, Type::HostNoSsl, "10.0.0.1", "trust")});
    EXPECT_EQ(found[0].verdict, Verdict::NoMatch);
}

TEST_F(HbaFindings, TellsWhatIsWeakerThanItWasAndProposesWhatWas) {
    struct Case {
        Rule before;
        Rule now;
        const char *what;  // empty: as strong
    };
    const std::vector<Case> cases{
        {rule(7, Type::HostSsl, "10.0.0.1", "scram-sha-256"), rule(1, Type::HostSsl, "10.0.0.1", "trust"),
         "trust where it was scram-sha-256"},
        {rule(7, Type::HostSsl, "10.0.0.1", "cert"), rule(1, Type::HostSsl, "10.0.0.1", "trust"),
         "trust where it was cert"},
        {rule(7, Type::HostSsl, "10.0.0.1", "scram-sha-256"), rule(1, Type::HostSsl, "10.0.0.1", "md5"),
         "md5 where it was scram-sha-256"},
        {rule(7, Type::HostSsl, "10.0.0.1", "md5"), rule(1, Type::HostSsl, "10.0.0.1", "password"),
         "password where it was md5"},
        {rule(7, Type::HostSsl, "10.0.0.1", "md5"), rule(1, Type::Host, "10.0.0.1", "md5"),
         "cleartext is let in where it was hostssl"},
        {rule(7, Type::HostSsl, "10.0.0.1", "md5", "clientcert=verify-full"), rule(1, Type::HostSsl, "10.0.0.1", "md5"),
         "no client certificate"},
        {rule(7, Type::Host, "10.0.0.1", "trust"), rule(1, Type::HostSsl, "10.0.0.1", "scram-sha-256"), ""},
        {rule(7, Type::Host, "10.0.0.1", "trust"), rule(1, Type::Host, "10.0.0.1", "trust"), ""},
        {rule(7, Type::Host, "10.0.0.1", "ldap"), rule(1, Type::Host, "10.0.0.1", "md5"), ""},
    };
    for (const auto &test : cases) {
        before.clear();
        before = look({test.before});
        const auto found = look({test.now});
        SCOPED_TRACE(test.before.method + " to " + test.now.method);
        EXPECT_EQ(found[0].verdict, *test.what == '\0' ? Verdict::Ok : Verdict::Weaker);
        EXPECT_NE(found[0].advice.find(test.what), std::string::npos) << found[0].advice;
        EXPECT_NE(found[0].was.find(test.before.method), std::string::npos) << found[0].was;
        if (*test.what != '\0') {
            EXPECT_TRUE(found[0].required_line.starts_with("hostssl")) << found[0].required_line;
            EXPECT_NE(found[0].required_line.find(" " + test.before.method), std::string::npos)
                << found[0].required_line;
        }
    }
}

TEST_F(HbaFindings, LosingEncryptionIsWeaker) {
    encryption = Encryption::Preferred;
    before = look({rule(1, Type::Host, "10.0.0.1", "md5")});
    server.ssl = false;
    const auto found = look({rule(1, Type::Host, "10.0.0.1", "md5")});
    EXPECT_EQ(found[0].verdict, Verdict::Weaker);
    EXPECT_NE(found[0].advice.find("cleartext where it was encrypted"), std::string::npos);
}

TEST_F(HbaFindings, WhatWasLetInIsProposedAgain) {
    before = look({rule(1, Type::HostSsl, "10.0.0.1", "md5")});
    const auto found = look({});
    EXPECT_EQ(found[0].verdict, Verdict::NoMatch);
    EXPECT_NE(found[0].required_line.find(" md5"), std::string::npos);
    EXPECT_EQ(found[0].was, "hostssl md5, line 1");
}

TEST_F(HbaFindings, EveryAddressOfANameIsLookedAtAndOneIsEnough) {
    nodes = {{1, "node_1", "both1"}};
    network.addresses["both1"] = {address("fd00::1"), address("10.0.0.1")};
    auto found = look({rule(1, Type::Host, "10.0.0.1", "trust")});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].verdict, Verdict::NoMatch);
    EXPECT_EQ(found[1].verdict, Verdict::Ok);
    EXPECT_NE(found[1].required_line.find(" both1 "), std::string::npos);
    EXPECT_TRUE(newly_shut_out(found).empty());
    found = look({});
    EXPECT_EQ(newly_shut_out(found).size(), 2U);
}

TEST_F(HbaFindings, ANameThatDoesNotLeadBackIsWrittenAsItsAddress) {
    nodes = {{1, "node_1", "forward1"}};
    network.addresses["forward1"] = {address("10.0.0.1")};
    EXPECT_NE(look({})[0].required_line.find(" 10.0.0.1/32 "), std::string::npos);
}

TEST_F(HbaFindings, AHostWithoutAnAddressIsNotJudged) {
    nodes = {{1, "node_1", "nowhere"}};
    const auto found = look({});
    EXPECT_EQ(found[0].verdict, Verdict::Unresolved);
    EXPECT_TRUE(found[0].required_line.empty());
    EXPECT_TRUE(newly_shut_out(found).empty());
}

TEST_F(HbaFindings, AFileThatPostgresCannotReadLetsNobodyIn) {
    server.rules.broken = ViewRow{.file = "other.conf", .line = 9, .error = "end-of-line"};
    const auto found = look({rule(1, Type::Host, "10.0.0.1", "trust")});
    EXPECT_EQ(found[0].verdict, Verdict::Broken);
    EXPECT_EQ(found[0].line, 9);
    EXPECT_TRUE(found[0].advice.starts_with("end-of-line"));
    EXPECT_EQ(newly_shut_out(found).size(), 1U);
}

TEST_F(HbaFindings, WhatWasShutOutBeforeIsNotNew) {
    before = look({});
    EXPECT_EQ(newly_shut_out(before).size(), 1U);
    const auto found = look({});
    EXPECT_EQ(found[0].was, "no match");
    EXPECT_TRUE(newly_shut_out(found).empty());
}

TEST(HbaNeeds, ADataNodeLetsInTheMonitorAndEveryOtherNodeTwice) {
    const std::vector<Client> others{{2, "node_2", "10.0.0.2"}, {3, "node_3", "10.0.0.3"}};
    const auto needs = needs_of_node({0, "monitor", "10.0.0.9"}, others, "shop", Encryption::Required);
    ASSERT_EQ(needs.size(), 5U);
    EXPECT_EQ(needs[0].purpose, Purpose::HealthCheck);
    EXPECT_EQ(needs[0].user, "pgautofailover_monitor");
    EXPECT_EQ(needs[0].database, "postgres");
    EXPECT_TRUE(needs[1].is_physical_replication());
    EXPECT_EQ(needs[1].client.nodeid, 2);
    EXPECT_EQ(needs[2].purpose, Purpose::Rewind);
    EXPECT_EQ(needs[2].database, "shop");
    EXPECT_EQ(needs[4].client.nodeid, 3);
    EXPECT_EQ(needs[4].encryption, Encryption::Required);
}

TEST(HbaNeeds, ReplicationIsProposedByItsKeyword) {
    AddressBook network;
    const std::vector<Client> others{{2, "node_2", "10.0.0.2"}};
    const auto needs = needs_of_node({0, "monitor", "10.0.0.9"}, others, "sh\"op", Encryption::Preferred);
    const auto found = find({}, needs, {}, network);
    EXPECT_EQ(found.at(1).required_line, "host replication \"pgautofailover_replicator\" 10.0.0.2/32 scram-sha-256");
    EXPECT_EQ(found.at(2).required_line, "host \"sh\"\"op\" \"pgautofailover_replicator\" 10.0.0.2/32 scram-sha-256");
}

TEST(HbaNames, AreReadAsTheyAreWritten) {
    for (const auto purpose : {Purpose::Keeper, Purpose::HealthCheck, Purpose::Replication, Purpose::Rewind}) {
        EXPECT_EQ(parse_purpose(to_string(purpose)), purpose);
    }
    for (const auto verdict :
         {Verdict::Ok, Verdict::Weaker, Verdict::Rejected, Verdict::NoMatch, Verdict::Broken, Verdict::Unresolved}) {
        EXPECT_EQ(parse_verdict(to_string(verdict)), verdict);
    }
    EXPECT_FALSE(parse_purpose("else"));
    EXPECT_FALSE(parse_verdict(""));
    EXPECT_EQ(encryption_of("disable"), Encryption::Never);
    EXPECT_EQ(encryption_of(""), Encryption::Preferred);
    EXPECT_EQ(encryption_of("verify-full"), Encryption::Required);
}

}  // namespace
}  // namespace pgaf::hba
