#include "src/functions.hpp"

#include "core/errors.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf {

const std::string &Arguments::required(std::size_t index, const char *name) const {
    const auto &value = values_.at(index);
    if (!value) {
        throw Error(code::kBadArgument, std::string(name) + " must not be null",
                    std::string("Every call needs a value for ") + name + ".");
    }
    return *value;
}

const std::string &Arguments::required_words(std::size_t index, const char *name, const char *hint) const {
    const auto &text = required(index, name);
    if (text.find_first_not_of(" \t\n\r") == std::string::npos) {
        throw Error(code::kBadArgument, std::string(name) + " must not be empty", hint);
    }
    return text;
}

std::int64_t Arguments::required_integer(std::size_t index, const char *name) const {
    return std::stoll(required(index, name));
}

bool Arguments::required_boolean(std::size_t index, const char *name) const {
    return required(index, name) == "t";
}

std::optional<std::int64_t> Arguments::integer(std::size_t index) const {
    const auto &value = values_.at(index);
    return value ? std::optional<std::int64_t>(std::stoll(*value)) : std::nullopt;
}

}  // namespace pgaf
