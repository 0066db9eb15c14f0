#include "real_server.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "system/files.hpp"
#include "system/owner.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::chrono::seconds kStarts{60};

// As Debian has them: the newest major.
int major_here() {
    int newest = 0;
    std::error_code none;
    for (const auto &entry : fs::directory_iterator("/usr/lib/postgresql", none)) {
        const auto name = entry.path().filename().string();
        int major = 0;
        std::from_chars(name.data(), name.data() + name.size(), major);
        if (major > newest && fs::exists(entry.path() / "bin/initdb")) {
            newest = major;
        }
    }
    return newest;
}

std::string program(const std::string &name) {
    return fmt::format("/usr/lib/postgresql/{}/bin/{}", major_here(), name);
}

// What runs a program as the server's user, which is not root, until we end.
std::vector<std::string> as_user(std::vector<std::string> argv) {
    std::vector<std::string> by{"/usr/bin/setpriv", "--pdeathsig=QUIT"};
    if (::geteuid() == 0) {
        by.insert(by.end(), {"--reuid=postgres", "--regid=postgres", "--init-groups"});
    }
    argv.insert(argv.begin(), by.begin(), by.end());
    return argv;
}

std::string text_of_log(const fs::path &log) {
    return fs::exists(log) ? read_file(log) : std::string("nothing");
}

}  // namespace

bool RealServer::is_there() {
    return major_here() != 0 && (::geteuid() != 0 || owner_named("postgres"));
}

bool RealServer::can_be_monitor() {
    const fs::path extensions = fmt::format("/usr/share/postgresql/{}/extension", major_here());
    return is_there() && fs::exists(extensions / "pgautofailover.control") &&
           fs::exists(extensions / "pgaf_upgrade.control");
}

RealServer &RealServer::get() {
    static RealServer server;
    return server;
}

RealServer::RealServer() {
    std::string name = (fs::temp_directory_path() / "pgaf-test-server-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("no folder for a server");
    }
    folder_ = name;
    if (::geteuid() == 0) {
        const auto owner = owner_named("postgres");
        if (!owner || ::chown(folder_.c_str(), owner->uid, owner->gid) != 0) {
            throw std::runtime_error("no folder of the server's user");
        }
    }
    make();
    start();
}

void RealServer::make() const {
    const auto data = folder_ / "data";
    run_checked({.argv = as_user({program("initdb"), "--pgdata", data, "--username", kSuperuser, "--auth=trust",
                                  "--encoding=UTF8", "--locale=C", "--no-sync"})});
    std::ofstream settings(data / "postgresql.conf", std::ios::app);
    settings << fmt::format(
        "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\nmax_connections = 20\n"
        "shared_buffers = 16MB\nautovacuum = off\n",
        folder_.string());
    if (can_be_monitor()) {
        settings << "shared_preload_libraries = 'pgautofailover'\npgautofailover.enable_health_checks = off\n";
    }
}

void RealServer::start() {
    const auto log = folder_ / "log";
    auto words = as_user({program("postgres"), "-D", folder_ / "data"});
    std::vector<char *> argv;
    for (auto &word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(out, STDERR_FILENO);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    const auto deadline = std::chrono::steady_clock::now() + kStarts;
    while (true) {
        try {
            Connection connection(conninfo());
            return;
        } catch (const PgError &error) {
            if (std::chrono::steady_clock::now() > deadline || ::waitpid(pid_, nullptr, WNOHANG) != 0) {
                throw std::runtime_error(fmt::format("{}: {}", error.what(), text_of_log(log)));
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

RealServer::~RealServer() {
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
    std::error_code none;
    fs::remove_all(folder_, none);
}

std::string RealServer::conninfo(const std::string &more) const {
    return fmt::format("host={} port=5432 user={} {}", quote_conninfo(folder_.string()), kSuperuser, more);
}

}  // namespace pgaf
