#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace pgaf {

// SHA-256 of what is added, piece by piece.
class Digest {
  public:
    Digest();
    void add(std::string_view bytes);

    // In hexadecimal digits; nothing is added after it.
    [[nodiscard]] std::string finish();

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

[[nodiscard]] std::string sha256_of(std::string_view bytes);

}  // namespace pgaf
