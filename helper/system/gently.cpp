#include "system/gently.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <future>

namespace pgaf {

namespace {

constexpr int kNice = 10;

// ioprio_set(2), which the C library has no function for: this thread, "best effort", the last of its eight levels.
constexpr int kWhoThread = 1;
constexpr int kBestEffort = 2;
constexpr int kClassShift = 13;
constexpr int kLastLevel = 7;

}  // namespace

// Linux has priorities by thread, children have their thread's, and an own thread needs no way back, for which the
// owner would have no right.
void gently(const std::function<void()> &work) {
    std::async(std::launch::async, [&work] {
        static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
        static_cast<void>(::syscall(SYS_ioprio_set, kWhoThread, 0, kBestEffort << kClassShift | kLastLevel));
        work();
    }).get();
}

}  // namespace pgaf
