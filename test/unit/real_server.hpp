#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "postgres/connection.hpp"

namespace pgaf {

// A PostgreSQL server that only these tests reach, by a socket in a folder of its own: made for the first test that
// asks for it, ended with the process. Its superuser is `kSuperuser`. Where both extensions are installed, it is a
// monitor.
class RealServer {
  public:
    static constexpr const char *kSuperuser = "first";

    // Throws std::runtime_error where no server can be had.
    static RealServer &get();
    ~RealServer();
    RealServer(const RealServer &) = delete;
    RealServer &operator=(const RealServer &) = delete;

    // Whether this machine has the programs, as a host of the laboratory does.
    [[nodiscard]] static bool is_there();
    // Whether it has both extensions, too.
    [[nodiscard]] static bool can_be_monitor();

    [[nodiscard]] std::string conninfo(const std::string &more = "dbname=postgres") const;
    [[nodiscard]] const std::filesystem::path &folder() const { return folder_; }

  private:
    RealServer();
    void make() const;
    void start();

    std::filesystem::path folder_;
    pid_t pid_ = 0;
};

// A test with such a server, and a connection to it.
class WithServer : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!RealServer::is_there()) {
            GTEST_SKIP() << "no PostgreSQL server is installed here";
        }
        server_ = &RealServer::get();
    }

    [[nodiscard]] Connection connect(const std::string &more = "dbname=postgres") const {
        return Connection(server_->conninfo(more));
    }

    RealServer *server_ = nullptr;
};

}  // namespace pgaf
