#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "system/error.hpp"

namespace pgaf {

// What a server refused, with its SQLSTATE; empty when the connection itself was lost.
class PgError : public HelperError {
  public:
    PgError(ExitCode code, const std::string &message, std::string hint, std::string sqlstate)
        : HelperError(code, message, std::move(hint)), sqlstate_(std::move(sqlstate)) {}
    [[nodiscard]] const std::string &sqlstate() const noexcept { return sqlstate_; }
    [[nodiscard]] bool connection_lost() const noexcept { return sqlstate_.empty(); }

    // The same call may succeed the next time: class 40 is a deadlock or a serialization failure.
    [[nodiscard]] bool is_transient() const noexcept { return connection_lost() || sqlstate_.starts_with("40"); }

  private:
    std::string sqlstate_;
};

using Value = std::optional<std::string>;

class Rows {
  public:
    explicit Rows(PGresult *result) : result_(result, &PQclear) {}
    [[nodiscard]] int size() const { return PQntuples(result_.get()); }
    [[nodiscard]] int columns() const { return PQnfields(result_.get()); }
    [[nodiscard]] Value value(int row, const char *column) const;
    [[nodiscard]] std::string text(int row, const char *column) const { return value(row, column).value_or(""); }
    [[nodiscard]] Value value(int row, int column) const;

  private:
    std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

// One connection to a server, closed with the object. Throws PgError.
class Connection {
  public:
    // Without a limit an answer is waited for as long as the server lives. With one, of at least 2 s to connect, a
    // server that answers nothing for longer counts as lost: PgError::connection_lost(), and the object is of no more
    // use.
    explicit Connection(const std::string &conninfo, std::optional<std::chrono::milliseconds> limit = std::nullopt);

    // For what is asked from now on.
    void set_limit(std::chrono::milliseconds limit) { limit_ = limit; }

    Rows query(const std::string &sql, const std::vector<Value> &parameters = {});

    // The first column of the first row; throws when there is none.
    std::string single(const std::string &sql, const std::vector<Value> &parameters = {});

    // The same of a bytea, as it is.
    std::string bytes(const std::string &sql, const std::vector<Value> &parameters);

    // The value of a parameter, by a command that a connection for replication knows, too.
    std::string show(const std::string &parameter);

    // Returns when a notification came, or after the time.
    void wait_for_notification(std::chrono::milliseconds limit);

  private:
    Rows execute(const std::string &sql, const std::vector<Value> &parameters, bool as_binary);
    Rows take(bool was_sent);
    void set_up();
    // The last result of what was sent. Throws PgError after the limit.
    [[nodiscard]] PGresult *answer();

    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
    std::optional<std::chrono::milliseconds> limit_;
};

// A value in a connection string, quoted.
[[nodiscard]] std::string quote_conninfo(const std::string &value);

// A text in a statement that takes no parameters.
[[nodiscard]] std::string quote_literal(std::string_view text);

// The role that initdb made, whatever it is called: pg_upgrade accepts no other.
[[nodiscard]] std::string bootstrap_superuser(Connection &server);

}  // namespace pgaf
