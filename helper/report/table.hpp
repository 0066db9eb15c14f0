#pragma once

#include <string>
#include <vector>

namespace pgaf {

// A table that scrolls by itself where the page is narrow. Cells are HTML.
class Table {
  public:
    struct Column {
        std::string title;
        std::string style = {};
    };

    explicit Table(std::vector<Column> columns);
    void row(const std::vector<std::string> &cells);
    [[nodiscard]] std::string html() const;

  private:
    std::vector<Column> columns_;
    std::string rows_;
};

}  // namespace pgaf
