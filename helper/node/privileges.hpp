#pragma once

#include <memory>
#include <string>

#include "privileged/protocol.hpp"

namespace pgaf {

// What PGDATA's owner may ask root for: see privileged/protocol.hpp.
class Privileges {
  public:
    Privileges() = default;
    virtual ~Privileges() = default;
    Privileges(const Privileges &) = delete;
    Privileges &operator=(const Privileges &) = delete;

    // Returns the unit's name. Throws HelperError.
    virtual std::string ask(privileged::Verb verb, int first = 0, int second = 0) = 0;

    // A shell of the owner's in a scope of its own, which reads its commands from `in`. Throws HelperError.
    virtual void start_scope(int in, int out, int err) = 0;
};

// The process that has forked this one, at the other end of the socket.
[[nodiscard]] std::shared_ptr<Privileges> root_behind(int socket);

// pgaf-upgrade-service, by sudo without a password.
[[nodiscard]] std::shared_ptr<Privileges> root_by_sudo();

}  // namespace pgaf
