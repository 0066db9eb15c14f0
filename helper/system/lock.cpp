#include "system/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "system/error.hpp"

namespace pgaf {

Lock::Lock(const std::filesystem::path &path)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)) {
    if (fd_ < 0) {
        throw HelperError(ExitCode::Refused, fmt::format("could not open \"{}\"", path.string()),
                          "See what it is, and that PGDATA's owner may write to its directory.");
    }
    taken_ = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
}

Lock::~Lock() {
    ::close(fd_);
}

}  // namespace pgaf
