#include "postgres/connection.hpp"

#include <poll.h>
#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace pgaf {

namespace {

std::string one_line(const char *text) {
    std::string line(text == nullptr ? "" : text);
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) {
        line.pop_back();
    }
    for (auto &character : line) {
        if (character == '\n' || character == '\t') {
            character = ' ';
        }
    }
    return line;
}

bool take_notifications(PGconn *connection) {
    bool any = false;
    while (auto *notification = PQnotifies(connection)) {
        PQfreemem(notification);
        any = true;
    }
    return any;
}

// Such a session takes no queries.
bool is_for_replication(PGconn *connection) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection), &PQconninfoFree);
    for (const auto *option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
        if (std::string_view(option->keyword) == "replication") {
            return option->val != nullptr && *option->val != '\0';
        }
    }
    return false;
}

std::string field(const PGresult *result, int code) {
    const char *text = PQresultErrorField(result, code);
    return text == nullptr ? "" : one_line(text);
}

}  // namespace

Value Rows::value(int row, int column) const {
    if (PQgetisnull(result_.get(), row, column) != 0) {
        return std::nullopt;
    }
    return std::string(PQgetvalue(result_.get(), row, column),
                       static_cast<std::size_t>(PQgetlength(result_.get(), row, column)));
}

Value Rows::value(int row, const char *column) const {
    const int number = PQfnumber(result_.get(), column);
    if (number < 0) {
        throw HelperError(ExitCode::Internal, fmt::format("the server's answer has no column \"{}\"", column));
    }
    return value(row, number);
}

Connection::Connection(const std::string &conninfo, std::optional<std::chrono::milliseconds> limit)
    : connection_(nullptr, &PQfinish), limit_(limit) {
    const std::array keywords{"connect_timeout", "tcp_user_timeout", "application_name",
                              "options",         "dbname",           static_cast<const char *>(nullptr)};
    const auto seconds = std::to_string(limit ? std::clamp<long>(limit->count() / 1000, 2, 5) : 5);
    // A host that has lost its power answers nothing, and is not waited for as long as the kernel would. The last value
    // of a keyword counts: what the string says of these goes before our own.
    const std::array values{seconds.c_str(), "10000", "pgaf-upgrade",
                            // a hot standby lets nobody in who would be serializable, by his role's settings too
                            "-c search_path=pg_catalog,pg_temp -c datestyle=ISO"
                            " -c default_transaction_isolation=read\\ committed"
                            // what a database or a role has set for its applications is not meant for us
                            " -c role=none -c statement_timeout=0 -c lock_timeout=0"
                            " -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0",
                            conninfo.c_str(), static_cast<const char *>(nullptr)};
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        throw PgError(ExitCode::NoMonitor, one_line(PQerrorMessage(connection_.get())), "", "");
    }
    PQsetNoticeProcessor(connection_.get(), [](void *, const char *) {}, nullptr);
    if (!is_for_replication(connection_.get())) {
        set_up();
    }
}

// What not every server knows when one connects. In a database of no encoding its bytes are taken as they are: the
// server would refuse to send or to take what is no UTF-8.
void Connection::set_up() {
    const auto status = [this](const char *parameter) {
        const char *value = PQparameterStatus(connection_.get(), parameter);
        return std::string(value == nullptr ? "" : value);
    };
    constexpr int kFirstWithTransactionTimeout = 170000;
    const std::string encoding = status("server_encoding") == "SQL_ASCII" ? "SQL_ASCII" : "UTF8";
    std::string settings;
    if (status("client_encoding") != encoding) {
        settings += fmt::format(", pg_catalog.set_config('client_encoding', '{}', false)", encoding);
    }
    if (PQserverVersion(connection_.get()) >= kFirstWithTransactionTimeout) {
        settings += ", pg_catalog.set_config('transaction_timeout', '0', false)";
    }
    if (!settings.empty()) {
        query("SELECT" + settings.substr(1));
    }
}

Rows Connection::query(const std::string &sql, const std::vector<Value> &parameters) {
    return execute(sql, parameters, false);
}

Rows Connection::execute(const std::string &sql, const std::vector<Value> &parameters, bool as_binary) {
    std::vector<const char *> values;
    values.reserve(parameters.size());
    for (const auto &parameter : parameters) {
        values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    return take(PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                  values.data(), nullptr, nullptr, as_binary ? 1 : 0) == 1);
}

std::string Connection::show(const std::string &parameter) {
    return take(PQsendQuery(connection_.get(), ("SHOW " + parameter).c_str()) == 1).value(0, 0).value_or("");
}

Rows Connection::take(bool was_sent) {
    auto *result = was_sent ? answer() : nullptr;
    Rows rows(result);
    const auto status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        auto sqlstate = field(result, PG_DIAG_SQLSTATE);
        // 57P01 to 57P03: the server is going down or not yet up, which a later try will not see
        if (PQstatus(connection_.get()) != CONNECTION_OK || sqlstate.starts_with("57P")) {
            sqlstate.clear();
        }
        auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
        throw PgError(sqlstate.empty() ? ExitCode::NoMonitor : ExitCode::Refused,
                      message.empty() ? one_line(PQerrorMessage(connection_.get())) : message,
                      field(result, PG_DIAG_MESSAGE_HINT), sqlstate);
    }
    return rows;
}

PGresult *Connection::answer() {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + limit_.value_or(std::chrono::milliseconds::zero());
    std::unique_ptr<PGresult, decltype(&PQclear)> last(nullptr, &PQclear);
    while (true) {
        const int unsent = PQflush(connection_.get());
        if (unsent == 0 && PQisBusy(connection_.get()) == 0) {
            auto *const next = PQgetResult(connection_.get());
            if (next == nullptr) {
                return last.release();
            }
            last.reset(next);
            continue;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd descriptor{.fd = PQsocket(connection_.get()),
                          .events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN),
                          .revents = 0};
        if (limit_ && (left <= 0 || ::poll(&descriptor, 1, static_cast<int>(left)) == 0)) {
            connection_.reset();
            throw PgError(ExitCode::NoMonitor, fmt::format("no answer within {} s", limit_->count() / 1000.0), "", "");
        }
        if (!limit_) {
            ::poll(&descriptor, 1, -1);
        }
        if (PQconsumeInput(connection_.get()) == 0) {
            // lost: the result that says so
            auto *const next = PQgetResult(connection_.get());
            return next == nullptr ? last.release() : next;
        }
    }
}

std::string Connection::single(const std::string &sql, const std::vector<Value> &parameters) {
    const auto rows = query(sql, parameters);
    if (rows.size() == 0) {
        throw HelperError(ExitCode::Internal, fmt::format("no row from: {}", sql));
    }
    return rows.value(0, 0).value_or("");
}

std::string Connection::bytes(const std::string &sql, const std::vector<Value> &parameters) {
    const auto rows = execute(sql, parameters, true);
    if (rows.size() == 0) {
        throw HelperError(ExitCode::Internal, fmt::format("no row from: {}", sql));
    }
    return rows.value(0, 0).value_or("");
}

void Connection::wait_for_notification(std::chrono::milliseconds limit) {
    // one that came with the answer to a query is no longer on the socket
    if (take_notifications(connection_.get())) {
        return;
    }
    pollfd descriptor{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
    ::poll(&descriptor, 1, static_cast<int>(limit.count()));
    PQconsumeInput(connection_.get());
    static_cast<void>(take_notifications(connection_.get()));
}

std::string quote_conninfo(const std::string &value) {
    std::string quoted = "'";
    for (const char character : value) {
        if (character == '\'' || character == '\\') {
            quoted += '\\';
        }
        quoted += character;
    }
    return quoted + "'";
}

std::string quote_literal(std::string_view text) {
    std::string quoted = text.find('\\') == std::string_view::npos ? "'" : " E'";
    for (const char character : text) {
        if (character == '\'' || character == '\\') {
            quoted += character;
        }
        quoted += character;
    }
    return quoted + "'";
}

std::string bootstrap_superuser(Connection &server) {
    return server.single("SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10");
}

}  // namespace pgaf
