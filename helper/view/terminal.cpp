#include "view/terminal.hpp"
#include "system/shown.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

namespace pgaf {

Terminal::Terminal() : is_terminal_(::isatty(STDOUT_FILENO) == 1) {
    look_.color = wants_color(is_terminal_, std::getenv("NO_COLOR"), std::getenv("TERM"));
    look_.utf8 = is_utf8(std::getenv("LC_ALL"), std::getenv("LC_CTYPE"), std::getenv("LANG"));
}

Terminal::~Terminal() {
    close();
}

ScreenSize Terminal::size() const {
    winsize size{};
    if (!is_terminal_ || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        return {};
    }
    return {.columns = size.ws_col, .rows = size.ws_row};
}

void Terminal::show(const std::vector<Line> &lines) {
    // another screen, without a cursor; then each line over the one that was there
    std::string text = is_open_ ? escape() + "[H" : fmt::format("{0}[?1049h{0}[?25l{0}[2J{0}[H", escape());
    is_open_ = true;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        text += (at == 0 ? "" : "\r\n") + render(lines[at], look_) + escape() + "[K";
    }
    text += escape() + "[J";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

void Terminal::close() {
    if (is_open_) {
        is_open_ = false;
        std::fputs(fmt::format("{0}[?25h{0}[?1049l", escape()).c_str(), stdout);
        std::fflush(stdout);
    }
}

void Terminal::print(const std::vector<Line> &lines) const {
    for (const auto &line : lines) {
        std::fputs((render(line, look_) + "\n").c_str(), stdout);
    }
    std::fflush(stdout);
}

}  // namespace pgaf
