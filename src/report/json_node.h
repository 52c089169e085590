#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/shown.h"
#include "report/report_input.h"

namespace genbid::report {

using Json = nlohmann::ordered_json;

// An object of the file, and where it stands, for errors.
class JsonNode {
 public:
  JsonNode(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (json.is_discarded()) throw Error(where_ + ": damaged: no JSON, expected a table.json");
    if (!json.is_object()) throw Error(where_ + ": found " + dumped(json) + ", expected an object");
  }

  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  const Json& at(const char* key) const {
    if (!json_.contains(key)) throw Error(where_ + ": found no key '" + key + "', expected a table.json");
    return json_[key];
  }
  const Json& list(const char* key) const {
    if (!at(key).is_array()) fail(key, "a list");
    return at(key);
  }
  std::string text(const char* key) const {
    if (!at(key).is_string()) fail(key, "a text");
    return at(key).get<std::string>();
  }
  double number(const char* key) const {
    if (!at(key).is_number()) fail(key, "a number");
    return at(key).get<double>();
  }
  std::optional<double> number_or_none(const char* key) const {
    return has(key) ? std::optional(number(key)) : std::nullopt;
  }
  MeanInterval interval(const char* mean, const char* low, const char* high) const {
    return {number(mean), number_or_none(low), number_or_none(high)};
  }
  JsonNode child(const char* key) const { return {at(key), where_ + ": key '" + key + "'"}; }
  const std::string& where() const { return where_; }

 private:
  static std::string dumped(const Json& json) {
    return shown(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  [[noreturn]] void fail(const char* key, const char* expected) const {
    throw Error(where_ + ": key '" + key + "': found " + dumped(json_[key]) + ", expected " + expected);
  }

  const Json& json_;
  std::string where_;
};

}  // namespace genbid::report
