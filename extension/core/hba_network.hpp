#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/hba_address.hpp"

namespace pgaf::hba {

struct Interface {
    Address address;
    Address mask;
};

// What the rules ask about the world: names, and the server's own addresses.
class Network {
  public:
    Network() = default;
    Network(const Network &) = delete;
    Network &operator=(const Network &) = delete;
    virtual ~Network() = default;
    [[nodiscard]] virtual std::optional<std::string> name_of(const Address &address) = 0;
    [[nodiscard]] virtual std::vector<Address> addresses_of(const std::string &name) = 0;
    [[nodiscard]] virtual const std::vector<Interface> &interfaces() = 0;
};

// This host's resolver and interfaces, each asked once for the same thing.
class SystemNetwork final : public Network {
  public:
    [[nodiscard]] std::optional<std::string> name_of(const Address &address) override;
    [[nodiscard]] std::vector<Address> addresses_of(const std::string &name) override;
    [[nodiscard]] const std::vector<Interface> &interfaces() override;

  private:
    std::map<Address, std::optional<std::string>> names_;
    std::map<std::string, std::vector<Address>> addresses_;
    std::optional<std::vector<Interface>> interfaces_;
};

// How pg_hba.conf should write a client that is known by a host name or an address: by the name when it
// leads to the address and back, since only then PostgreSQL would match it, and else by the address.
[[nodiscard]] std::string address_field(const std::string &host, const Address &address, Network &network);

}  // namespace pgaf::hba
