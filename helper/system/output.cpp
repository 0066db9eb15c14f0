#include "system/output.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/files.hpp"

namespace pgaf {

void write_output(const std::filesystem::path &path, std::string_view text) {
    if (path == "-") {
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
            throw HelperError(ExitCode::Internal, "could not write to standard output");
        }
        return;
    }
    // a device would be replaced by the file
    if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path)) {
        throw HelperError(ExitCode::Usage, fmt::format("\"{}\" is no file", path.string()),
                          "Name a file, or - for standard output.");
    }
    try {
        write_file(std::filesystem::weakly_canonical(path), text, 0644);
    } catch (const std::exception &error) {
        throw HelperError(ExitCode::Usage, error.what(), "Name a file in a directory that can be written to.");
    }
}

}  // namespace pgaf
