#include "system/compression.hpp"

#include <memory>
#include <string>

#include <fmt/format.h>
#include <zstd.h>

#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// zstd's fastest common level: a catalog becomes a fifth by it.
constexpr int kLevel = 1;

// Of a function of zstd's, which returns a size or an error. E is what is thrown then.
template <typename E>
std::size_t checked(std::size_t returned, const char *what, const fs::path &path) {
    if (ZSTD_isError(returned) != 0) {
        throw E(ExitCode::StepFailed,
                fmt::format("could not {} \"{}\": {}", what, path.string(), ZSTD_getErrorName(returned)));
    }
    return returned;
}

// What the file has, piece by piece; the last one is empty.
void read_pieces(const fs::path &path, std::size_t bytes, const auto &take) {
    const InputFile input(path);
    for (std::uint64_t at = 0;;) {
        const auto piece = input.read(at, bytes);
        take(piece);
        if (piece.empty()) {
            return;
        }
        at += piece.size();
    }
}

}  // namespace

void compress_file(const fs::path &from, const fs::path &to) {
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    OutputFile output(to, 0600);
    std::string made(ZSTD_CStreamOutSize(), '\0');
    read_pieces(from, ZSTD_CStreamInSize(), [&](const std::string &piece) {
        ZSTD_inBuffer in{.src = piece.data(), .size = piece.size(), .pos = 0};
        const auto how = piece.empty() ? ZSTD_e_end : ZSTD_e_continue;
        for (std::size_t left = 1; in.pos < in.size || (how == ZSTD_e_end && left != 0);) {
            ZSTD_outBuffer out{.dst = made.data(), .size = made.size(), .pos = 0};
            left = checked<HelperError>(ZSTD_compressStream2(context.get(), &out, &in, how), "compress", from);
            output.write({made.data(), out.pos});
        }
    });
}

void decompress_file(const fs::path &from, const fs::path &to, std::uint64_t most) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
    OutputFile output(to, 0600);
    std::string made(ZSTD_DStreamOutSize(), '\0');
    std::size_t left = 1;  // 0 at the end of a frame
    std::uint64_t size = 0;
    read_pieces(from, ZSTD_DStreamInSize(), [&](const std::string &piece) {
        ZSTD_inBuffer in{.src = piece.data(), .size = piece.size(), .pos = 0};
        bool is_full = false;  // there may be more of what was read
        while (in.pos < in.size || (is_full && left != 0)) {
            ZSTD_outBuffer out{.dst = made.data(), .size = made.size(), .pos = 0};
            left = checked<CompressionDamaged>(ZSTD_decompressStream(context.get(), &out, &in), "decompress", from);
            size += out.pos;
            if (size > most) {
                throw CompressionDamaged(
                    ExitCode::StepFailed,
                    fmt::format("\"{}\" would become longer than the {} bytes that it is of", from.string(), most));
            }
            output.write({made.data(), out.pos});
            is_full = out.pos == out.size;
        }
    });
    if (left != 0) {
        throw CompressionDamaged(ExitCode::StepFailed,
                                 fmt::format("could not decompress \"{}\": it has no end", from.string()));
    }
}

}  // namespace pgaf
