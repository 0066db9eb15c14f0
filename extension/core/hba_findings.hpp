#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/hba_match.hpp"

// What pg_hba.conf of a server says to each connection that the cluster needs, and the line that would
// let it in. The same on the monitor and on a data node.
namespace pgaf::hba {

enum class Purpose { Keeper, HealthCheck, Replication, Rewind };
enum class Encryption { Never, Preferred, Required };  // as the client's sslmode has it
enum class Verdict {
    Ok,
    Weaker,      // let in, but less is asked for than before
    Rejected,    // by a line that says so
    NoMatch,     // by no line, which rejects too
    Broken,      // a line cannot be read: PostgreSQL takes nothing of the file
    Unresolved,  // the client's host name has no address here
};

struct Client {
    std::int64_t nodeid = 0;  // 0 is the monitor
    std::string name;
    std::string host;
};

struct Need {
    Purpose purpose = Purpose::Keeper;
    Client client;
    std::string user;
    std::string database;  // "replication" stands for a standby's stream
    Encryption encryption = Encryption::Preferred;

    [[nodiscard]] bool is_physical_replication() const { return purpose == Purpose::Replication; }
};

// One for each need and each address of its client.
struct Finding {
    Need need;
    std::optional<Address> address;
    bool encrypted = false;
    std::string file;
    int line = 0;  // 0: no line
    std::string type;
    std::string method;
    std::string options;
    Verdict verdict = Verdict::NoMatch;
    std::string was;  // the line that decided before, empty where that is not known
    std::optional<bool> was_let_in;
    std::string required_line;
    std::string advice;  // empty when it is ok
};

struct Server {
    Rules rules = {};
    std::string file = {};  // pg_hba.conf
    bool ssl = false;
    std::map<std::string, std::vector<std::string>> roles = {};  // of each user that is asked for
    RegexMatches regex_matches = {};
};

// What the monitor's server must let in.
[[nodiscard]] std::vector<Need> needs_of_monitor(std::span<const Client> nodes, Encryption encryption);
// What a data node's server must let in: the health check, and the other nodes of its group, each of
// which may become its standby.
[[nodiscard]] std::vector<Need> needs_of_node(const Client &monitor, std::span<const Client> others,
                                              const std::string &dbname, Encryption replication);

// `before`: what was found of the same server at an earlier time, to compare with; may be empty.
[[nodiscard]] std::vector<Finding> find(const Server &server, std::span<const Need> needs,
                                        std::span<const Finding> before, Network &network);

// Of what a node has reported for a need, only whether the need is met, and by which line, is handed out. The need, the
// line that meets it and what to do about it are this server's own words. `own`: what find() says of the same need
// here. `before`: what the node reported before its upgrade, null where that is not known.
void take_own_words(Finding &reported, std::span<const Finding> own, const Finding *before);

[[nodiscard]] bool is_let_in(Verdict verdict);

// The findings of needs that are met from none of their client's addresses, though they were before or
// nobody knows; without those whose addresses are not known.
[[nodiscard]] std::vector<const Finding *> newly_shut_out(std::span<const Finding> findings);

[[nodiscard]] std::string_view to_string(Purpose purpose);
[[nodiscard]] std::string_view to_string(Verdict verdict);
[[nodiscard]] std::optional<Purpose> parse_purpose(std::string_view text);
[[nodiscard]] std::optional<Verdict> parse_verdict(std::string_view text);

// libpq's: disable, allow, prefer, require, verify-ca, verify-full, or empty for its default.
[[nodiscard]] Encryption encryption_of(std::string_view sslmode);

}  // namespace pgaf::hba
