#include "core/hba_findings.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "core/names.hpp"

namespace pgaf::hba {

namespace {

constexpr std::string_view kKeeperUser = "autoctl_node";
constexpr std::string_view kMonitorDatabase = "pg_auto_failover";
constexpr std::string_view kHealthUser = "pgautofailover_monitor";
constexpr std::string_view kHealthDatabase = "postgres";
constexpr std::string_view kReplicator = "pgautofailover_replicator";

// What is proposed where nothing tells what this cluster uses.
constexpr std::string_view kDefaultMethod = "scram-sha-256";

constexpr Names<Purpose, 4> kPurposes{{
    {Purpose::Keeper, "keeper"},
    {Purpose::HealthCheck, "health check"},
    {Purpose::Replication, "replication"},
    {Purpose::Rewind, "rewind"},
}};

constexpr Names<Verdict, 6> kVerdicts{{
    {Verdict::Ok, "ok"},
    {Verdict::Weaker, "weaker"},
    {Verdict::Rejected, "rejected"},
    {Verdict::NoMatch, "no match"},
    {Verdict::Broken, "broken"},
    {Verdict::Unresolved, "unresolved"},
}};

// How much the methods that ask for a password ask for; 0 for those that cannot be compared with them.
int password_strength(std::string_view method) {
    constexpr std::array<std::string_view, 3> kMethods{"password", "md5", "scram-sha-256"};
    const auto *const found = std::ranges::find(kMethods, method);
    return found == kMethods.end() ? 0 : static_cast<int>(found - kMethods.begin()) + 1;
}

bool is_weaker_method(std::string_view method, std::string_view than) {
    if (method == "trust" || than == "trust") {
        return method != than && method == "trust";
    }
    return password_strength(method) > 0 && password_strength(method) < password_strength(than);
}

bool demands_encryption(std::string_view type) {
    return type == "hostssl" || type == "hostgssenc";
}

bool has_client_certificate(const Finding &finding) {
    return finding.method == "cert" || finding.options.find("clientcert=verify-") != std::string::npos;
}

std::string method_and_options(const Finding &finding) {
    return finding.method + (finding.options.empty() ? "" : " " + finding.options);
}

std::string describe(const Finding &finding) {
    if (finding.line == 0) {
        return std::string(to_string(finding.verdict));
    }
    return finding.type + " " + method_and_options(finding) + ", line " + std::to_string(finding.line);
}

// What is weaker now, for people; nothing when all is as strong as it was.
std::string weakness(const Finding &before, const Finding &now) {
    if (is_weaker_method(now.method, before.method)) {
        return now.method + " where it was " + before.method;
    }
    if (demands_encryption(before.type) && !demands_encryption(now.type)) {
        return "cleartext is let in where it was " + before.type;
    }
    if (before.encrypted && !now.encrypted) {
        return "cleartext where it was encrypted";
    }
    if (has_client_certificate(before) && !has_client_certificate(now)) {
        return "no client certificate where one was asked for";
    }
    return {};
}

// What is let in, asked once for each kind of connection.
class Decider {
  public:
    Decider(const Server &server, Network &network) : server_(server), network_(network) {}

    const Rule *decide(const Need &need, const Address &address, bool ssl) {
        const auto kind = std::tuple(need.user, need.database, need.is_physical_replication(), ssl);
        auto found = candidates_.find(kind);
        if (found == candidates_.end()) {
            Connection connection;
            connection.user = need.user;
            connection.database = need.database;
            connection.physical_replication = need.is_physical_replication();
            if (const auto roles = server_.roles.find(need.user); roles != server_.roles.end()) {
                connection.roles = roles->second;
            }
            connection.ssl = ssl;
            connection.address = address;
            found = candidates_.emplace(kind, Candidates(server_.rules.rules, connection, server_.regex_matches)).first;
        }
        return found->second.first_for(address, network_);
    }

  private:
    const Server &server_;
    Network &network_;
    std::map<std::tuple<std::string, std::string, bool, bool>, Candidates> candidates_;
};

// What was found before of a connection, of the same address where it can be.
class Past {
  public:
    explicit Past(std::span<const Finding> findings) {
        for (const auto &finding : findings) {
            const auto client = std::pair(finding.need.purpose, finding.need.client.nodeid);
            of_client_.try_emplace(client, &finding);
            of_address_.try_emplace(std::tuple(client.first, client.second, finding.address), &finding);
        }
    }

    [[nodiscard]] const Finding *of(const Finding &finding) const {
        const auto client = std::pair(finding.need.purpose, finding.need.client.nodeid);
        const auto exact = of_address_.find(std::tuple(client.first, client.second, finding.address));
        if (exact != of_address_.end()) {
            return exact->second;
        }
        const auto other = of_client_.find(client);
        return other != of_client_.end() ? other->second : nullptr;
    }

  private:
    std::map<std::pair<Purpose, std::int64_t>, const Finding *> of_client_;
    std::map<std::tuple<Purpose, std::int64_t, std::optional<Address>>, const Finding *> of_address_;
};

void take(Finding &finding, const Rule *rule, bool ssl) {
    finding.encrypted = ssl;
    if (rule == nullptr) {
        finding.verdict = Verdict::NoMatch;
        return;
    }
    finding.file = rule->file;
    finding.line = rule->line;
    finding.type = to_string(rule->type);
    finding.method = rule->method;
    finding.options = rule->options;
    finding.verdict = rule->method == "reject" ? Verdict::Rejected : Verdict::Ok;
}

bool is_reject(const Rule *rule) {
    return rule == nullptr || rule->method == "reject";
}

std::string unresolved(const Need &need) {
    return "the host name " + need.client.host + " has no address here: see /etc/hosts and the name server";
}

void decide(Finding &finding, const Server &server, Decider &decider) {
    const auto &need = finding.need;
    if (server.rules.broken) {
        finding.verdict = Verdict::Broken;
        finding.file = server.rules.broken->file;
        finding.line = server.rules.broken->line;
        finding.advice =
            server.rules.broken->error + ": PostgreSQL takes nothing of the file until that line is mended";
        return;
    }
    if (!finding.address) {
        finding.verdict = Verdict::Unresolved;
        finding.advice = unresolved(need);
        return;
    }
    if (need.encryption == Encryption::Required && !server.ssl) {
        finding.verdict = Verdict::NoMatch;
        finding.encrypted = true;
        finding.advice = "ssl is off on this server and the client insists on it";
        return;
    }
    const bool ssl = server.ssl && need.encryption != Encryption::Never;
    const auto *rule = decider.decide(need, *finding.address, ssl);
    if (is_reject(rule) && ssl && need.encryption == Encryption::Preferred) {
        // libpq tries again without
        if (const auto *plain = decider.decide(need, *finding.address, false); !is_reject(plain)) {
            take(finding, plain, false);
            return;
        }
    }
    take(finding, rule, ssl);
}

void compare(Finding &finding, const Finding *before) {
    if (before == nullptr) {
        return;
    }
    finding.was = describe(*before);
    if (before->verdict != Verdict::Unresolved) {
        finding.was_let_in = is_let_in(before->verdict);
    }
    if (is_let_in(finding.verdict) && is_let_in(before->verdict)) {
        const auto what = weakness(*before, finding);
        if (!what.empty()) {
            finding.verdict = Verdict::Weaker;
            finding.advice = what;
        }
    }
}

// The method to propose: what asked for the most, of what there is for this connection now and before;
// else of what the server has for its other connections.
std::string required_method(const Finding &finding, const Finding *before, const std::string &others) {
    const bool had = before != nullptr && is_let_in(before->verdict);
    if (had && (!is_let_in(finding.verdict) || finding.verdict == Verdict::Weaker)) {
        return method_and_options(*before);
    }
    return is_let_in(finding.verdict) ? method_and_options(finding) : others;
}

std::string required_line(const Finding &finding, const Finding *before, const Server &server,
                          const std::string &other_method, Network &network) {
    const auto &need = finding.need;
    if (!finding.address) {
        return {};
    }
    const bool encrypt = (server.ssl && need.encryption != Encryption::Never) || demands_encryption(finding.type) ||
                         (before != nullptr && demands_encryption(before->type));
    return std::string(encrypt ? "hostssl " : "host ") +
           (need.is_physical_replication() ? "replication" : quote_token(need.database)) + " " +
           quote_token(need.user) + " " + address_field(need.client.host, *finding.address, network) + " " +
           required_method(finding, before, other_method);
}

void advise(Finding &finding) {
    const auto before_line =
        "put the required line before line " + std::to_string(finding.line) + " of " + finding.file;
    switch (finding.verdict) {
        case Verdict::Weaker:
            finding.advice += ": " + before_line;
            break;
        case Verdict::Rejected:
            finding.advice = before_line;
            break;
        case Verdict::NoMatch:
            if (finding.advice.empty()) {
                finding.advice = "append the required line to " + finding.file;
            }
            break;
        case Verdict::Ok:
        case Verdict::Broken:
        case Verdict::Unresolved:
            break;
    }
}

std::string strictest_method(std::span<const Finding> findings) {
    const Finding *strictest = nullptr;
    for (const auto &finding : findings) {
        if (is_let_in(finding.verdict) &&
            (strictest == nullptr || is_weaker_method(strictest->method, finding.method))) {
            strictest = &finding;
        }
    }
    return strictest == nullptr ? std::string(kDefaultMethod) : method_and_options(*strictest);
}

}  // namespace

std::vector<Need> needs_of_monitor(std::span<const Client> nodes, Encryption encryption) {
    std::vector<Need> needs;
    for (const auto &node : nodes) {
        needs.push_back({Purpose::Keeper, node, std::string(kKeeperUser), std::string(kMonitorDatabase), encryption});
    }
    return needs;
}

std::vector<Need> needs_of_node(const Client &monitor, std::span<const Client> others, const std::string &dbname,
                                Encryption replication) {
    // The health check's connection string leaves sslmode to libpq's default.
    std::vector<Need> needs{
        {Purpose::HealthCheck, monitor, std::string(kHealthUser), std::string(kHealthDatabase), Encryption::Preferred}};
    for (const auto &other : others) {
        needs.push_back({Purpose::Replication, other, std::string(kReplicator), "replication", replication});
        needs.push_back({Purpose::Rewind, other, std::string(kReplicator), dbname, replication});
    }
    return needs;
}

std::vector<Finding> find(const Server &server, std::span<const Need> needs, std::span<const Finding> before,
                          Network &network) {
    const Past past(before);
    Decider decider(server, network);
    std::vector<Finding> findings;
    for (const auto &need : needs) {
        std::vector<std::optional<Address>> addresses;
        if (const auto number = Address::parse(need.client.host)) {
            addresses.emplace_back(number);
        } else {
            std::ranges::copy(network.addresses_of(need.client.host), std::back_inserter(addresses));
        }
        if (addresses.empty()) {
            addresses.emplace_back(std::nullopt);
        }
        for (const auto &address : addresses) {
            Finding finding;
            finding.need = need;
            finding.address = address;
            finding.file = server.file;
            decide(finding, server, decider);
            compare(finding, past.of(finding));
            findings.push_back(std::move(finding));
        }
    }
    const auto other_method = strictest_method(findings);
    for (auto &finding : findings) {
        finding.required_line = required_line(finding, past.of(finding), server, other_method, network);
        advise(finding);
    }
    return findings;
}

void take_own_words(Finding &reported, std::span<const Finding> own, const Finding *before) {
    const auto same = std::ranges::find(own, reported.address, &Finding::address);
    const auto &known = same == own.end() ? own.front() : *same;
    reported.need = known.need;
    reported.required_line = known.required_line;
    reported.advice.clear();
    switch (reported.verdict) {
        case Verdict::Weaker:
            reported.advice = before == nullptr ? std::string() : weakness(*before, reported);
            if (reported.advice.empty()) {
                reported.advice = "less is asked for than before";
            }
            break;
        case Verdict::Broken:
            reported.advice = "PostgreSQL takes nothing of the file until line " + std::to_string(reported.line) +
                              " of " + reported.file + " is mended";
            break;
        case Verdict::Unresolved:
            reported.advice = unresolved(known.need);
            break;
        case Verdict::Ok:
        case Verdict::Rejected:
        case Verdict::NoMatch:
            break;
    }
    advise(reported);
}

bool is_let_in(Verdict verdict) {
    return verdict == Verdict::Ok || verdict == Verdict::Weaker;
}

std::vector<const Finding *> newly_shut_out(std::span<const Finding> findings) {
    std::map<std::pair<Purpose, std::int64_t>, std::vector<const Finding *>> by_client;
    for (const auto &finding : findings) {
        by_client[{finding.need.purpose, finding.need.client.nodeid}].push_back(&finding);
    }
    std::vector<const Finding *> shut_out;
    for (const auto &[client, all] : by_client) {
        const bool is_met = std::ranges::any_of(all, [](const Finding *finding) {
            return is_let_in(finding->verdict) || finding->verdict == Verdict::Unresolved;
        });
        const bool was_met =
            std::ranges::any_of(all, [](const Finding *finding) { return finding->was_let_in.value_or(true); });
        if (!is_met && was_met) {
            shut_out.insert(shut_out.end(), all.begin(), all.end());
        }
    }
    return shut_out;
}

std::string_view to_string(Purpose purpose) {
    return name_of(kPurposes, purpose);
}

std::string_view to_string(Verdict verdict) {
    return name_of(kVerdicts, verdict);
}

std::optional<Purpose> parse_purpose(std::string_view text) {
    return value_of(kPurposes, text);
}

std::optional<Verdict> parse_verdict(std::string_view text) {
    return value_of(kVerdicts, text);
}

Encryption encryption_of(std::string_view sslmode) {
    if (sslmode == "disable") {
        return Encryption::Never;
    }
    return sslmode == "require" || sslmode.starts_with("verify-") ? Encryption::Required : Encryption::Preferred;
}

}  // namespace pgaf::hba
