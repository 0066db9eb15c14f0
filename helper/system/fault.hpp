#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

// Points at which a test may have the helper die, to show that whatever dies, the same command goes on. They are only
// in what is built with FAULT_POINTS=ON, as the laboratory's is. There PGAF_UPGRADE_FAULT=STEP:MOMENT chooses one,
// where the helper ends as by kill -9, after it has written the file fault_reached into the node's work folder: a test
// that sees it may cut the host's power as well. Without the variable nothing here does anything.
namespace pgaf {

#ifdef PGAF_FAULT_POINTS
void set_fault_folder(const std::filesystem::path &work_dir);

void fault_point(std::string_view step, std::string_view moment);

// For what a test may have left out, to show what it is there for.
[[nodiscard]] bool fault_is(std::string_view step, std::string_view moment);

// While it lives, waits for the moment that another program reaches: when a text appears in its log, or
// when some time has passed.
class FaultWatch {
  public:
    FaultWatch(std::string_view step, std::string_view moment, std::filesystem::path log, std::string text);
    FaultWatch(std::string_view step, std::string_view moment, std::chrono::milliseconds after);

  private:
    std::jthread thread_;
};

#else

inline void set_fault_folder(const std::filesystem::path & /*work_dir*/) {}
inline void fault_point(std::string_view /*step*/, std::string_view /*moment*/) {}
inline bool fault_is(std::string_view /*step*/, std::string_view /*moment*/) {
    return false;
}
class [[maybe_unused]] FaultWatch {
  public:
    FaultWatch(std::string_view /*step*/, std::string_view /*moment*/, const std::filesystem::path & /*log*/,
               const std::string & /*text*/) {}
    FaultWatch(std::string_view /*step*/, std::string_view /*moment*/, std::chrono::milliseconds /*after*/) {}
};

#endif

}  // namespace pgaf
