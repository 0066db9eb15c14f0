#pragma once

#include <filesystem>

namespace pgaf {

// A directory for the Unix socket of a server that only the owner shall reach: the wanted one, or a
// private one in /tmp, removed with the object, where the wanted path is too long for a socket.
class SocketDirectory {
  public:
    // Throws HelperError(StepFailed).
    SocketDirectory(const std::filesystem::path &wanted);
    ~SocketDirectory();
    SocketDirectory(const SocketDirectory &) = delete;
    SocketDirectory &operator=(const SocketDirectory &) = delete;
    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
    bool made_ = false;
};

}  // namespace pgaf
