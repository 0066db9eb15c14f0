#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "core/errors.hpp"
#include "core/hba_findings.hpp"
#include "core/hba_view.hpp"
#include "src/functions.hpp"
#include "src/pg/interrupt.hpp"
#include "src/store.hpp"
#include "src/store_hba.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

// What shows a row of the monitor's own file, and one of a node whose helper has told nothing.
constexpr const char *kMonitorName = "monitor";
constexpr const char *kNotReported = "not reported";

// A name server that does not answer may take seconds for each name: the query can be cancelled between.
class ServerNetwork final : public hba::Network {
  public:
    std::optional<std::string> name_of(const hba::Address &address) override {
        pg::check_for_interrupts();
        return system_.name_of(address);
    }
    std::vector<hba::Address> addresses_of(const std::string &name) override {
        pg::check_for_interrupts();
        return system_.addresses_of(name);
    }
    const std::vector<hba::Interface> &interfaces() override { return system_.interfaces(); }

  private:
    hba::SystemNetwork system_;
};

hba::Server this_server(const std::string &user) {
    hba::Server server;
    server.rules = hba::rules_of(store::hba_rows(), store::read_server_file);
    server.file = store::hba_file();
    server.ssl = store::ssl_is_on();
    server.roles[user] = store::memberships(user);
    if (store::server_major() >= hba::kRegexSince) {
        server.regex_matches = store::regex_matches;
    }
    return server;
}

std::vector<store::ClusterNode> nodes_of(const Text &formation) {
    auto nodes = store::cluster_nodes();
    if (!formation) {
        return nodes;
    }
    const auto known = store::formations();
    if (std::ranges::find(known, *formation) == known.end()) {
        throw Error(code::kUnknownObject, "there is no formation \"" + *formation + "\"",
                    "See pgautofailover.formation, or give null for every formation.");
    }
    std::erase_if(nodes, [&](const store::ClusterNode &node) { return node.formation != *formation; });
    return nodes;
}

hba::Client client_of(const store::ClusterNode &node) {
    return {node.nodeid, node.name, node.host};
}

// The address by which the monitor reaches others, as far as it can be told from here.
hba::Client this_monitor(hba::Network &network) {
    const auto loopback = hba::Address::parse("127.0.0.0").value();
    const auto loopback_mask = hba::Address::parse("255.0.0.0").value();
    for (const auto &own : network.interfaces()) {
        if (own.address.family() == hba::Address::Family::V4 && !own.address.is_within(loopback, loopback_mask)) {
            return {0, kMonitorName, own.address.text()};
        }
    }
    return {0, kMonitorName, ""};
}

struct Seen {
    std::string formation;
    std::string node;
    std::int64_t nodeid = 0;
    hba::Finding finding;
    std::string verdict;
    Text at = std::nullopt;  // null: read now
};

// What the monitor's own file says to the keepers of these nodes.
std::vector<Seen> seen_on_monitor(const std::vector<store::ClusterNode> &nodes, hba::Network &network) {
    std::vector<hba::Client> clients;
    std::map<std::int64_t, std::string> formations;
    for (const auto &node : nodes) {
        clients.push_back(client_of(node));
        formations[node.nodeid] = node.formation;
    }
    // pg_autoctl has its keepers encrypt wherever the monitor can
    const auto encryption = store::ssl_is_on() ? hba::Encryption::Required : hba::Encryption::Never;
    const auto needs = hba::needs_of_monitor(clients, encryption);
    if (needs.empty()) {
        return {};
    }
    const auto server = this_server(needs.front().user);
    std::vector<Seen> seen;
    for (auto &finding : hba::find(server, needs, store::hba_before_upgrade(0), network)) {
        const auto &formation = formations.at(finding.need.client.nodeid);
        const std::string verdict(hba::to_string(finding.verdict));
        seen.push_back({formation, kMonitorName, 0, std::move(finding), verdict});
    }
    return seen;
}

// Of what a data node needs, the line is known here, whatever its file says.
using NeedOfNode = std::pair<const store::ClusterNode *, std::vector<hba::Finding>>;  // an entry an address

std::vector<NeedOfNode> needs_of_nodes(const std::vector<store::ClusterNode> &nodes, hba::Network &network) {
    hba::Server unknown;
    unknown.file = "pg_hba.conf";
    unknown.ssl = store::ssl_is_on();
    const auto monitor = this_monitor(network);
    std::map<std::pair<std::string, int>, std::vector<hba::Client>> groups;
    std::map<std::string, std::string> databases;
    for (const auto &node : nodes) {
        groups[{node.formation, node.group}].push_back(client_of(node));
        if (!databases.contains(node.formation)) {
            databases[node.formation] = store::formation_database(node.formation);
        }
    }
    std::vector<NeedOfNode> all;
    for (const auto &node : nodes) {
        auto others = groups.at({node.formation, node.group});
        std::erase_if(others, [&](const hba::Client &client) { return client.nodeid == node.nodeid; });
        for (const auto &need :
             hba::needs_of_node(monitor, others, databases.at(node.formation), hba::Encryption::Preferred)) {
            all.emplace_back(&node, hba::find(unknown, std::span(&need, 1), {}, network));
        }
    }
    return all;
}

using Reports = std::map<std::tuple<std::int64_t, hba::Purpose, std::int64_t>, std::vector<store::HbaReport>>;

Reports by_need(std::vector<store::HbaReport> reports) {
    Reports sorted;
    for (auto &report : reports) {
        const auto &need = report.finding.need;
        sorted[{report.nodeid, need.purpose, need.client.nodeid}].push_back(std::move(report));
    }
    return sorted;
}

Seen not_reported(const store::ClusterNode &node, hba::Finding finding) {
    finding.file.clear();
    finding.advice = "run pgaf-upgrade on " + node.name + ": its helper reads the file";
    return {node.formation, node.name, node.nodeid, std::move(finding), kNotReported};
}

// The finding of the same address, else of any.
const hba::Finding *earlier(const std::vector<store::HbaReport> &reports, const hba::Finding &finding) {
    const auto same =
        std::ranges::find(reports, finding.address, [](const auto &report) { return report.finding.address; });
    return same == reports.end() ? &reports.front().finding : &same->finding;
}

// What the files of the data nodes say, as their helpers last told: whether a need is met, and by which line. What is
// needed is known from the monitor, so that a node that came later is seen to be missing.
void append_seen_on_nodes(std::vector<Seen> &seen, const std::vector<store::ClusterNode> &nodes,
                          hba::Network &network) {
    const auto reports = by_need(store::last_hba_reports());
    const auto before = by_need(store::hba_reports_before_upgrade());
    for (const auto &[node, own] : needs_of_nodes(nodes, network)) {
        const auto &need = own.front().need;
        const auto key = std::tuple(node->nodeid, need.purpose, need.client.nodeid);
        const auto report = reports.find(key);
        if (report == reports.end()) {
            for (const auto &finding : own) {
                seen.push_back(not_reported(*node, finding));
            }
            continue;
        }
        const auto past = before.find(key);
        for (const auto &[nodeid, reported, at] : report->second) {
            auto finding = reported;
            hba::take_own_words(finding, own, past == before.end() ? nullptr : earlier(past->second, reported));
            const std::string verdict(hba::to_string(finding.verdict));
            seen.push_back({node->formation, node->name, nodeid, std::move(finding), verdict, at});
        }
    }
}

Text or_null(const std::string &text) {
    return text.empty() ? std::nullopt : Text(text);
}

}  // namespace

Outcome pgaf_upgrade_verify_hba(const Arguments &arguments) {
    Outcome outcome;
    const auto nodes = nodes_of(arguments.text(0));
    ServerNetwork network;
    auto seen = seen_on_monitor(nodes, network);
    append_seen_on_nodes(seen, nodes, network);
    for (const auto &[formation, node, nodeid, finding, verdict, at] : seen) {
        const auto &need = finding.need;
        outcome.rows.push_back({formation,
                                node,
                                std::string(hba::to_string(need.purpose)),
                                need.client.name,
                                need.user,
                                need.client.host,
                                finding.address ? Text(finding.address->text()) : std::nullopt,
                                need.database,
                                finding.encrypted ? "t" : "f",
                                or_null(finding.file),
                                finding.line > 0 ? Text(std::to_string(finding.line)) : std::nullopt,
                                or_null(finding.type),
                                or_null(finding.method),
                                or_null(finding.options),
                                verdict,
                                or_null(finding.was),
                                or_null(finding.required_line),
                                or_null(finding.advice),
                                at,
                                std::to_string(nodeid),
                                std::to_string(need.client.nodeid)});
    }
    return outcome;
}

Outcome pgaf_upgrade_required_hba(const Arguments &arguments) {
    Outcome outcome;
    std::set<std::pair<std::int64_t, std::string>> known;
    const auto append = [&](std::int64_t nodeid, const std::string &node, const std::string &line) {
        if (!line.empty() && known.emplace(nodeid, line).second) {
            outcome.rows.push_back({node, line});
        }
    };
    const auto nodes = nodes_of(arguments.text(0));
    ServerNetwork network;
    for (const auto &one : seen_on_monitor(nodes, network)) {
        append(one.nodeid, one.node, one.finding.required_line);
    }
    // A line that a node reports would be put into its file, or another's, by who trusts the monitor.
    for (const auto &[node, own] : needs_of_nodes(nodes, network)) {
        for (const auto &finding : own) {
            append(node->nodeid, node->name, finding.required_line);
        }
    }
    return outcome;
}

Outcome pgaf_upgrade_match_hba(const Arguments &arguments) {
    hba::Connection connection;
    connection.user = arguments.required(0, "user_name");
    connection.database = arguments.required(1, "database");
    if (const auto &text = arguments.text(2)) {
        connection.address = hba::Address::parse(*text);
        if (!connection.address) {
            throw Error(code::kBadArgument, "\"" + *text + "\" is not the address of a client",
                        "Give one address without a netmask, or null for a Unix socket.");
        }
    }
    connection.ssl = arguments.required_boolean(3, "encrypted");
    connection.physical_replication = arguments.required_boolean(4, "physical_replication");

    const auto server = this_server(connection.user);
    connection.roles = server.roles.at(connection.user);
    if (const auto &broken = server.rules.broken) {
        return {std::nullopt,
                {{broken->file, std::to_string(broken->line), std::nullopt, std::nullopt, broken->error}}};
    }
    ServerNetwork network;
    const auto *rule = hba::first_match(server.rules.rules, connection, network, server.regex_matches);
    if (rule == nullptr) {
        return {};
    }
    return {std::nullopt,
            {{rule->file, std::to_string(rule->line), std::string(hba::to_string(rule->type)), rule->method,
              std::nullopt}}};
}

}  // namespace pgaf::functions
