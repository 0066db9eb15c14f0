#include "report/table.hpp"

#include <fmt/format.h>

#include "report/html.hpp"

namespace pgaf {

namespace {

std::string cell(const char *name, const std::string &style, const std::string &content) {
    return element(name, style.empty() ? "" : fmt::format("class=\"{}\"", style), content);
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::row(const std::vector<std::string> &cells) {
    std::string content;
    for (std::size_t at = 0; at < columns_.size(); ++at) {
        content += cell("td", columns_[at].style, cells.at(at));
    }
    rows_ += element("tr", "", content) + "\n";
}

std::string Table::html() const {
    std::string head;
    for (const auto &column : columns_) {
        head += cell("th", column.style, escape_html(column.title));
    }
    return element("div", "class=\"wide\"",
                   element("table", "",
                           element("thead", "", element("tr", "", head)) + "\n" + element("tbody", "", rows_))) +
           "\n";
}

}  // namespace pgaf
