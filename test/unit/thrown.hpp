#pragma once

#include <filesystem>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

namespace pgaf {

// What libraries throw below the helper, and words that its error has to have.
struct Thrown {
    std::string name;
    std::function<void()> raise;
    std::string words;
};

inline std::vector<Thrown> everything_that_can_be_thrown() {
    const auto no_space = std::make_error_code(std::errc::no_space_on_device);
    return {
        {"filesystem_error",
         [=] { throw std::filesystem::filesystem_error("cannot rename", "/one", "/two", no_space); },
         "filesystem error: cannot rename"},
        {"a real filesystem_error", [] { std::filesystem::rename("/nowhere/one", "/nowhere/two"); },
         "filesystem error: "},
        {"json type_error", [] { static_cast<void>(nlohmann::json(1).get<std::string>()); },
         "a JSON document is not as it should be: "},
        {"json out_of_range", [] { static_cast<void>(nlohmann::json::object().at("key")); },
         "a JSON document is not as it should be: "},
        {"json parse_error", [] { const auto none = nlohmann::json::parse("{"); },
         "a JSON document is not as it should be: "},
        {"bad_alloc", [] { throw std::bad_alloc(); }, "out of memory"},
        {"boost system_error",
         [] { throw boost::system::system_error(ENOSPC, boost::system::system_category(), "pipe"); },
         "system error: pipe"},
        {"system_error", [=] { throw std::system_error(no_space, "thread"); }, "system error: thread"},
        {"out_of_range", [] { static_cast<void>(std::string("short").at(99)); }, "internal error: "},
        {"invalid_argument", [] { static_cast<void>(std::stoi("none")); }, "internal error: stoi"},
        {"bad_optional_access", [] { static_cast<void>(std::optional<int>().value()); }, "internal error: "},
        {"what is no exception", [] { throw 7; }, "internal error: what was thrown is no exception"},
    };
}

}  // namespace pgaf
