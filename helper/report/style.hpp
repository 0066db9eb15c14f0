#pragma once

#include <string_view>

namespace pgaf {

// The style sheet of the report: light and dark by the reader's choice, on paper always light.
[[nodiscard]] std::string_view report_style();

}  // namespace pgaf
