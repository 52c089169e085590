#include "serve/json_part.h"

#include <cmath>
#include <limits>

#include "base/files/content_hash.h"

namespace genbid::serve {
namespace {

constexpr int kMaxDepth = 64;  // of JSON; what is deeper is no bundle, and would end the stack
constexpr const char* kHashKey = "hash";

// A hash of all that stands there, but for the hash and white space.
std::string hash_of(Json json) {
  json.erase(kHashKey);
  return content_hash(json.dump());
}

}  // namespace

Json parse_json(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
      if (depth > kMaxDepth) {
        throw Error(name + ": found JSON nested deeper than " + std::to_string(kMaxDepth) + ", expected a bundle's");
      }
      return true;
    });
  } catch (const Json::parse_error& error) {
    throw Error(name + ": found a text that is no JSON (byte " + std::to_string(error.byte) + " is wrong)");
  } catch (const Json::exception& error) {
    throw Error(name + ": found a text that is no JSON: " + shown(error.what()));
  }
}

Part::Part(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
  if (!json.is_object()) fail(where_, json, "an object");
}

const Json& Part::find(const std::string& key, const char* expected) const {
  const auto found = json_.find(key);
  if (found == json_.end()) throw Error(place(key) + ": found nothing, expected " + expected);
  return *found;
}

std::string Part::text(const std::string& key) const {
  const Json& value = find(key, "a text");
  if (!value.is_string()) fail(place(key), value, "a text");
  return value.get<std::string>();
}

int64_t Part::count(const std::string& key, int64_t low, int64_t high) const {
  return count_of(find(key, "a count"), place(key), low, high);
}

double Part::number(const std::string& key) const {
  const Json& value = find(key, "a number");
  if (!value.is_number() || !std::isfinite(value.get<double>())) fail(place(key), value, "a number");
  return value.get<double>();
}

std::optional<double> Part::number_or_null(const std::string& key) const {
  if (find(key, "a number or null").is_null()) return {};
  return number(key);
}

const Json& Part::list(const std::string& key) const {
  const Json& value = find(key, "a list");
  if (!value.is_array()) fail(place(key), value, "a list");
  return value;
}

std::string Part::object_text(const std::string& key) const {
  const Json& value = find(key, "an object");
  if (!value.is_object()) fail(place(key), value, "an object");
  return value.dump();
}

int64_t Part::count_of(const Json& value, const std::string& where, int64_t low, int64_t high) {
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() ||
                     value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) &&
                    value.get<int64_t>() >= low && value.get<int64_t>() <= high;
  if (!fits) fail(where, value, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  return value.get<int64_t>();
}

void Part::fail(const std::string& where, const Json& found, const std::string& expected) {
  throw Error(where + ": found " + shown(found.dump()) + ", expected " + expected);
}

void check_schema(const Part& root, const char* format, int64_t schema) {
  const std::string found = root.text("format");
  if (found != format) throw Error(root.place("format") + ": found '" + shown(found) + "', expected " + format);
  const int64_t number = root.count("schema", 0, std::numeric_limits<int64_t>::max());
  if (number != schema) {
    throw Error(root.place("schema") + ": found " + std::to_string(number) + ", expected " + std::to_string(schema) +
                ", which this program reads");
  }
}

std::string hashed_text(Json json) {
  json[kHashKey] = hash_of(json);
  return json.dump(2) + "\n";
}

void check_hash(const Part& root, const Json& json) {
  const std::string expected = hash_of(json);
  if (root.text(kHashKey) == expected) return;
  throw Error(root.place(kHashKey) + ": found '" + shown(root.text(kHashKey)) + "', expected " + expected +
              ": the file was changed after it was written");
}

}  // namespace genbid::serve
