#include "report/html.hpp"

#include <fmt/format.h>

#include "view/text.hpp"

namespace pgaf {

std::string escape_html(std::string_view text) {
    std::string escaped;
    while (!text.empty()) {
        const auto length = sequence_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        const bool is_control = length == 1 && (first == 0x7f || (first < 0x20 && first != '\n' && first != '\t'));
        // the control characters of two bytes, and what Unicode keeps for no character
        const auto sequence = text.substr(0, length);
        const bool is_none = (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) ||
                             sequence == "\xef\xbf\xbe" || sequence == "\xef\xbf\xbf";
        if (length == 0 || is_control || is_none) {
            escaped += "\xef\xbf\xbd";
        } else if (first == '&') {
            escaped += "&amp;";
        } else if (first == '<') {
            escaped += "&lt;";
        } else if (first == '>') {
            escaped += "&gt;";
        } else if (first == '"') {
            escaped += "&quot;";
        } else if (first == '\'') {
            escaped += "&#39;";
        } else {
            escaped += sequence;
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return escaped;
}

std::string element(std::string_view name, std::string_view attributes, std::string_view content) {
    return fmt::format("<{}{}{}>{}</{}>", name, attributes.empty() ? "" : " ", attributes, content, name);
}

std::string element_of_text(std::string_view name, std::string_view attributes, std::string_view text) {
    return element(name, attributes, escape_html(text));
}

}  // namespace pgaf
