#include "privileged/verbs.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "system/error.hpp"

namespace pgaf::privileged {

namespace {

constexpr Descriptors kNone{-1, -1, -1};

bool is_refused(const Request &request, const Descriptors &descriptors = kNone) {
    try {
        static_cast<void>(checked(request, descriptors));
        return false;
    } catch (const HelperError &) {
        return true;
    }
}

long open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

// What a worker that has been taken over may send: any bytes, any descriptors.
class Attacker {
  public:
    explicit Attacker(int socket) : socket_(socket) {}
    ~Attacker() {
        ::close(socket_);
        ::close(null_);
    }
    Attacker(const Attacker &) = delete;
    Attacker &operator=(const Attacker &) = delete;

    void send_any() {
        std::array<char, 64> bytes{};
        std::ranges::generate(bytes, [this] { return static_cast<char>(random_()); });
        std::size_t size = sizeof(Request);
        if (is_one_in(4)) {
            size = 1 + random_() % bytes.size();
        } else if (!is_one_in(4)) {
            const Request likely{static_cast<Verb>(random_() % 14), small(), small()};
            std::memcpy(bytes.data(), &likely, sizeof likely);
        }
        send({bytes.data(), size}, is_one_in(2) ? 0 : random_() % 6);
    }

    Reply answer() const {
        Reply reply;
        EXPECT_EQ(::recv(socket_, &reply, sizeof reply, 0), static_cast<ssize_t>(sizeof reply));
        return reply;
    }

  private:
    bool is_one_in(unsigned number) { return random_() % number == 0; }
    std::int32_t small() { return is_one_in(2) ? 0 : static_cast<std::int32_t>(random_() % 120) - 10; }

    void send(std::string_view bytes, std::size_t descriptors) const {
        iovec part{const_cast<char *>(bytes.data()), bytes.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 6)> control{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (descriptors != 0) {
            message.msg_control = control.data();
            message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors);
            auto *head = CMSG_FIRSTHDR(&message);
            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_RIGHTS;
            head->cmsg_len = CMSG_LEN(sizeof(int) * descriptors);
            for (std::size_t at = 0; at < descriptors; ++at) {
                std::memcpy(CMSG_DATA(head) + at * sizeof(int), &null_, sizeof(int));
            }
        }
        ASSERT_EQ(::sendmsg(socket_, &message, 0), static_cast<ssize_t>(bytes.size()));
    }

    int socket_;
    int null_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    std::mt19937 random_{20261130};
};

}  // namespace

TEST(Verbs, AreThoseThatThereAre) {
    EXPECT_FALSE(is_refused({Verb::Stop, 0, 0}));
    EXPECT_FALSE(is_refused({Verb::Program, 17, 1}));
    EXPECT_FALSE(is_refused({Verb::UseKept, 1, 0}));
    EXPECT_FALSE(is_refused({Verb::CleanUp, 17, 0}));
    EXPECT_FALSE(is_refused({Verb::Scope, 0, 0}, {0, 1, 2}));
    EXPECT_TRUE(is_refused({static_cast<Verb>(static_cast<std::uint32_t>(Verb::Scope) + 1), 0, 0}));
    EXPECT_TRUE(is_refused({static_cast<Verb>(~0U), 0, 0}));
}

TEST(Verbs, TakeNoOtherNumbers) {
    EXPECT_TRUE(is_refused({Verb::Stop, 1, 0}));
    EXPECT_TRUE(is_refused({Verb::Stop, 0, 1}));
    EXPECT_TRUE(is_refused({Verb::Program, 9, 1}));
    EXPECT_TRUE(is_refused({Verb::Program, 100, 1}));
    EXPECT_TRUE(is_refused({Verb::Program, 17, 2}));
    EXPECT_TRUE(is_refused({Verb::CleanUp, 0, 0}));
    EXPECT_TRUE(is_refused({Verb::CleanUp, 17, 2}));
    EXPECT_TRUE(is_refused({Verb::UseKept, 2, 0}));
    EXPECT_TRUE(is_refused({Verb::UseKept, -1, 0}));
    EXPECT_TRUE(is_refused({Verb::Scope, 0, 0}, {0, 1, -1}));
}

// As many as PGAF_FUZZ_INPUTS says.
TEST(Verbs, AreAllThatAnyMessageCanAskFor) {
    const char *given = std::getenv("PGAF_FUZZ_INPUTS");
    const long inputs = given == nullptr ? 20'000 : std::atol(given);
    std::array<int, 2> sockets{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()), 0);
    std::array<long, static_cast<std::size_t>(Verb::Scope) + 1> carried_out{};
    const auto carry_out = [&](const Request &request, const Descriptors &descriptors) {
        EXPECT_FALSE(is_refused(request, descriptors));
        ++carried_out.at(static_cast<std::size_t>(request.verb));
        if (request.verb == Verb::Find) {
            throw HelperError(ExitCode::Refused, std::string(5000, 'x'), "too long for a reply");
        }
        return std::string("a unit");
    };
    long before = 0;
    long after = 0;
    {
        Attacker attacker(sockets[0]);
        std::jthread server([&] {
            serve(sockets[1], carry_out);
            ::close(sockets[1]);
        });
        before = open_descriptors();
        long refused = 0;
        for (long input = 0; input < inputs && !HasFailure(); ++input) {
            attacker.send_any();
            const auto reply = attacker.answer();
            refused += reply.failed != 0 ? 1 : 0;
            EXPECT_EQ(reply.text.back(), '\0');
        }
        after = open_descriptors();
        EXPECT_GT(refused, inputs / 10);
        ::shutdown(sockets[0], SHUT_RDWR);
    }
    EXPECT_EQ(after, before);
    for (const long times : carried_out) {
        EXPECT_GT(times, 0);  // what is right gets through among all that is not
    }
}

}  // namespace pgaf::privileged
