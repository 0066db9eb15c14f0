#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace pgaf {

// The system user that owns PGDATA: PostgreSQL's programs run as this user and no other.
struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name;
    std::filesystem::path home;
    std::vector<gid_t> groups;  // read beforehand: not to be looked up between fork and exec
};

// Throws HelperError(Usage) when the path does not exist or its owner has no name.
[[nodiscard]] Owner owner_of(const std::filesystem::path &path);

// The calling thread acts as the owner until the end of the scope. Only the thread: the steps that
// run beside it keep their own rights. A helper that already runs as the owner changes nothing.
class ActingAs {
  public:
    explicit ActingAs(const Owner &owner);
    ~ActingAs();
    ActingAs(const ActingAs &) = delete;
    ActingAs &operator=(const ActingAs &) = delete;

  private:
    bool changed_ = false;
};

}  // namespace pgaf
