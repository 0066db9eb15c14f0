#include "system/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "system/error.hpp"

namespace pgaf {

void log_into(const std::filesystem::path &path) {
    const auto status = std::filesystem::symlink_status(path);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        throw HelperError(ExitCode::Refused, fmt::format("\"{}\" is no file that can be written to", path.string()),
                          "See what it is, and move it elsewhere.");
    }
    auto log = spdlog::basic_logger_mt("pgaf-upgrade", path.string());
    log->flush_on(spdlog::level::info);
    spdlog::set_default_logger(log);
}

}  // namespace pgaf
