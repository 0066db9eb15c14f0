#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "cluster/initdb_parameters.hpp"
#include "cluster/private_files.hpp"
#include "cluster/program_arguments.hpp"
#include "configuration/carry.hpp"
#include "configuration/conf_includes.hpp"
#include "configuration/configuration.hpp"
#include "configuration/configured_files.hpp"
#include "plan/by_hand.hpp"
#include "postgres/conninfo.hpp"
#include "system/files.hpp"
#include "system/scope.hpp"
#include "system/shell.hpp"

namespace fs = std::filesystem;

// What is done to the clusters themselves.
namespace pgaf {

namespace {

void append(Lines &lines, const Lines &more) {
    lines.insert(lines.end(), more.begin(), more.end());
}

// For the text of sed's command c.
std::string escaped_for_sed(const std::string &text) {
    std::string escaped;
    for (const char character : text) {
        escaped += character == '\\' ? std::string("\\\\") : std::string(1, character);
    }
    return escaped;
}

std::string make_directory_of(const Owner &owner, const std::string &mode, const std::vector<std::string> &paths) {
    std::vector<std::string> argv{"install", "-d", "-o", owner.name, "-g", std::to_string(owner.gid), "-m", mode};
    argv.insert(argv.end(), paths.begin(), paths.end());
    return shell_line(argv);
}

}  // namespace

Lines ByHand::initdb() const {
    auto argv = initdb_parameters(subject_.server(), subject_.control(), subject_.target);
    argv.insert(argv.begin(), {(installation_.new_bindir / "initdb").string(), "-D", new_dir_.string()});
    return {make_directory_of(node_.owner, "700", {node_.work_dir().string(), work_dir_.string(), new_dir_.string()}),
            as_owner(argv)};
}

// With owner and mode, of the directories on the way as well; what a link leads to.
Lines ByHand::copy_configuration(const fs::path &from, const fs::path &to, bool with_access_rules) const {
    const auto files = configured_files(file_parameters(node_, subject_.server()), node_.pgdata, node_.data_dir).inside;
    std::vector<std::string> names;
    const auto add = [&names](const fs::path &name) {
        if (!name.empty() && std::ranges::find(names, name.string()) == names.end()) {
            names.push_back(name.string());
        }
    };
    for (const auto &file : files) {
        if (with_access_rules || !is_access_rule(file)) {
            for (fs::path way; const auto &part : file) {
                add(way /= part);
            }
        }
    }
    std::vector<std::string> pack{"tar", "-C", from.string(), "-h", "--no-recursion", "-c", "--"};
    pack.insert(pack.end(), names.begin(), names.end());
    return {shell_line(pack) + " | " + shell_line({"tar", "-C", to.string(), "-x", "-p"})};
}

// What the target does not know is commented out, what it calls otherwise renamed; the choice of --archive goes last.
Lines ByHand::edit_configuration(const fs::path &to) const {
    const auto changes = changes_for(installation_.new_bindir, node_.data_dir, subject_.target, node_.options.archive);
    Lines lines;
    for (const auto &[file, edits] : changed_lines(node_.data_dir, changes)) {
        const auto path = (to / file).string();
        for (const auto &edit : edits) {
            lines.push_back(
                edit.line == 0
                    ? fmt::format("printf '%s\\n' {} >>{}", shell_quoted(edit.after), shell_quoted(path))
                    : shell_line({"sed", "-i", fmt::format("{}c\\{}", edit.line, escaped_for_sed(edit.after)), path}));
        }
    }
    return lines;
}

Lines ByHand::pg_upgrade(bool is_check) const {
    const PrivateFiles files(work_dir_);
    const auto needs = private_needs(node_);
    Lines lines;
    if (is_check) {
        for (const auto &[name, text] : files.texts(needs, installation_.source, subject_.target)) {
            lines.push_back(
                fmt::format("printf %s {} | {}", shell_quoted(text),
                            shell_line({"install", "-o", node_.owner.name, "-g", std::to_string(node_.owner.gid), "-m",
                                        "600", "/dev/stdin", (work_dir_ / name).string()})));
        }
    }
    const auto auto_conf = text_of(node_.data_dir / "postgresql.auto.conf");
    const auto options = [&](Side side, int major) {
        return files.options(side, private_settings(needs, side, major, work_dir_), auto_conf);
    };
    auto argv = pg_upgrade_arguments(installation_, {.mode = is_check ? UpgradeMode::Check : UpgradeMode::Real,
                                                     .old_dir = node_.data_dir,
                                                     .new_dir = new_dir_,
                                                     .superuser = superuser_,
                                                     .socket_directory = "/tmp",
                                                     .method = subject_.method,
                                                     .old_options = options(Side::Old, installation_.source),
                                                     .new_options = options(Side::New, subject_.target),
                                                     .jobs = jobs_for(std::thread::hardware_concurrency(),
                                                                      std::stol(needs.kept.at("max_connections")))});
    argv.insert(argv.begin(), {"env", "PGOPTIONS=" + private_session_options(installation_.source)});
    lines.push_back(in_work_dir(as_owner(argv)));
    if (!is_check) {
        lines.push_back(as_owner(flush_arguments(installation_, new_dir_)));
    }
    return lines;
}

// The databases with subscriptions, and for each those that apply changes; none where pg_upgrade carries them itself.
std::map<std::string, std::vector<std::string>> ByHand::subscriptions() const {
    constexpr int kFirstCarriedByPgUpgrade = 17;
    std::map<std::string, std::vector<std::string>> enabled;
    if (role_ != Role::Primary || installation_.source >= kFirstCarriedByPgUpgrade) {
        return enabled;
    }
    const auto rows = subject_.server().query(
        "SELECT d.datname, pg_catalog.quote_ident(s.subname) AS name, s.subenabled FROM pg_catalog.pg_subscription s"
        "  JOIN pg_catalog.pg_database d ON d.oid = s.subdbid ORDER BY 1, 2");
    for (int row = 0; row < rows.size(); ++row) {
        auto &names = enabled[rows.text(row, "datname")];
        if (rows.text(row, "subenabled") == "t") {
            names.push_back(rows.text(row, "name"));
        }
    }
    return enabled;
}

std::string ByHand::subscriptions_script(std::size_t number) const {
    return (work_dir_ / fmt::format("subscriptions_{}.sql", number)).string();
}

// As psql commands that the new cluster is given: the positions are exact when nothing is applied any more.
Lines ByHand::note_subscriptions() const {
    constexpr const char *kHere = "subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
    Lines lines;
    Lines scripts;
    for (const auto &[database, names] : subscriptions()) {
        std::string enabling;
        for (const auto &name : names) {
            lines.push_back(here_in(database, fmt::format("ALTER SUBSCRIPTION {} DISABLE", name)));
            enabling += fmt::format(" UNION ALL SELECT 3, {}",
                                    quote_literal(fmt::format("ALTER SUBSCRIPTION {} ENABLE;", name)));
        }
        const auto script = fmt::format(
            "SELECT command FROM (SELECT 1 AS place, format('SELECT pg_replication_origin_advance(''pg_'' || oid, %L)"
            " FROM pg_subscription WHERE subname = %L AND %s;', o.remote_lsn, subname, $here${0}$here$) AS command"
            " FROM pg_subscription s JOIN pg_replication_origin_status o ON o.external_id = 'pg_' || s.oid WHERE {0}"
            " UNION ALL SELECT 2, format('INSERT INTO pg_subscription_rel SELECT oid, %s, %L, %L FROM pg_subscription"
            " WHERE subname = %L AND %s;', r.srrelid::oid, r.srsubstate, r.srsublsn, subname, $here${0}$here$)"
            " FROM pg_subscription s JOIN pg_subscription_rel r ON r.srsubid = s.oid WHERE {0}{1}) c ORDER BY place",
            kHere, enabling);
        scripts.push_back(fmt::format("{} | {}", here_in(database, script),
                                      shell_line({"install", "-o", node_.owner.name, "-m", "600", "/dev/stdin",
                                                  subscriptions_script(scripts.size())})));
    }
    if (!lines.empty()) {
        lines.push_back(until(here("SELECT count(*) = 0 FROM pg_stat_subscription WHERE pid IS NOT NULL")));
    }
    append(lines, scripts);
    return lines;
}

Lines ByHand::carry_subscriptions() const {
    Lines lines;
    for (const auto &[database, names] : subscriptions()) {
        auto psql = here_in(database, "");
        psql.replace(psql.rfind(" -Atc "), std::string::npos,
                     " -Atqf " + shell_quoted(subscriptions_script(lines.size())));
        lines.push_back(psql + " >/dev/null");
    }
    return lines;
}

Lines ByHand::swap() const {
    return {shell_line({"mv", "-T", node_.data_dir.string(), old_dir_.string()}),
            shell_line({"mv", "-T", new_dir_.string(), node_.data_dir.string()}), "sync"};
}

// The server outlives the shell; pg_autoctl adopts it later.
Lines ByHand::start() const {
    const auto argv =
        start_arguments(node_, installation_.new_bindir, std::chrono::seconds(600), work_dir_ / "postgres.log");
    const auto scope = scope_arguments(node_.owner);
    Lines lines{has_systemd() ? shell_line(scope) + " " + shell_line(argv) : as_owner(argv)};
    if (role_ == Role::Primary) {
        for (const auto &other : others_) {
            lines.push_back(here(fmt::format("SELECT pg_catalog.pg_create_physical_replication_slot('{}', true)",
                                             autoctl::replication_slot_of(std::stoll(other)))));
        }
    }
    return lines;
}

Lines ByHand::update_extensions() const {
    const auto script = shell_quoted((work_dir_ / "update_extensions.sql").string());
    auto psql = here("");
    psql.replace(psql.rfind(" -Atc "), std::string::npos, " -f " + script);
    return {fmt::format("[ ! -e {} ] || {}", script, psql)};
}

Lines ByHand::statistics() const {
    const auto server = node_.running_server();
    return {as_owner({(installation_.new_bindir / "vacuumdb").string(), "--all", "--analyze-in-stages", "-h",
                      server ? server->first : "", "-p", std::to_string(node_.config.port), "-U", superuser_})};
}

// pg_basebackup wants every tablespace's directory empty.
Lines ByHand::tablespaces_aside() const {
    Lines lines;
    for (const auto &link : fs::directory_iterator(node_.data_dir / "pg_tblspc")) {
        const auto location = fs::canonical(link.path()).string();
        const auto aside = fmt::format("{}_pg{}", location, installation_.source);
        lines.push_back(make_directory_of(node_.owner, "700", {aside}));
        lines.push_back(
            fmt::format("mv {}/PG_{}_* {}/", shell_quoted(location), installation_.source, shell_quoted(aside)));
    }
    return lines;
}

// By a base backup, which needs no proof; with this node's own configuration, not the primary's.
Lines ByHand::rebuild() const {
    const auto mode = fmt::format("{:o}", static_cast<unsigned>(fs::status(node_.data_dir).permissions()) & 0777U);
    const std::string standby = "postgresql-auto-failover-standby.conf";
    const auto conninfo =
        with_files_in(last_value_of(read_file(node_.data_dir / standby), "primary_conninfo"),
                      {node_.pgdata, node_.data_dir}, [this](const fs::path &name) { return old_dir_ / name; });
    const auto pg_isready = (installation_.new_bindir / "pg_isready").string();
    Lines lines{make_directory_of(node_.owner, "700", {node_.work_dir().string(), work_dir_.string()}),
                shell_line({"mv", "-T", node_.data_dir.string(), old_dir_.string()}),
                make_directory_of(node_.owner, mode, {node_.data_dir.string()})};
    append(lines, tablespaces_aside());
    const auto primary = for_program(conninfo);
    if (!primary.environment.empty()) {
        lines.push_back(fmt::format("# the password of primary_conninfo in {}", (old_dir_ / standby).string()));
        lines.emplace_back("read -rsp 'Password: ' PGPASSWORD; export PGPASSWORD");
    }
    lines.push_back(fmt::format("until {}; do sleep 1; done",
                                as_owner({pg_isready, "--quiet", "--dbname=" + primary.text + " replication=true"})));
    lines.push_back(as_owner(base_backup_arguments(node_, installation_, primary.text, {})));
    append(lines, copy_configuration(old_dir_, node_.data_dir, true));
    append(lines, edit_configuration(node_.data_dir));
    lines.push_back(shell_line({"cp", "-a", (old_dir_ / standby).string(), (node_.data_dir / standby).string()}));
    lines.push_back(shell_line({"install", "-o", node_.owner.name, "-g", std::to_string(node_.owner.gid), "-m", "600",
                                "/dev/null", (node_.data_dir / "standby.signal").string()}));
    append(lines, start());
    lines.push_back(until(here("SELECT count(*) = 1 FROM pg_catalog.pg_stat_wal_receiver WHERE status = 'streaming'")));
    return lines;
}

}  // namespace pgaf
