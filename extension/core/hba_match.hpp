#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/hba_address.hpp"
#include "core/hba_network.hpp"
#include "core/hba_text.hpp"

// PostgreSQL's own rule: the first line of pg_hba.conf that fits a connection decides about it.
namespace pgaf::hba {

enum class Type { Local, Host, HostSsl, HostNoSsl, HostGssEnc, HostNoGssEnc };

// A line as pg_hba_file_rules shows it.
struct ViewRow {
    std::string file = {};
    int line = 0;
    std::string type = {};  // empty: the line cannot be read, and `error` says why
    std::vector<std::string> databases = {};
    std::vector<std::string> users = {};
    std::string address = {};
    std::string netmask = {};
    std::string method = {};
    std::string options = {};
    std::string error = {};
};

struct Rule {
    std::string file = {};
    int line = 0;
    Type type = Type::Local;
    Field databases = {};
    Field users = {};
    Token address = {};  // all, samehost, samenet or a host name, where it is no number
    std::optional<Address> network = {};
    std::optional<Address> mask = {};
    std::string method = {};
    std::string options = {};
};

struct Rules {
    std::vector<Rule> rules = {};
    // The first line that PostgreSQL cannot read: it then takes nothing of the file.
    std::optional<ViewRow> broken = {};
};

// Gives the names the quotes back that the view does not show. Where the text is not what the view has
// read (the file was just changed), they count as unquoted.
[[nodiscard]] Rules rules_of(std::vector<ViewRow> rows, const ReadFile &read_file);

struct Connection {
    std::string user = {};
    std::string database = {};
    bool physical_replication = false;  // then the database does not count
    // Every role that the user is a member of, directly or not, itself included; none for a user that
    // does not exist. To be a superuser does not count.
    std::vector<std::string> roles = {};
    bool ssl = false;
    bool gss = false;
    std::optional<Address> address = {};  // none: over a Unix socket
};

// What a regular expression of the file says about a name, by PostgreSQL's own matcher. Empty before
// PostgreSQL 16, to which a name that begins with a slash is a name.
using RegexMatches = std::function<bool(const std::string &expression, const std::string &name)>;

// The rules that are left for connections that differ only in where they come from, so that many
// clients of one kind cost one pass through the file and little for each of them.
class Candidates {
  public:
    // The address in `connection` tells only whether it is over a Unix socket. The rules must outlive this.
    Candidates(std::span<const Rule> rules, const Connection &connection, const RegexMatches &regex_matches);

    // Null when no line matches.
    [[nodiscard]] const Rule *first_for(const std::optional<Address> &address, Network &network) const;

  private:
    [[nodiscard]] static bool matches(const Rule &rule, const Address &address, Network &network);

    std::vector<const Rule *> rules_;                // in the order of the file
    std::map<Address, std::size_t> single_hosts_;    // the first rule for exactly this address
    std::map<std::string, std::size_t> host_names_;  // the first rule for exactly this name, in lower case
    std::size_t first_host_name_ = static_cast<std::size_t>(-1);
    std::vector<std::size_t> others_;
};

[[nodiscard]] const Rule *first_match(std::span<const Rule> rules, const Connection &connection, Network &network,
                                      const RegexMatches &regex_matches);

[[nodiscard]] std::string_view to_string(Type type);
[[nodiscard]] std::optional<Type> parse_type(std::string_view text);

}  // namespace pgaf::hba
