#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/port.hpp"
#include "system/error.hpp"

namespace pgaf {
namespace {

// A listener on 127.0.0.1, at a port that the kernel chooses.
class Other {
  public:
    Other() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr *>(&address), size), 0);
        EXPECT_EQ(::listen(socket_, 1), 0);
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr *>(&address), &size), 0);
        port = ntohs(address.sin_port);
    }
    Other(const Other &) = delete;
    Other &operator=(const Other &) = delete;
    ~Other() { ::close(socket_); }

    int port = 0;

  private:
    int socket_;
};

TEST(Port, IsTakenOnTheAddressesOfTheListener) {
    const Other other;
    using Texts = std::vector<std::string>;
    EXPECT_EQ(taken_addresses("127.0.0.1", other.port), Texts{"127.0.0.1"});
    EXPECT_EQ(taken_addresses("127.0.0.2, 127.0.0.1", other.port), Texts{"127.0.0.1"});
    EXPECT_EQ(taken_addresses("127.0.0.2", other.port), Texts{});
    // one address of all is enough to be in the way of all of its family
    EXPECT_EQ(taken_addresses("*", other.port), Texts{"0.0.0.0"});
    EXPECT_THROW(require_free_port("*", other.port), HelperError);
}

TEST(Port, IsFreeWhenTheListenerHasGone) {
    int port = 0;
    {
        const Other other;
        port = other.port;
    }
    EXPECT_NO_THROW(require_free_port("127.0.0.1", port));
}

TEST(Port, NothingIsTakenWhereTheServerListensToNoAddress) {
    const Other other;
    EXPECT_TRUE(taken_addresses("", other.port).empty());
    EXPECT_TRUE(taken_addresses("no.such.host.invalid", other.port).empty());
}

}  // namespace
}  // namespace pgaf
