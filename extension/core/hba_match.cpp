#include "core/hba_match.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pgaf::hba {

namespace {

constexpr std::array<std::pair<Type, std::string_view>, 6> kTypes{{
    {Type::Local, "local"},
    {Type::Host, "host"},
    {Type::HostSsl, "hostssl"},
    {Type::HostNoSsl, "hostnossl"},
    {Type::HostGssEnc, "hostgssenc"},
    {Type::HostNoGssEnc, "hostnogssenc"},
}};

constexpr auto kNone = static_cast<std::size_t>(-1);

// Names of hosts are compared without regard to case, in ASCII.
std::string lower_case(std::string text) {
    for (auto &character : text) {
        if (character >= 'A' && character <= 'Z') {
            character = static_cast<char>(character - 'A' + 'a');
        }
    }
    return text;
}

bool is_member(const Connection &connection, std::string_view role) {
    return std::ranges::find(connection.roles, role) != connection.roles.end();
}

bool is_regex(const Token &token, const RegexMatches &regex_matches) {
    return regex_matches && token.text.starts_with('/');  // in quotes or not
}

bool matches_database(const Token &token, const Connection &connection, const RegexMatches &regex_matches) {
    if (connection.physical_replication) {
        return token.is_keyword("replication");
    }
    if (token.is_keyword("all")) {
        return true;
    }
    if (token.is_keyword("sameuser")) {
        return connection.database == connection.user;
    }
    if (token.is_keyword("samerole") || token.is_keyword("samegroup")) {
        return is_member(connection, connection.database);
    }
    if (token.is_keyword("replication")) {
        return false;
    }
    if (is_regex(token, regex_matches)) {
        return regex_matches(token.text.substr(1), connection.database);
    }
    return token.text == connection.database;
}

bool matches_user(const Token &token, const Connection &connection, const RegexMatches &regex_matches) {
    if (!token.quoted && token.text.starts_with('+')) {
        return is_member(connection, std::string_view(token.text).substr(1));
    }
    if (token.is_keyword("all")) {
        return true;
    }
    if (is_regex(token, regex_matches)) {
        return regex_matches(token.text.substr(1), connection.user);
    }
    return token.text == connection.user;
}

bool matches_type(Type type, const Connection &connection) {
    if (!connection.address) {
        return type == Type::Local;
    }
    switch (type) {
        case Type::Local:
            return false;
        case Type::Host:
            return true;
        case Type::HostSsl:
            return connection.ssl;
        case Type::HostNoSsl:
            return !connection.ssl;
        case Type::HostGssEnc:
            return connection.gss;
        case Type::HostNoGssEnc:
            return !connection.gss;
    }
    return false;
}

bool is_host_name(const Rule &rule) {
    return !rule.network && !rule.address.is_keyword("all") && !rule.address.is_keyword("samehost") &&
           !rule.address.is_keyword("samenet");
}

// The name that an address leads to, in lower case, when it leads back to the address.
std::optional<std::string> proven_name(const Address &address, Network &network) {
    const auto name = network.name_of(address);
    if (!name) {
        return std::nullopt;
    }
    const auto addresses = network.addresses_of(*name);
    return std::ranges::find(addresses, address) != addresses.end() ? std::optional(lower_case(*name)) : std::nullopt;
}

// Whether the names that the view shows are those of the tokens.
bool are_same(const std::vector<std::string> &names, const Field &tokens) {
    return std::ranges::equal(names, tokens, {}, {}, &Token::text);
}

Field unquoted(std::vector<std::string> names) {
    Field field;
    for (auto &name : names) {
        field.push_back({std::move(name), false});
    }
    return field;
}

class Texts {
  public:
    explicit Texts(const ReadFile &read_file) : read_file_(read_file) {}

    // Type, databases, users and so on of a line; empty when it is not there.
    std::vector<Field> fields(const std::string &file, int line) {
        const auto found = files_.find(file);
        const auto &lines = found != files_.end() ? found->second : files_.emplace(file, read(file)).first->second;
        const auto text = lines.find(line);
        return text == lines.end() ? std::vector<Field>{}
                                   : fields_of(text->second, file, read_file_).value_or(std::vector<Field>{});
    }

  private:
    [[nodiscard]] std::map<int, std::string> read(const std::string &file) const {
        const auto text = read_file_(file);
        return text ? logical_lines(*text) : std::map<int, std::string>{};
    }

    const ReadFile &read_file_;
    std::map<std::string, std::map<int, std::string>> files_;
};

}  // namespace

Rules rules_of(std::vector<ViewRow> rows, const ReadFile &read_file) {
    Rules result;
    Texts texts(read_file);
    for (auto &row : rows) {
        const auto type = parse_type(row.type);
        if (!type) {
            if (!result.broken) {
                result.broken = std::move(row);
            }
            continue;
        }
        Rule rule;
        const auto fields = texts.fields(row.file, row.line);
        const bool has_text = fields.size() > 2 && are_same(row.databases, fields[1]) && are_same(row.users, fields[2]);
        rule.databases = has_text ? fields[1] : unquoted(std::move(row.databases));
        rule.users = has_text ? fields[2] : unquoted(std::move(row.users));
        rule.network = row.netmask.empty() ? std::nullopt : Address::parse(row.address);
        rule.mask = Address::parse(row.netmask);
        rule.address = {row.address, has_text && fields.size() > 3 && fields[3].front().quoted};
        rule.file = std::move(row.file);
        rule.line = row.line;
        rule.type = *type;
        rule.method = std::move(row.method);
        rule.options = std::move(row.options);
        result.rules.push_back(std::move(rule));
    }
    return result;
}

Candidates::Candidates(std::span<const Rule> rules, const Connection &connection, const RegexMatches &regex_matches) {
    for (const auto &rule : rules) {
        const bool fits = matches_type(rule.type, connection) &&
                          std::ranges::any_of(
                              rule.databases,
                              [&](const Token &token) { return matches_database(token, connection, regex_matches); }) &&
                          std::ranges::any_of(rule.users, [&](const Token &token) {
                              return matches_user(token, connection, regex_matches);
                          });
        if (!fits) {
            continue;
        }
        const auto position = rules_.size();
        rules_.push_back(&rule);
        if (rule.network && rule.mask == Address::full_mask(rule.network->family())) {
            single_hosts_.try_emplace(*rule.network, position);
        } else if (is_host_name(rule) && !rule.address.text.starts_with('.')) {
            host_names_.try_emplace(lower_case(rule.address.text), position);
            first_host_name_ = std::min(first_host_name_, position);
        } else {
            others_.push_back(position);
        }
    }
}

bool Candidates::matches(const Rule &rule, const Address &address, Network &network) {
    if (rule.network) {
        return rule.mask && address.is_within(*rule.network, *rule.mask);
    }
    if (rule.address.is_keyword("all")) {
        return true;
    }
    if (rule.address.is_keyword("samehost") || rule.address.is_keyword("samenet")) {
        const bool only_host = rule.address.text == "samehost";
        return std::ranges::any_of(network.interfaces(), [&](const Interface &own) {
            return address.is_within(own.address, only_host ? Address::full_mask(own.address.family()) : own.mask);
        });
    }
    const auto name = proven_name(address, network);
    return name && name->ends_with(lower_case(rule.address.text));
}

const Rule *Candidates::first_for(const std::optional<Address> &address, Network &network) const {
    if (!address) {
        return rules_.empty() ? nullptr : rules_.front();
    }
    const auto single = single_hosts_.find(*address);
    auto best = single != single_hosts_.end() ? single->second : kNone;
    for (const auto position : others_) {
        if (position >= best) {
            break;
        }
        if (matches(*rules_[position], *address, network)) {
            best = position;
        }
    }
    // A name server is asked only where a name could still come first.
    if (first_host_name_ < best) {
        if (const auto name = proven_name(*address, network)) {
            const auto found = host_names_.find(*name);
            best = found != host_names_.end() ? std::min(best, found->second) : best;
        }
    }
    return best == kNone ? nullptr : rules_[best];
}

const Rule *first_match(std::span<const Rule> rules, const Connection &connection, Network &network,
                        const RegexMatches &regex_matches) {
    return Candidates(rules, connection, regex_matches).first_for(connection.address, network);
}

std::string_view to_string(Type type) {
    return std::ranges::find(kTypes, type, &std::pair<Type, std::string_view>::first)->second;
}

std::optional<Type> parse_type(std::string_view text) {
    const auto *const found = std::ranges::find(kTypes, text, &std::pair<Type, std::string_view>::second);
    return found == kTypes.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace pgaf::hba
