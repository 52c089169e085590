#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/shown.h"

// What bundle.json of any kind of bundle is read and written by.

namespace genbid::serve {

using Json = nlohmann::ordered_json;

// `name` stands for the text in messages.
Json parse_json(std::string_view text, const std::string& name);

// An object of the file, which knows where it stands in it. Error where a value is not of the kind that is asked for.
class Part {
 public:
  Part(const Json& json, std::string where);

  const std::string& where() const { return where_; }
  std::string place(const std::string& key) const { return where_ + ": " + key; }

  const Json& find(const std::string& key, const char* expected) const;
  std::string text(const std::string& key) const;
  int64_t count(const std::string& key, int64_t low, int64_t high) const;
  double number(const std::string& key) const;
  std::optional<double> number_or_null(const std::string& key) const;  // null: it is not known
  Part part(const std::string& key) const { return {find(key, "an object"), place(key)}; }
  const Json& list(const std::string& key) const;
  // Each entry of a list of objects.
  template <typename Read>
  auto all(const std::string& key, const Read& read) const {
    std::vector<decltype(read(*this))> made;
    for (const Json& entry : list(key)) {
      made.push_back(read(Part(entry, place(key) + "[" + std::to_string(made.size()) + "]")));
    }
    return made;
  }
  std::string object_text(const std::string& key) const;

  static int64_t count_of(const Json& value, const std::string& where, int64_t low, int64_t high);
  [[noreturn]] static void fail(const std::string& where, const Json& found, const std::string& expected);

 private:
  const Json& json_;
  std::string where_;
};

template <typename T, typename Make>
Json list_json(const std::vector<T>& all, const Make& make) {
  Json json = Json::array();
  for (const T& one : all) json.push_back(make(one));
  return json;
}

// Error where a name stands twice in the list.
template <typename T>
void check_once(const std::vector<T>& all, const std::string& where) {
  std::set<std::string> seen;
  for (const T& one : all) {
    if (!seen.insert(one.name).second) throw Error(where + ": found '" + shown(one.name) + "' twice, expected it once");
  }
}

// Error unless it says that it is of this format and schema.
void check_schema(const Part& root, const char* format, int64_t schema);

// The text of a bundle.json. It ends with a hash of all the rest, so that no number of it changes unseen.
std::string hashed_text(Json json);
// Error where it is not the hash of the rest.
void check_hash(const Part& root, const Json& json);

}  // namespace genbid::serve
