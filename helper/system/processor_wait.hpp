#pragma once

#include <filesystem>
#include <stop_token>
#include <thread>

namespace pgaf {

// Looks, while it lives, how long the processes that work below a directory wait for a processor that others have.
class ProcessorWait {
  public:
    explicit ProcessorWait(std::filesystem::path directory);
    ~ProcessorWait() = default;
    ProcessorWait(const ProcessorWait &) = delete;
    ProcessorWait &operator=(const ProcessorWait &) = delete;

    // Ends looking. The seconds by which that has made them later; 0 where the kernel does not count it.
    [[nodiscard]] double seconds();

  private:
    void look(const std::filesystem::path &directory, const std::stop_token &stop);

    double seconds_ = 0;
    std::jthread thread_;
};

}  // namespace pgaf
