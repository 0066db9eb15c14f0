#include "system/error.hpp"

#include <filesystem>
#include <new>
#include <system_error>

#include <spdlog/spdlog.h>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "system/document.hpp"

namespace pgaf {

namespace {

constexpr const char *kOfTheHost = "Remove the cause, and run the same command again.";
constexpr const char *kOfTheProgram =
    "Run the same command again. If it comes again, keep the folder PGDATA_pgaf_upgrade with its logs, and report it.";

HelperError of_the_host(const std::string &message) {
    return {ExitCode::Internal, message, kOfTheHost};
}

HelperError of_the_program(const std::string &message) {
    return {ExitCode::Internal, message, kOfTheProgram};
}

}  // namespace

HelperError::HelperError(ExitCode code, const std::string &message, const std::string &hint)
    : std::runtime_error(as_utf8(message)), code_(code), hint_(as_utf8(hint)) {}

HelperError from_current_exception(std::string_view doing) {
    const auto prefix = doing.empty() ? std::string() : std::string(doing) + ": ";
    try {
        throw;
    } catch (const HelperError &error) {
        return error;
    } catch (const std::bad_alloc &) {
        return {ExitCode::Internal, prefix + "out of memory",
                "Free memory on this host, and run the same command again."};
    } catch (const std::filesystem::filesystem_error &error) {
        return of_the_host(prefix + error.what());  // which begins with "filesystem error: "
    } catch (const std::system_error &error) {
        return of_the_host(prefix + "system error: " + error.what());
    } catch (const boost::system::system_error &error) {
        return of_the_host(prefix + "system error: " + error.what());
    } catch (const nlohmann::json::exception &error) {
        return of_the_program(prefix + "a JSON document is not as it should be: " + error.what());
    } catch (const std::exception &error) {
        return of_the_program(prefix + "internal error: " + error.what());
    } catch (...) {
        return of_the_program(prefix + "internal error: what was thrown is no exception");
    }
}

bool with_errors_logged(std::string_view doing, const std::function<void()> &work, bool quietly) noexcept {
    try {
        work();
        return true;
    } catch (...) {
        try {
            const auto error = from_current_exception("");
            spdlog::log(quietly ? spdlog::level::debug : spdlog::level::err, "{}: {}", doing, error.what());
        } catch (...) {
            // no memory is left even to say so
        }
    }
    return false;
}

}  // namespace pgaf
