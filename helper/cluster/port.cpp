#include "cluster/port.hpp"

#include <array>
#include <cerrno>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>

#include "system/error.hpp"

namespace pgaf {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

// As the server looks them up: by name or number, "*" for all; those that do not resolve are left to it.
Addresses resolve(const std::string &host, int port) {
    addrinfo wanted{};
    wanted.ai_flags = AI_PASSIVE;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    const auto *const name = host == "*" ? nullptr : host.c_str();
    if (::getaddrinfo(name, std::to_string(port).c_str(), &wanted, &found) != 0) {
        found = nullptr;
    }
    return {found, &::freeaddrinfo};
}

// With the server's own options: what is left of ended connections is in nobody's way, and IPv6 is only IPv6.
bool is_taken(const addrinfo &address) {
    const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return false;
    }
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ai_family == AF_INET6) {
        ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    const bool taken = ::bind(socket, address.ai_addr, address.ai_addrlen) != 0 && errno == EADDRINUSE;
    ::close(socket);
    return taken;
}

std::string numeric_text(const addrinfo &address) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(address.ai_addr, address.ai_addrlen, text.data(), NI_MAXHOST, nullptr, 0, NI_NUMERICHOST) != 0) {
        return "?";
    }
    return text.data();
}

}  // namespace

std::vector<std::string> taken_addresses(const std::string &listen_addresses, int port) {
    std::vector<std::string> hosts;
    boost::split(hosts, listen_addresses, [](char c) { return c == ','; });
    std::vector<std::string> taken;
    for (auto &host : hosts) {
        boost::trim(host);
        const auto addresses = host.empty() ? Addresses(nullptr, &::freeaddrinfo) : resolve(host, port);
        for (const auto *address = addresses.get(); address != nullptr; address = address->ai_next) {
            if (is_taken(*address)) {
                taken.push_back(numeric_text(*address));
            }
        }
    }
    return taken;
}

void require_free_port(const std::string &listen_addresses, int port) {
    const auto taken = taken_addresses(listen_addresses, port);
    if (!taken.empty()) {
        throw HelperError(
            ExitCode::StepFailed,
            fmt::format("another process listens to port {} of {}: clients would reach it and not the server", port,
                        fmt::join(taken, ", ")),
            fmt::format("ss -ltnp 'sport = :{}' tells which. End it, and run pgaf-upgrade run again.", port));
    }
}

}  // namespace pgaf
