#include "system/fault.hpp"

#ifdef PGAF_FAULT_POINTS

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "system/error.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::chrono::milliseconds kLook{2};

fs::path &folder() {
    static fs::path path;
    return path;
}

std::string_view chosen() {
    static const char *const value = std::getenv("PGAF_UPGRADE_FAULT");
    return value == nullptr ? std::string_view{} : std::string_view(value);
}

void reached() {
    std::ofstream(folder() / "fault_reached") << chosen() << '\n';
    ::raise(SIGKILL);
}

}  // namespace

void set_fault_folder(const fs::path &work_dir) {
    folder() = work_dir;
}

bool fault_is(std::string_view step, std::string_view moment) {
    return !chosen().empty() && chosen() == fmt::format("{}:{}", step, moment);
}

void fault_point(std::string_view step, std::string_view moment) {
    if (fault_is(step, moment)) {
        reached();
    }
}

FaultWatch::FaultWatch(std::string_view step, std::string_view moment, fs::path log, std::string text) {
    if (!fault_is(step, moment)) {
        return;
    }
    std::error_code error;
    const auto size = fs::file_size(log, error);
    const auto from = static_cast<std::streamoff>(error ? 0 : size);
    thread_ = std::jthread([log = std::move(log), text = std::move(text), from](const std::stop_token &stop) {
        with_errors_logged("a point at which to die", [&] {
            while (!stop.stop_requested()) {
                std::ifstream file(log);
                file.seekg(from);
                const std::string said(std::istreambuf_iterator<char>(file), {});
                if (said.find(text) != std::string::npos) {
                    reached();
                }
                std::this_thread::sleep_for(kLook);
            }
        });
    });
}

FaultWatch::FaultWatch(std::string_view step, std::string_view moment, std::chrono::milliseconds after) {
    if (!fault_is(step, moment)) {
        return;
    }
    thread_ = std::jthread([after](const std::stop_token &stop) {
        with_errors_logged("a point at which to die", [&] {
            const auto time = std::chrono::steady_clock::now() + after;
            while (!stop.stop_requested()) {
                if (std::chrono::steady_clock::now() >= time) {
                    reached();
                }
                std::this_thread::sleep_for(kLook);
            }
        });
    });
}

}  // namespace pgaf

#endif
