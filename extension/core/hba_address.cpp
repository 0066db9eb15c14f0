#include "core/hba_address.hpp"

#include <arpa/inet.h>

namespace pgaf::hba {

namespace {

constexpr std::size_t size_of(Address::Family family) {
    return family == Address::Family::V4 ? 4 : 16;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
    const std::string number(text.substr(0, text.find('%')));
    Bytes bytes{};
    if (::inet_pton(AF_INET, number.c_str(), bytes.data()) == 1) {
        return Address(Family::V4, bytes);
    }
    if (::inet_pton(AF_INET6, number.c_str(), bytes.data()) == 1) {
        return Address(Family::V6, bytes);
    }
    return std::nullopt;
}

std::string Address::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    ::inet_ntop(family_ == Family::V4 ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), buffer.size());
    return buffer.data();
}

std::string Address::as_network_of_one() const {
    return text() + (family_ == Family::V4 ? "/32" : "/128");
}

Address Address::full_mask(Family family) {
    Bytes bytes{};
    for (std::size_t i = 0; i < size_of(family); ++i) {
        bytes.at(i) = 0xff;
    }
    return {family, bytes};
}

bool Address::is_within(const Address &network, const Address &mask) const {
    if (network.family_ != family_ || mask.family_ != family_) {
        return false;
    }
    for (std::size_t i = 0; i < size_of(family_); ++i) {
        if (((bytes_.at(i) ^ network.bytes_.at(i)) & mask.bytes_.at(i)) != 0) {
            return false;
        }
    }
    return true;
}

}  // namespace pgaf::hba
