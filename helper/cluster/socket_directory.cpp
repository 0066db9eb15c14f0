#include "cluster/socket_directory.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "system/error.hpp"

namespace pgaf {

namespace {

// A Unix socket's path may have 107 bytes.
constexpr std::size_t kLongestSocketPath = 107;

}  // namespace

SocketDirectory::SocketDirectory(const std::filesystem::path &wanted) : path_(wanted) {
    if (wanted.string().size() + std::string_view("/.s.PGSQL.50432").size() <= kLongestSocketPath) {
        return;
    }
    std::string name = "/tmp/pgaf-upgrade-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw HelperError(ExitCode::StepFailed, fmt::format("could not make a directory \"{}\": {}", name,
                                                            std::system_category().message(errno)));
    }
    path_ = name;
    made_ = true;
}

SocketDirectory::~SocketDirectory() {
    if (made_) {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
}

}  // namespace pgaf
