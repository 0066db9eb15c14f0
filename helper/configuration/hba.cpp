#include "configuration/hba.hpp"

#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/hba_view.hpp"
#include "system/files.hpp"

namespace pgaf {

namespace {

std::vector<hba::ViewRow> view_rows(Connection &server) {
    const auto rows = server.query(hba::kRulesQuery);
    const auto names = [&](int row, const char *column) {
        const auto text = rows.value(row, column);
        return text ? hba::names_of(*text) : std::vector<std::string>{};
    };
    std::vector<hba::ViewRow> result;
    for (int row = 0; row < rows.size(); ++row) {
        result.push_back({.file = rows.text(row, "file_name"),
                          .line = std::atoi(rows.text(row, "line_number").c_str()),
                          .type = rows.text(row, "type"),
                          .databases = names(row, "databases"),
                          .users = names(row, "users"),
                          .address = rows.text(row, "address"),
                          .netmask = rows.text(row, "netmask"),
                          .method = rows.text(row, "auth_method"),
                          .options = rows.text(row, "options"),
                          .error = rows.text(row, "error")});
    }
    return result;
}

std::optional<std::string> read_if_there(const std::string &path) {
    try {
        return read_file(path);
    } catch (const HelperError &) {
        return std::nullopt;
    }
}

std::vector<std::string> memberships(Connection &server, const std::string &role) {
    const auto rows = server.query(hba::kMembershipsQuery, {role});
    std::vector<std::string> names;
    for (int row = 0; row < rows.size(); ++row) {
        names.push_back(rows.text(row, "rolname"));
    }
    return names;
}

hba::Server server_of(Connection &connection, std::span<const hba::Need> needs) {
    hba::Server server;
    server.rules = hba::rules_of(view_rows(connection), read_if_there);
    server.file = connection.single("SHOW hba_file");
    server.ssl = connection.single("SHOW ssl") == "on";
    for (const auto &need : needs) {
        if (!server.roles.contains(need.user)) {
            server.roles[need.user] = memberships(connection, need.user);
        }
    }
    if (std::atoi(connection.single("SHOW server_version").c_str()) >= hba::kRegexSince) {
        server.regex_matches = [&connection](const std::string &expression, const std::string &name) {
            return connection.single(hba::kRegexQuery, {expression, name}) == "t";
        };
    }
    return server;
}

std::vector<hba::Client> clients(const Rows &rows) {
    std::vector<hba::Client> result;
    for (int row = 0; row < rows.size(); ++row) {
        result.push_back(
            {std::atoll(rows.text(row, "nodeid").c_str()), rows.text(row, "nodename"), rows.text(row, "nodehost")});
    }
    return result;
}

std::string monitor_host(const std::string &uri) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(uri.c_str(), nullptr),
                                                                               &PQconninfoFree);
    std::string host;
    for (const auto *option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
        const std::string keyword = option->keyword;
        if (option->val != nullptr && (keyword == "host" || (keyword == "hostaddr" && host.empty()))) {
            host = option->val;
        }
    }
    return host.substr(0, host.find(','));
}

std::vector<hba::Need> needs_of(const Node &node, Connection &local) {
    if (node.config.is_monitor) {
        // pg_autoctl has its keepers encrypt wherever the monitor can
        const auto encryption = local.single("SHOW ssl") == "on" ? hba::Encryption::Required : hba::Encryption::Never;
        return hba::needs_of_monitor(
            clients(local.query("SELECT nodeid, nodename, nodehost FROM pgautofailover.node ORDER BY nodeid")),
            encryption);
    }
    Connection monitor(node.monitor_conninfo());
    const auto others =
        clients(monitor.query("SELECT o.nodeid, o.nodename, o.nodehost FROM pgautofailover.node me"
                              " JOIN pgautofailover.node o ON o.formationid = me.formationid AND o.groupid = me.groupid"
                              " WHERE me.nodeid = $1 AND o.nodeid <> me.nodeid ORDER BY o.nodeid",
                              {std::to_string(node.nodeid)}));
    return hba::needs_of_node({0, "monitor", monitor_host(node.config.monitor_uri)}, others, node.config.dbname,
                              hba::encryption_of(node.config.sslmode));
}

nlohmann::json text_or_null(const std::string &text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(text);
}

std::string text_of(const nlohmann::json &object, const char *key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::vector<hba::Finding> find_hba(const Node &node, std::span<const hba::Finding> before) {
    auto local = node.connect_locally(node.config.is_monitor ? "pg_auto_failover" : "postgres");
    const auto needs = needs_of(node, local);
    hba::SystemNetwork network;
    return hba::find(server_of(local, needs), needs, before, network);
}

std::string describe_hba(std::span<const hba::Finding> findings) {
    std::string text;
    for (const auto &finding : findings) {
        if (finding.verdict != hba::Verdict::Ok) {
            text += fmt::format("{}{} from {} ({}): {}{}{}", text.empty() ? "" : "; ",
                                hba::to_string(finding.need.purpose), finding.need.client.name,
                                finding.address ? finding.address->text() : finding.need.client.host,
                                hba::to_string(finding.verdict), finding.advice.empty() ? "" : ", ", finding.advice);
        }
    }
    return text;
}

nlohmann::json to_json(std::span<const hba::Finding> findings) {
    auto json = nlohmann::json::array();
    for (const auto &finding : findings) {
        const auto &need = finding.need;
        json.push_back({{"connection", hba::to_string(need.purpose)},
                        {"client_nodeid", need.client.nodeid},
                        {"client", need.client.name},
                        {"user_name", need.user},
                        {"host", need.client.host},
                        {"address", text_or_null(finding.address ? finding.address->text() : "")},
                        {"database", need.database},
                        {"encrypted", finding.encrypted},
                        {"file_name", text_or_null(finding.file)},
                        {"line_number", finding.line > 0 ? nlohmann::json(finding.line) : nlohmann::json(nullptr)},
                        {"line_type", text_or_null(finding.type)},
                        {"method", text_or_null(finding.method)},
                        {"options", text_or_null(finding.options)},
                        {"verdict", hba::to_string(finding.verdict)},
                        {"was", text_or_null(finding.was)},
                        {"required_line", text_or_null(finding.required_line)},
                        {"advice", text_or_null(finding.advice)}});
    }
    return json;
}

std::vector<hba::Finding> findings_of(const nlohmann::json &json) {
    std::vector<hba::Finding> findings;
    for (const auto &object : json) {
        const auto purpose = hba::parse_purpose(text_of(object, "connection"));
        const auto verdict = hba::parse_verdict(text_of(object, "verdict"));
        if (!purpose || !verdict) {
            continue;  // of another version: not comparable
        }
        hba::Finding finding;
        finding.need.purpose = *purpose;
        finding.need.client = {object.at("client_nodeid").get<std::int64_t>(), text_of(object, "client"),
                               text_of(object, "host")};
        finding.need.user = text_of(object, "user_name");
        finding.need.database = text_of(object, "database");
        finding.address = hba::Address::parse(text_of(object, "address"));
        finding.encrypted = object.at("encrypted").get<bool>();
        finding.file = text_of(object, "file_name");
        finding.line = object.at("line_number").is_number() ? object.at("line_number").get<int>() : 0;
        finding.type = text_of(object, "line_type");
        finding.method = text_of(object, "method");
        finding.options = text_of(object, "options");
        finding.verdict = *verdict;
        finding.was = text_of(object, "was");
        finding.required_line = text_of(object, "required_line");
        finding.advice = text_of(object, "advice");
        findings.push_back(std::move(finding));
    }
    return findings;
}

}  // namespace pgaf
