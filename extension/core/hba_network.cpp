#include "core/hba_network.hpp"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace pgaf::hba {

namespace {

std::optional<Address> address_of(const sockaddr *socket_address) {
    if (socket_address == nullptr) {
        return std::nullopt;
    }
    Address::Bytes bytes{};
    if (socket_address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, socket_address, sizeof(v4));
        std::memcpy(bytes.data(), &v4.sin_addr, sizeof(v4.sin_addr));
        return Address(Address::Family::V4, bytes);
    }
    if (socket_address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, socket_address, sizeof(v6));
        std::memcpy(bytes.data(), &v6.sin6_addr, sizeof(v6.sin6_addr));
        return Address(Address::Family::V6, bytes);
    }
    return std::nullopt;
}

socklen_t fill(sockaddr_storage &storage, const Address &address) {
    if (address.family() == Address::Family::V4) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof(v4.sin_addr));
        std::memcpy(&storage, &v4, sizeof(v4));
        return sizeof(v4);
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof(v6.sin6_addr));
    std::memcpy(&storage, &v6, sizeof(v6));
    return sizeof(v6);
}

std::optional<std::string> look_up_name(const Address &address) {
    sockaddr_storage storage{};
    const auto length = fill(storage, address);
    std::array<char, NI_MAXHOST> name{};
    if (::getnameinfo(reinterpret_cast<const sockaddr *>(&storage), length, name.data(), name.size(), nullptr, 0,
                      NI_NAMEREQD) != 0) {
        return std::nullopt;
    }
    return name.data();
}

std::vector<Address> look_up_addresses(const std::string &name) {
    addrinfo *first = nullptr;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;  // each address once
    if (::getaddrinfo(name.c_str(), nullptr, &hints, &first) != 0) {
        return {};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(first, &::freeaddrinfo);
    std::vector<Address> addresses;
    for (const auto *info = first; info != nullptr; info = info->ai_next) {
        if (const auto address = address_of(info->ai_addr);
            address && std::ranges::find(addresses, *address) == addresses.end()) {
            addresses.push_back(*address);
        }
    }
    return addresses;
}

bool is_zero(const Address &mask) {
    return std::ranges::all_of(mask.bytes(), [](auto byte) { return byte == 0; });
}

std::vector<Interface> look_up_interfaces() {
    ifaddrs *first = nullptr;
    if (::getifaddrs(&first) != 0) {
        return {};
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> found(first, &::freeifaddrs);
    std::vector<Interface> interfaces;
    for (const auto *entry = first; entry != nullptr; entry = entry->ifa_next) {
        const auto address = address_of(entry->ifa_addr);
        if (!address) {
            continue;
        }
        // A mask that is missing or empty counts as that of this address alone, as in PostgreSQL.
        auto mask = address_of(entry->ifa_netmask);
        if (!mask || mask->family() != address->family() || is_zero(*mask)) {
            mask = Address::full_mask(address->family());
        }
        interfaces.push_back({*address, *mask});
    }
    return interfaces;
}

}  // namespace

std::optional<std::string> SystemNetwork::name_of(const Address &address) {
    const auto known = names_.find(address);
    return known != names_.end() ? known->second : names_.emplace(address, look_up_name(address)).first->second;
}

std::vector<Address> SystemNetwork::addresses_of(const std::string &name) {
    const auto known = addresses_.find(name);
    return known != addresses_.end() ? known->second : addresses_.emplace(name, look_up_addresses(name)).first->second;
}

const std::vector<Interface> &SystemNetwork::interfaces() {
    if (!interfaces_) {
        interfaces_ = look_up_interfaces();
    }
    return *interfaces_;
}

std::string address_field(const std::string &host, const Address &address, Network &network) {
    if (!Address::parse(host)) {
        const auto name = network.name_of(address);
        if (name && ::strcasecmp(name->c_str(), host.c_str()) == 0) {
            return host;
        }
    }
    return address.as_network_of_one();
}

}  // namespace pgaf::hba
