#include "system/document.hpp"

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pgaf {

Document::Document(const nlohmann::json &value, std::string whose) : Document(value, std::move(whose), "") {}

Document::Document(const nlohmann::json &value, std::string whose, std::string path)
    : value_(&value), whose_(std::move(whose)), path_(std::move(path)) {
    if (!value.is_object()) {
        const auto name = path_.empty() ? "" : fmt::format(" has \"{}\", which", path_.substr(0, path_.size() - 1));
        throw HelperError(ExitCode::Internal, fmt::format("{}{} is no object but {}", whose_, name, value.type_name()),
                          kOtherVersion);
    }
}

std::string Document::path_of(const char *key) const {
    return path_ + key;
}

const nlohmann::json &Document::at(const char *key) const {
    const auto found = value_->find(key);
    if (found == value_->end()) {
        throw HelperError(ExitCode::Internal, fmt::format("{} has no \"{}\"", whose_, path_of(key)), kOtherVersion);
    }
    return *found;
}

void Document::refuse_type(const char *key, const nlohmann::json &value, const char *wanted) const {
    throw HelperError(ExitCode::Internal,
                      fmt::format("{} has \"{}\" as {}, not as {}", whose_, path_of(key), value.type_name(), wanted),
                      kOtherVersion);
}

void Document::refuse_name(const char *key, const std::string &name) const {
    throw HelperError(ExitCode::Internal, fmt::format("{} has an unknown \"{}\": \"{}\"", whose_, path_of(key), name),
                      kOtherVersion);
}

Document Document::object(const char *key) const {
    return {at(key), whose_, path_of(key) + "."};
}

std::vector<Document> Document::objects(const char *key) const {
    const auto &list = at(key);
    if (!list.is_array()) {
        refuse_type(key, list, "a list");
    }
    std::vector<Document> found;
    for (const auto &value : list) {
        found.push_back(Document(value, whose_, fmt::format("{}[{}].", path_of(key), found.size())));
    }
    return found;
}

std::vector<std::string> Document::texts(const char *key) const {
    const auto &list = at(key);
    if (!list.is_array()) {
        refuse_type(key, list, "a list");
    }
    std::vector<std::string> found;
    for (const auto &value : list) {
        if (!value.is_string()) {
            refuse_type(key, value, "texts");
        }
        found.push_back(value.get<std::string>());
    }
    return found;
}

std::string Document::text(const char *key) const {
    const auto &value = at(key);
    if (!value.is_string()) {
        refuse_type(key, value, "a text");
    }
    return value.get<std::string>();
}

std::int64_t Document::integer(const char *key) const {
    const auto &value = at(key);
    const bool is_too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    if (!value.is_number_integer() || is_too_large) {
        refuse_type(key, value, "an integer");
    }
    return value.get<std::int64_t>();
}

int Document::small_integer(const char *key) const {
    const auto value = integer(key);
    if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
        refuse_type(key, at(key), "an integer of that size");
    }
    return static_cast<int>(value);
}

double Document::number(const char *key) const {
    const auto &value = at(key);
    if (!value.is_number()) {
        refuse_type(key, value, "a number");
    }
    return value.get<double>();
}

bool Document::boolean(const char *key) const {
    const auto &value = at(key);
    if (!value.is_boolean()) {
        refuse_type(key, value, "true or false");
    }
    return value.get<bool>();
}

std::optional<std::string> Document::maybe_text(const char *key) const {
    return at(key).is_null() ? std::nullopt : std::optional(text(key));
}

std::optional<std::int64_t> Document::maybe_integer(const char *key) const {
    return at(key).is_null() ? std::nullopt : std::optional(integer(key));
}

std::optional<int> Document::maybe_small_integer(const char *key) const {
    return at(key).is_null() ? std::nullopt : std::optional(small_integer(key));
}

std::optional<double> Document::maybe_number(const char *key) const {
    return at(key).is_null() ? std::nullopt : std::optional(number(key));
}

bool Document::has(const char *key) const {
    const auto found = value_->find(key);
    return found != value_->end() && !found->is_null();
}

std::string as_utf8(const std::string &text) {
    return nlohmann::json::parse(dumped(text)).get<std::string>();
}

std::string dumped(const nlohmann::json &value, int indent) {
    return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

void read_document(std::string_view text, const std::string &whose, const std::function<void(const Document &)> &read) {
    const auto document = nlohmann::json::parse(text, nullptr, false);
    if (document.is_discarded()) {
        throw HelperError(ExitCode::Internal, fmt::format("{} is not JSON", whose), kOtherVersion);
    }
    read(Document(document, whose));
}

}  // namespace pgaf
