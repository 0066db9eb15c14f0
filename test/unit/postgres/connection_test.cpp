#include "postgres/connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <thread>

#include <fmt/format.h>

#include "contains.hpp"
#include "real_server.hpp"
#include "with_folder.hpp"

// Against a real server.
namespace pgaf {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class ConnectionTest : public WithServer {
  protected:
    [[nodiscard]] PgError error_of(const std::string &sql) const {
        auto connection = connect();
        return error_on(connection, sql);
    }

    static PgError error_on(Connection &connection, const std::string &sql, const std::vector<Value> &values = {}) {
        try {
            connection.query(sql, values);
        } catch (const PgError &error) {
            return error;
        }
        ADD_FAILURE() << "no error of: " << sql;
        return {ExitCode::Internal, "none", "", "none"};
    }

    [[nodiscard]] PgError raised(const std::string &sqlstate) const {
        return error_of(fmt::format("DO $$ BEGIN RAISE 'raised' USING ERRCODE = '{}'; END $$", sqlstate));
    }

    void end_session_of(Connection &connection) const {
        const auto pid = connection.single("SELECT pg_backend_pid()");
        EXPECT_EQ(connect().single("SELECT pg_terminate_backend($1, 10000)", {pid}), "t");
    }
};

PgError refusal_to_connect(const std::string &conninfo) {
    try {
        const Connection connection(conninfo);
    } catch (const PgError &error) {
        return error;
    }
    ADD_FAILURE() << "connected to: " << conninfo;
    return {ExitCode::Internal, "none", "", "none"};
}

TEST_F(ConnectionTest, GivesValuesAsTheyAre) {
    auto connection = connect();
    const auto rows =
        connection.query("SELECT $1::text AS text, $2::text AS none, 7 AS number UNION ALL SELECT '', '', 8",
                         {"it's \\ \xc3\xa9", std::nullopt});
    EXPECT_EQ(rows.size(), 2);
    EXPECT_EQ(rows.columns(), 3);
    EXPECT_EQ(rows.value(0, "text"), "it's \\ \xc3\xa9");
    EXPECT_EQ(rows.value(0, "none"), std::nullopt);
    EXPECT_EQ(rows.text(0, "none"), "");
    EXPECT_EQ(rows.value(1, "none"), "");
    EXPECT_EQ(rows.value(1, 2), "8");
    EXPECT_EQ(connection.query("SELECT 1 WHERE false").size(), 0);
    EXPECT_EQ(connection.query("SET lock_timeout = 0").size(), 0);
}

TEST_F(ConnectionTest, HasNoOtherColumnsAndRows) {
    auto connection = connect();
    const auto rows = connection.query("SELECT 1 AS one");
    try {
        static_cast<void>(rows.value(0, "other"));
        FAIL() << "there is such a column";
    } catch (const HelperError &error) {
        EXPECT_EQ(error.code(), ExitCode::Internal);
        EXPECT_STREQ(error.what(), "the server's answer has no column \"other\"");
    }
    EXPECT_EQ(connection.single("SELECT NULL"), "");
    EXPECT_THROW(connection.single("SELECT 1 WHERE false"), HelperError);
    EXPECT_THROW(connection.bytes("SELECT ''::bytea WHERE false", {}), HelperError);
    EXPECT_EQ(connection.single("SELECT 'goes on'"), "goes on");
}

TEST_F(ConnectionTest, GivesBytesAsTheyAre) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all.push_back(static_cast<char>(byte));
    }
    auto connection = connect();
    std::string hex;
    for (const char byte : all) {
        hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    EXPECT_EQ(connection.bytes("SELECT decode($1, 'hex')", {hex}), all);
    EXPECT_EQ(connection.bytes("SELECT ''::bytea", {}), "");
    EXPECT_EQ(connection.bytes("SELECT decode(repeat('00', 1000000), 'hex')", {}), std::string(1'000'000, '\0'));
}

// A schema of somebody else's with a function of the same name is not what is called.
TEST_F(ConnectionTest, FindsOnlyWhatThePathNames) {
    auto connection = connect();
    EXPECT_EQ(connection.single("SHOW search_path"), "pg_catalog,pg_temp");
    EXPECT_EQ(connection.single("SHOW datestyle"), "ISO, MDY");
    EXPECT_EQ(connection.single("SHOW application_name"), "pgaf-upgrade");
    EXPECT_EQ(connect("dbname=postgres application_name=other").single("SHOW application_name"), "other");
    EXPECT_EQ(connect("dbname=postgres options='-c datestyle=German'").single("SHOW datestyle"), "German, DMY");
}

TEST_F(ConnectionTest, KeepsWhatTheServerSaysOfAnError) {
    const auto division = error_of("SELECT 1 / 0");
    EXPECT_EQ(division.sqlstate(), "22012");
    EXPECT_EQ(division.code(), ExitCode::Refused);
    EXPECT_STREQ(division.what(), "division by zero");
    EXPECT_EQ(division.hint(), "");
    EXPECT_FALSE(division.connection_lost());
    EXPECT_FALSE(division.is_transient());

    const auto with_hint = error_of(
        "DO $$ BEGIN RAISE E'two\\nlines' USING ERRCODE = 'PU003', HINT = E'Do\\tthis.\\n', DETAIL = 'more'; END $$");
    EXPECT_EQ(with_hint.sqlstate(), "PU003");
    EXPECT_STREQ(with_hint.what(), "two lines");
    EXPECT_EQ(with_hint.hint(), "Do this.");
}

TEST_F(ConnectionTest, GoesOnAfterAnError) {
    auto connection = connect();
    EXPECT_EQ(error_on(connection, "SELEKT").sqlstate(), "42601");
    EXPECT_EQ(error_on(connection, "SELECT $1::int", {"no number"}).sqlstate(), "22P02");
    EXPECT_EQ(error_on(connection, "SELECT $1::int").sqlstate(), "08P01");  // a parameter that is not given
    EXPECT_EQ(connection.single("SELECT 1"), "1");
}

TEST_F(ConnectionTest, KnowsWhatALaterTryMayNotMeet) {
    for (const auto *sqlstate : {"40001", "40P01"}) {
        const auto error = raised(sqlstate);
        EXPECT_EQ(error.sqlstate(), sqlstate);
        EXPECT_EQ(error.code(), ExitCode::Refused) << sqlstate;
        EXPECT_FALSE(error.connection_lost()) << sqlstate;
        EXPECT_TRUE(error.is_transient()) << sqlstate;
    }
    // a server that goes down or comes up, which is as one that is not there
    for (const auto *sqlstate : {"57P01", "57P02", "57P03"}) {
        const auto error = raised(sqlstate);
        EXPECT_EQ(error.sqlstate(), "") << sqlstate;
        EXPECT_EQ(error.code(), ExitCode::NoMonitor) << sqlstate;
        EXPECT_TRUE(error.is_transient()) << sqlstate;
    }
    for (const auto *sqlstate : {"23505", "42501", "53300", "55P03", "57014", "XX000"}) {
        const auto error = raised(sqlstate);
        EXPECT_EQ(error.sqlstate(), sqlstate);
        EXPECT_FALSE(error.is_transient()) << sqlstate;
    }
}

TEST_F(ConnectionTest, HasTheDeadlinesThatItIsGiven) {
    auto connection = connect("dbname=postgres options='-c statement_timeout=50'");
    const auto began = Clock::now();
    const auto error = error_on(connection, "SELECT pg_sleep(60)");
    EXPECT_EQ(error.sqlstate(), "57014");
    EXPECT_STREQ(error.what(), "canceling statement due to statement timeout");
    EXPECT_LT(Clock::now() - began, 30s);
}

TEST_F(ConnectionTest, IsLostWithItsSession) {
    auto connection = connect();
    end_session_of(connection);
    const auto error = error_on(connection, "SELECT 1");
    EXPECT_TRUE(error.connection_lost());
    EXPECT_TRUE(error.is_transient());
    EXPECT_EQ(error.code(), ExitCode::NoMonitor);
    EXPECT_TRUE(contains(error.what(), "terminating connection due to administrator command")) << error.what();
    EXPECT_FALSE(contains(error.what(), "\n"));
    // and stays so
    EXPECT_TRUE(error_on(connection, "SELECT 1").connection_lost());
}

TEST_F(ConnectionTest, IsLostInTheMiddleOfAQuery) {
    auto connection = connect();
    const auto pid = connection.single("SELECT pg_backend_pid()");
    auto query = std::async(std::launch::async, [&] { return error_on(connection, "SELECT pg_sleep(60)"); });
    auto other = connect();
    while (other.single("SELECT coalesce(wait_event, '') FROM pg_stat_activity WHERE pid = $1", {pid}) != "PgSleep") {
        std::this_thread::sleep_for(5ms);
    }
    other.query("SELECT pg_terminate_backend($1)", {pid});
    EXPECT_TRUE(query.get().connection_lost());
}

TEST_F(ConnectionTest, WaitsForANotificationAndNoLonger) {
    auto connection = connect();
    auto other = connect();
    connection.query("LISTEN something");
    auto began = Clock::now();
    connection.wait_for_notification(30ms);
    EXPECT_GE(Clock::now() - began, 25ms);

    began = Clock::now();
    other.query("NOTIFY something");
    connection.wait_for_notification(60s);
    EXPECT_LT(Clock::now() - began, 30s);

    // one that came with the answer to a query
    began = Clock::now();
    other.query("NOTIFY something");
    connection.query("SELECT 1");
    connection.wait_for_notification(60s);
    EXPECT_LT(Clock::now() - began, 30s);

    // each is waited for once
    began = Clock::now();
    connection.wait_for_notification(30ms);
    EXPECT_GE(Clock::now() - began, 25ms);
}

// The end of the session ends it, and what came before that; but not again and again.
TEST_F(ConnectionTest, WaitsWithoutASession) {
    auto connection = connect();
    end_session_of(connection);
    connection.wait_for_notification(60s);
    connection.wait_for_notification(30ms);
    const auto began = Clock::now();
    connection.wait_for_notification(30ms);
    EXPECT_GE(Clock::now() - began, 25ms);
}

TEST_F(ConnectionTest, TakesQuotedValues) {
    for (const std::string value : {"plain", "it's", "back\\slash", "two \\' words", "", "'"}) {
        auto connection = connect("dbname=postgres application_name=" + quote_conninfo(value));
        EXPECT_EQ(connection.single("SHOW application_name"), value);
        for (const auto *conforming : {"on", "off"}) {
            connection.query("SELECT set_config('standard_conforming_strings', $1, false)", {conforming});
            EXPECT_EQ(connection.single("SELECT" + quote_literal(value)), value) << conforming;
        }
    }
}

TEST_F(ConnectionTest, KnowsTheRoleOfInitdb) {
    auto connection = connect();
    EXPECT_EQ(bootstrap_superuser(connection), RealServer::kSuperuser);
}

TEST_F(ConnectionTest, SaysWhyItIsRefused) {
    const auto no_database = refusal_to_connect(server_->conninfo("dbname=none"));
    EXPECT_EQ(no_database.code(), ExitCode::NoMonitor);
    EXPECT_TRUE(no_database.connection_lost());
    EXPECT_TRUE(contains(no_database.what(), "database \"none\" does not exist")) << no_database.what();
    EXPECT_FALSE(contains(no_database.what(), "\n"));
    EXPECT_TRUE(contains(refusal_to_connect("nonsense=1").what(), "invalid connection option \"nonsense\""));
}

// A socket that is there, and what is behind it.
class DeadServer : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const auto path = (folder_ / ".s.PGSQL.5432").string();
        ASSERT_LT(path.size(), sizeof address.sun_path);
        path.copy(address.sun_path, path.size());
        ASSERT_EQ(::bind(socket_, reinterpret_cast<const sockaddr *>(&address), sizeof address), 0);
    }
    void TearDown() override {
        ::close(socket_);
        WithFolder::TearDown();
    }
    [[nodiscard]] std::string conninfo() const {
        return "host=" + quote_conninfo(folder_.string()) + " port=5432 user=any dbname=any connect_timeout=1";
    }

    int socket_ = -1;
};

TEST_F(DeadServer, RefusesWhereNobodyListens) {
    const auto error = refusal_to_connect(conninfo());
    EXPECT_EQ(error.code(), ExitCode::NoMonitor);
    EXPECT_TRUE(contains(error.what(), "Connection refused")) << error.what();
}

TEST_F(DeadServer, IsNotWaitedForWhereItSaysNothing) {
    ASSERT_EQ(::listen(socket_, 5), 0);
    const auto began = Clock::now();
    const auto error = refusal_to_connect(conninfo());
    EXPECT_LT(Clock::now() - began, 30s);
    EXPECT_EQ(error.code(), ExitCode::NoMonitor);
    EXPECT_TRUE(contains(error.what(), "timeout expired")) << error.what();
}

TEST_F(DeadServer, IsNoServerWhereItSaysSomethingElse) {
    ASSERT_EQ(::listen(socket_, 5), 0);
    const std::jthread other([this] {
        const int accepted = ::accept(socket_, nullptr, nullptr);
        static_cast<void>(::send(accepted, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL));
        ::close(accepted);
    });
    const auto error = refusal_to_connect(conninfo());
    EXPECT_EQ(error.code(), ExitCode::NoMonitor);
    EXPECT_TRUE(error.connection_lost());
    EXPECT_FALSE(std::string(error.what()).empty());
}

TEST_F(ConnectionTest, CountsAsLostWhereNoAnswerComesWithinTheLimit) {
    auto connection = connect();
    connection.set_limit(std::chrono::milliseconds(200));
    EXPECT_EQ(connection.single("SELECT 1"), "1");
    const auto error = error_on(connection, "SELECT pg_sleep(60)");
    EXPECT_TRUE(error.connection_lost());
    EXPECT_EQ(error.code(), ExitCode::NoMonitor);
    EXPECT_STREQ(error.what(), "no answer within 0.2 s");
    EXPECT_TRUE(error_on(connection, "SELECT 1").connection_lost()) << "of no more use";
}

TEST_F(ConnectionTest, TakesWhatIsLargerThanAnyBuffer) {
    auto connection = connect();
    connection.set_limit(std::chrono::seconds(60));
    const std::string large(20'000'000, 'x');
    EXPECT_EQ(connection.single("SELECT $1::text", {large}), large);
}

TEST_F(ConnectionTest, TakesNothingThatARoleHasSetForApplications) {
    connect().query("CREATE ROLE of_applications");
    for (const auto *const setting :
         {"role = 'of_applications'", "statement_timeout = '1ms'", "lock_timeout = '1ms'",
          "idle_in_transaction_session_timeout = '1ms'", "default_transaction_isolation = 'serializable'",
          "search_path = 'nowhere'", "datestyle = 'German'"}) {
        connect().query(fmt::format("ALTER ROLE ALL SET {}", setting));
    }
    auto connection = connect();
    EXPECT_EQ(connection.single("SELECT current_user = session_user AND pg_sleep(0.05)::text = ''"), "t");
    EXPECT_EQ(connection.single("SHOW lock_timeout"), "0");
    EXPECT_EQ(connection.single("SHOW idle_in_transaction_session_timeout"), "0");
    EXPECT_EQ(connection.single("SHOW transaction_isolation"), "read committed");
    EXPECT_EQ(connection.single("SHOW search_path"), "pg_catalog,pg_temp");
    EXPECT_EQ(connection.single("SELECT '2026-12-01'::date::text"), "2026-12-01");
    connection.query("ALTER ROLE ALL RESET ALL");
}

}  // namespace
}  // namespace pgaf
