#pragma once

#include <string>
#include <vector>

namespace pgaf {

[[nodiscard]] inline std::string joined(const std::vector<std::string> &parts, const char *separator = ", ") {
    std::string text;
    for (const auto &part : parts) {
        text += (text.empty() ? "" : separator) + part;
    }
    return text;
}

}  // namespace pgaf
