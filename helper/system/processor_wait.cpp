#include "system/processor_wait.hpp"

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/files.hpp"
#include "system/leftovers.hpp"

namespace pgaf {

namespace {

constexpr std::chrono::milliseconds kLookAtProcesses{200};

// Seconds, as the kernel counts them of a process.
struct Times {
    double ran = 0;
    double waited = 0;
};

Times times_of(pid_t pid) {
    constexpr double kNanoseconds = 1e9;
    std::istringstream words(text_of(fmt::format("/proc/{}/schedstat", pid)));
    Times times;
    words >> times.ran >> times.waited;
    return {times.ran / kNanoseconds, times.waited / kNanoseconds};
}

}  // namespace

ProcessorWait::ProcessorWait(std::filesystem::path directory)
    : thread_([this, directory = std::move(directory)](const std::stop_token &stop) {
          with_errors_logged("the wait for processors is not known", [&] { look(directory, stop); });
      }) {}

double ProcessorWait::seconds() {
    thread_.request_stop();
    thread_.join();
    return seconds_;
}

// What they sleep is not waited for a processor: between two looks they are late by no more than the time in which they
// could have run. A process that ends between two looks is missed.
void ProcessorWait::look(const std::filesystem::path &directory, const std::stop_token &stop) {
    std::map<pid_t, Times> known;
    auto last = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
        std::this_thread::sleep_for(kLookAtProcesses);
        Times since;
        for (const auto pid : processes_in(directory)) {
            const auto times = times_of(pid);
            auto &before = known[pid];
            since.ran += std::max(0.0, times.ran - before.ran);
            since.waited += std::max(0.0, times.waited - before.waited);
            before = times;
        }
        const auto now = std::chrono::steady_clock::now();
        const auto passed = std::chrono::duration<double>(now - std::exchange(last, now)).count();
        if (const auto runnable = since.ran + since.waited; runnable > 0) {
            seconds_ += std::min(passed, runnable) * since.waited / runnable;
        }
    }
}

}  // namespace pgaf
