#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgaf::hba {

// An IP address or a netmask. An IPv4 address written in IPv6 (::ffff:10.0.0.1) is an IPv6 address, as
// it is to PostgreSQL: its sockets for IPv6 take no IPv4 clients.
class Address {
  public:
    enum class Family : std::uint8_t { V4, V6 };
    using Bytes = std::array<std::uint8_t, 16>;  // of V4 the first four, in the order of the network

    Address(Family family, const Bytes &bytes) : family_(family), bytes_(bytes) {}

    // Of a numeric address alone; a zone (fe80::1%eth0) is passed over, as PostgreSQL does.
    [[nodiscard]] static std::optional<Address> parse(std::string_view text);

    [[nodiscard]] Family family() const { return family_; }
    [[nodiscard]] const Bytes &bytes() const { return bytes_; }
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string as_network_of_one() const;  // 10.0.0.1/32, ::1/128

    [[nodiscard]] static Address full_mask(Family family);
    [[nodiscard]] bool is_within(const Address &network, const Address &mask) const;

    friend auto operator<=>(const Address &, const Address &) = default;  // NOLINT(modernize-use-nullptr)

  private:
    Family family_;
    Bytes bytes_;
};

}  // namespace pgaf::hba
