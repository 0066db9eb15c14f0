#include "cluster/subscriptions.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/crc.hpp>
#include <nlohmann/json.hpp>

#include "run/sessions.hpp"
#include "system/document.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// A note of the journal, about the run: they are written down.
constexpr const char *kSubscriptionsNoted = "subscriptions noted";

fs::path subscriptions_file(const Context &context) {
    return context.node.work_dir() / "subscriptions.json";
}

constexpr const char *kDatabasesWithSubscriptions =
    "SELECT DISTINCT d.datname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid"
    " ORDER BY 1";

constexpr const char *kSubscriptionsHere =
    "SELECT s.subname AS name, s.subenabled AS is_enabled, s.subskiplsn AS skip, coalesce(o.roident, 0) AS origin,"
    "       coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object("
    "                   'oid', r.srrelid::text, 'name', r.srrelid::pg_catalog.regclass::text,"
    "                   'state', r.srsubstate::text, 'position', coalesce(r.srsublsn::text, '')))"
    "                   FROM pg_catalog.pg_subscription_rel r WHERE r.srsubid = s.oid), '[]') AS tables"
    "  FROM pg_catalog.pg_subscription s"
    "       LEFT JOIN pg_catalog.pg_replication_origin o ON o.roname = 'pg_' || s.oid"
    " WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
    " ORDER BY 1";

nlohmann::json subscriptions_here(Connection &server, const std::string &database) {
    auto found = nlohmann::json::array();
    const auto rows = server.query(kSubscriptionsHere);
    for (int row = 0; row < rows.size(); ++row) {
        found.push_back({{"database", as_utf8(database)},
                         {"name", as_utf8(rows.text(row, "name"))},
                         {"is_enabled", rows.text(row, "is_enabled") == "t"},
                         {"skip", rows.text(row, "skip")},
                         {"origin", std::stoi(rows.text(row, "origin"))},
                         {"tables", nlohmann::json::parse(as_utf8(rows.text(row, "tables")))}});
    }
    return found;
}

struct SubscribedTable {
    std::string oid;
    std::string name;
    std::string state;     // of pg_subscription_rel: r is ready
    std::string position;  // of its copy; empty where there was none
};

struct Subscription {
    std::string database;
    std::string name;
    bool is_enabled = false;
    std::string skip;  // the transaction that is left out, 0/0 for none
    std::uint16_t origin = 0;
    std::vector<SubscribedTable> tables;

    [[nodiscard]] std::string in_words() const {
        return fmt::format("subscription {} in database \"{}\"", name, database);
    }
};

std::vector<Subscription> read_subscriptions(const std::string &text) {
    std::vector<Subscription> subscriptions;
    read_document(text, "the note of subscriptions", [&](const Document &note) {
        for (const auto &one : note.objects("subscriptions")) {
            auto &subscription = subscriptions.emplace_back();
            subscription = {.database = one.text("database"),
                            .name = one.text("name"),
                            .is_enabled = one.boolean("is_enabled"),
                            .skip = one.text("skip"),
                            .origin = static_cast<std::uint16_t>(one.integer("origin")),
                            .tables = {}};
            for (const auto &table : one.objects("tables")) {
                subscription.tables.push_back(
                    {table.text("oid"), table.text("name"), table.text("state"), table.text("position")});
            }
        }
    });
    return subscriptions;
}

// A value of an array's text form.
std::string array_of(const std::vector<SubscribedTable> &tables, std::string SubscribedTable::*member) {
    std::string text;
    for (const auto &table : tables) {
        const auto &value = table.*member;
        text += (text.empty() ? "" : ",") + (value.empty() ? "NULL" : value);
    }
    return "{" + text + "}";
}

std::string in_lsn_form(std::uint64_t position) {
    return fmt::format("{:X}/{:X}", position >> 32U, position & 0xFFFFFFFFU);
}

constexpr const char *kNotCarried =
    "Do not enable it: changes would be lost. Its slot on the publisher keeps them. Drop it, empty its tables, and "
    "create "
    "it again with copy_data = true.";

class CarriedSubscriptions {
  public:
    CarriedSubscriptions(const Context &context, Warnings &warnings) : context_(context), warnings_(warnings) {}

    void carry(const Subscription &subscription) {
        const auto unfinished = std::ranges::find_if(subscription.tables, [&](const SubscribedTable &table) {
            // the copy of one that is disabled has not begun
            const bool is_settled =
                table.state == "r" || table.state == "s" || (table.state == "i" && !subscription.is_enabled);
            return !is_settled;
        });
        if (unfinished != subscription.tables.end()) {
            warn(subscription,
                 fmt::format("disabled: table {} was being copied when the old server stopped", unfinished->name));
            return;
        }
        constexpr int kAttempts = 3;
        for (int attempt = 1;; ++attempt) {
            try {
                carry_one(subscription);
                return;
            } catch (const PgError &error) {
                if (!error.is_transient() || attempt == kAttempts) {
                    return warn(subscription, fmt::format("disabled: {}", error.what()));
                }
            } catch (const HelperError &error) {
                return warn(subscription, fmt::format("disabled: {}", error.what()));
            }
        }
    }

  private:
    // Where a transaction has come to its end it is enabled, or whatever the operator has made of it since.
    void carry_one(const Subscription &subscription) {
        auto server = writing_session(context_, subscription.database);
        const auto now = server.query(
            "SELECT s.oid, s.subenabled AS is_enabled,"
            "       pg_catalog.pg_replication_origin_progress('pg_' || s.oid, false) IS NOT NULL AS has_position"
            "  FROM pg_catalog.pg_subscription s WHERE s.subname = $1 AND s.subdbid ="
            "       (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
            {subscription.name});
        if (now.size() == 0 || now.text(0, "is_enabled") == "t") {
            return;
        }
        const auto oid = now.text(0, "oid");
        context_.say(subscription.in_words());
        server.query("BEGIN");
        if (const auto position = position_of(subscription); position != 0 && now.text(0, "has_position") == "f") {
            server.query("SELECT pg_catalog.pg_replication_origin_advance($1, $2::pg_catalog.pg_lsn)",
                         {"pg_" + oid, in_lsn_form(position)});
        }
        fault_point(steps::kStatistics, "subscription");
        server.query(
            "INSERT INTO pg_catalog.pg_subscription_rel (srsubid, srrelid, srsubstate, srsublsn)"
            " SELECT $1::oid, t.* FROM ROWS FROM (pg_catalog.unnest($2::oid[]), pg_catalog.unnest($3::\"char\"[]),"
            "                                     pg_catalog.unnest($4::pg_catalog.pg_lsn[])) AS t (rel, state, lsn)"
            "  WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.rel)"
            "    AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel r"
            "                     WHERE r.srsubid = $1::oid AND r.srrelid = t.rel)",
            {oid, array_of(subscription.tables, &SubscribedTable::oid),
             array_of(subscription.tables, &SubscribedTable::state),
             array_of(subscription.tables, &SubscribedTable::position)});
        const auto alter =
            "ALTER SUBSCRIPTION " + server.single("SELECT pg_catalog.quote_ident($1)", {subscription.name});
        if (subscription.skip != "0/0") {
            server.query(fmt::format("{} SKIP (lsn = {})", alter, quote_literal(subscription.skip)));
        }
        if (subscription.is_enabled) {
            server.query(alter + " ENABLE");
        }
        server.query("COMMIT");
        spdlog::info("carried: {}, from {} on, {} tables", subscription.in_words(),
                     in_lsn_form(position_of(subscription)), subscription.tables.size());
    }

    // 0: nothing was ever applied, and the publisher's slot knows where to begin.
    std::uint64_t position_of(const Subscription &subscription) {
        if (!positions_) {
            positions_ = origin_positions(read_file(context_.old_dir() / "pg_logical" / "replorigin_checkpoint"));
        }
        const auto found = positions_->find(subscription.origin);
        return found == positions_->end() ? 0 : found->second;
    }

    void warn(const Subscription &subscription, const std::string &error) {
        spdlog::warn("{}: {}", subscription.in_words(), error);
        warnings_.add(subscription.in_words(), error, kNotCarried);
    }

    const Context &context_;
    Warnings &warnings_;
    std::optional<std::map<std::uint16_t, std::uint64_t>> positions_;
};

// Nobody knows where they are to go on.
void warn_of_disabled(const Context &context, Warnings &warnings) {
    auto server = context.local_server();
    const auto there = server.query(
        "SELECT s.subname, d.datname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = "
        "s.subdbid WHERE NOT s.subenabled ORDER BY 1");
    for (int row = 0; row < there.size(); ++row) {
        warnings.add(
            fmt::format("subscription {} in database \"{}\"", there.text(row, "subname"), there.text(row, "datname")),
            "disabled: its position was not noted before the stop", kNotCarried);
    }
}

}  // namespace

void note_subscriptions(const Context &context) noexcept {
    static_cast<void>(with_errors_logged("the subscriptions are not known later", [&] {
        if (context.source() >= kFirstCarriedByPgUpgrade) {
            return;
        }
        auto noted = nlohmann::json::array();
        auto server = context.node.connect_locally();
        const auto databases = server.query(kDatabasesWithSubscriptions);
        for (int row = 0; row < databases.size(); ++row) {
            const auto name = databases.text(row, "datname");
            auto database = context.node.connect_locally(name);
            const auto here = subscriptions_here(database, name);
            noted.insert(noted.end(), here.begin(), here.end());
        }
        write_file(subscriptions_file(context), nlohmann::json{{"subscriptions", noted}}.dump());
        context.journal.note(kSubscriptionsNoted, std::to_string(context.plan.run));
    }));
}

void carry_subscriptions(const Context &context, Warnings &warnings) {
    if (context.source() >= kFirstCarriedByPgUpgrade) {
        return;
    }
    try {
        if (!context.journal.has_note(kSubscriptionsNoted, std::to_string(context.plan.run))) {
            return warn_of_disabled(context, warnings);
        }
        CarriedSubscriptions carried(context, warnings);
        for (const auto &subscription : read_subscriptions(read_file(subscriptions_file(context)))) {
            carried.carry(subscription);
        }
    } catch (const HelperError &error) {
        warnings.add("subscriptions", fmt::format("disabled: {}", error.what()), kNotCarried);
    }
}

// A number, the positions, and the CRC-32C of both, as CheckPointReplicationOrigin() of PostgreSQL writes them.
std::map<std::uint16_t, std::uint64_t> origin_positions(std::string_view content) {
    constexpr std::uint32_t kMagic = 0x1257DADE;
    struct OnDisk {
        std::uint16_t origin;
        std::uint64_t position;
    };
    const auto wrong = [](const char *what) {
        return HelperError(ExitCode::StepFailed, fmt::format("pg_logical/replorigin_checkpoint {}", what));
    };
    std::uint32_t magic = 0;
    std::uint32_t checksum = 0;
    constexpr auto kAround = sizeof magic + sizeof checksum;
    if (content.size() < kAround || (content.size() - kAround) % sizeof(OnDisk) != 0) {
        throw wrong("is not of the size that PostgreSQL gives it");
    }
    std::memcpy(&magic, content.data(), sizeof magic);
    std::memcpy(&checksum, content.data() + content.size() - sizeof checksum, sizeof checksum);
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
    crc.process_bytes(content.data(), content.size() - sizeof checksum);
    if (magic != kMagic || crc.checksum() != checksum) {
        throw wrong("is damaged");
    }
    std::map<std::uint16_t, std::uint64_t> positions;
    for (auto at = sizeof magic; at < content.size() - sizeof checksum; at += sizeof(OnDisk)) {
        OnDisk one{};
        std::memcpy(&one, content.data() + at, sizeof one);
        positions[one.origin] = one.position;
    }
    return positions;
}

}  // namespace pgaf
