#pragma once

#include <string>
#include <string_view>

namespace pgaf {

// Text for an element or an attribute in double quotes, of HTML and of SVG. What neither may hold (control
// characters, broken UTF-8) becomes U+FFFD.
[[nodiscard]] std::string escape_html(std::string_view text);

// <name attributes>content</name>; the content is HTML already, attributes as they stand.
[[nodiscard]] std::string element(std::string_view name, std::string_view attributes, std::string_view content);

// The same around text, which is escaped.
[[nodiscard]] std::string element_of_text(std::string_view name, std::string_view attributes, std::string_view text);

}  // namespace pgaf
