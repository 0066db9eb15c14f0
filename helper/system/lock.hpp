#pragma once

#include <filesystem>

namespace pgaf {

// One program at a time on this host; kept until the object ends, or its process by whatever death.
class Lock {
  public:
    // Throws HelperError(Refused) where the file cannot be opened.
    explicit Lock(const std::filesystem::path &path);
    ~Lock();
    Lock(const Lock &) = delete;
    Lock &operator=(const Lock &) = delete;
    [[nodiscard]] bool taken() const { return taken_; }

  private:
    int fd_;
    bool taken_ = false;
};

}  // namespace pgaf
