#include "system/digest.hpp"

#include <array>

#include <fmt/format.h>

#include "system/error.hpp"

namespace pgaf {

namespace {

void require(bool is_done) {
    if (!is_done) {
        throw HelperError(ExitCode::Internal, "OpenSSL computes no SHA-256");
    }
}

}  // namespace

Digest::Digest() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    require(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Digest::add(std::string_view bytes) {
    require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Digest::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    require(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
    std::string text;
    for (unsigned int at = 0; at < size; ++at) {
        text += fmt::format("{:02x}", digest[at]);
    }
    return text;
}

std::string sha256_of(std::string_view bytes) {
    Digest digest;
    digest.add(bytes);
    return digest.finish();
}

}  // namespace pgaf
