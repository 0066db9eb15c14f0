#pragma once

#include <vector>

#include "view/screen.hpp"
#include "view/styled.hpp"

namespace pgaf {

// Standard output, as a terminal or not.
class Terminal {
  public:
    Terminal();
    ~Terminal();
    Terminal(const Terminal &) = delete;
    Terminal &operator=(const Terminal &) = delete;

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }
    [[nodiscard]] ScreenSize size() const;  // 80 columns where there is no terminal

    // In place of what was there, on a screen of its own, which close() gives back.
    void show(const std::vector<Line> &lines);
    void close();

    // Line after line.
    void print(const std::vector<Line> &lines) const;

  private:
    bool is_terminal_;
    bool is_open_ = false;
    Look look_;
};

}  // namespace pgaf
