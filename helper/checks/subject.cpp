#include "checks/subject.hpp"

#include <fmt/format.h>

#include "checks/trial.hpp"

namespace pgaf {

namespace {

Installation installation_of(const Node &node, int target, const std::string &method) {
    const auto source = major_of(node.data_dir);
    if (target <= source) {
        throw HelperError(
            ExitCode::Usage,
            fmt::format("the target {} is not above version {} of \"{}\"", target, source, node.pgdata.string()),
            "Choose a later major with --target.");
    }
    if (method == "swap" && target < kFirstToSwap) {
        throw HelperError(ExitCode::Usage, fmt::format("pg_upgrade of PostgreSQL {} cannot swap", target),
                          "Use --method link.");
    }
    return Installation::find(node, target);
}

}  // namespace

Subject::Subject(const Node &of_node, int to_target, std::string by_method, std::string for_standbys)
    : node(of_node),
      installation(installation_of(of_node, to_target, by_method)),
      target(to_target),
      method(of_node.nodeid == 0 ? "copy" : std::move(by_method)),
      standby_method(std::move(for_standbys)) {}

Subject::~Subject() = default;

Connection &Subject::server() {
    if (!server_) {
        try {
            server_ = std::make_unique<Connection>(node.connect_locally());
        } catch (const HelperError &) {
            throw NotExamined("no local server answers");
        }
    }
    return *server_;
}

void Subject::each_database(const std::string &sql,
                            const std::function<void(const std::string &, const Rows &)> &visit) {
    const auto names = server().query("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn ORDER BY 1");
    for (int row = 0; row < names.size(); ++row) {
        const auto name = names.text(row, "datname");
        std::optional<Connection> database;
        try {
            database.emplace(node.connect_locally(name));
        } catch (const HelperError &) {
            continue;
        }
        visit(name, database->query(sql));
    }
}

std::string Subject::setting(const std::string &name) {
    return server().single("SELECT pg_catalog.current_setting($1)", {name});
}

const ControlData &Subject::control() {
    if (!control_) {
        control_ = read_controldata(installation.old_bindir, node.data_dir);
    }
    return *control_;
}

bool Subject::is_secondary() {
    if (!is_secondary_) {
        try {
            is_secondary_ = !is_monitor() && server().single("SELECT pg_catalog.pg_is_in_recovery()") == "t";
        } catch (const NotExamined &) {
            return false;
        }
    }
    return *is_secondary_;
}

bool Subject::is_copied() {
    return (is_secondary() && standby_method != "link") || method == "copy";
}

Connection &Subject::monitor() {
    if (!monitor_) {
        monitor_ = std::make_unique<Connection>(node.monitor_conninfo());
    }
    return *monitor_;
}

const std::string &Subject::schema_of_extension() {
    if (!schema_of_extension_) {
        const auto rows = monitor().query(
            "SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e"
            "  JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pgaf_upgrade'");
        schema_of_extension_ = rows.size() == 0 ? "" : rows.value(0, 0).value_or("");
    }
    return *schema_of_extension_;
}

const std::string &Subject::trial_error() {
    if (leaves_out_trial_) {
        throw NotExamined("it is not tried on a new cluster");
    }
    if (!trial_error_) {
        try {
            trial_ = std::make_unique<Trial>(*this);
            trial_error_.emplace();
        } catch (const HelperError &error) {
            trial_error_ = error.what();
        }
    }
    return *trial_error_;
}

Trial &Subject::trial() {
    if (const auto &error = trial_error(); !error.empty()) {
        throw NotExamined("no new cluster could be made to try it on");
    }
    return *trial_;
}

}  // namespace pgaf
