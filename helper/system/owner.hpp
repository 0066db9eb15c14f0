#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
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
[[nodiscard]] Owner owner_of_uid(uid_t uid);
[[nodiscard]] std::optional<Owner> owner_named(const std::string &name);  // nothing where there is no such user

// Throws HelperError(Refused) where the owner is none of these users of the host, or root: whom root works for is
// root's to say.
void require_one_of(const std::vector<std::string> &users, const Owner &owner);

// The calling process is the owner's from here on, and cannot come back: rights, environment, umask. Ends the process
// where that fails.
void become(const Owner &owner);

// Root's calling thread acts as this user, with no other's groups, until the end of the scope.
class ActingAs {
  public:
    explicit ActingAs(const Owner &owner);
    ~ActingAs();
    ActingAs(const ActingAs &) = delete;
    ActingAs &operator=(const ActingAs &) = delete;

  private:
    std::vector<gid_t> groups_;
};

}  // namespace pgaf
