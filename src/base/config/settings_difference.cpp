#include "base/config/settings_difference.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/convert.h"
#include "base/shown.h"

namespace genbid {
namespace {

const std::string kNothing = "nothing";

using Setting = std::pair<std::string, std::string>;  // dotted key, value

// The keys of the block form that print_config writes: two spaces a level, `- ` before an item's first key.
std::vector<Setting> settings_of(const std::string& yaml) {
  struct Level {
    size_t indent;
    std::string key;
    int64_t items = 0;
  };
  std::vector<Setting> settings;
  std::map<std::string, int64_t> times;  // that a key was met: documents may have the same ones
  std::vector<Level> open;
  const auto path = [&] {
    std::string text;
    for (const Level& level : open) text += (text.empty() || level.key.front() == '[' ? "" : ".") + level.key;
    return text;
  };
  std::istringstream lines(yaml);
  for (std::string line; std::getline(lines, line);) {
    size_t indent = line.find_first_not_of(' ');
    if (indent == std::string::npos || line[indent] == '#') continue;
    while (!open.empty() && open.back().indent >= indent) open.pop_back();
    if (line.compare(indent, 2, "- ") == 0) {
      const int64_t item = open.empty() ? 0 : open.back().items++;
      open.push_back({indent, "[" + std::to_string(item) + "]"});
      indent += 2;
    }
    const size_t colon = line.find(':', indent);
    if (colon == std::string::npos) continue;
    open.push_back({indent, line.substr(indent, colon - indent)});
    if (colon + 2 >= line.size()) continue;
    const int64_t time = ++times[path()];
    settings.emplace_back(path() + (time > 1 ? " (" + std::to_string(time) + ")" : ""), line.substr(colon + 2));
  }
  return settings;
}

std::string value_of(const std::vector<Setting>& settings, const std::string& key) {
  const auto at = std::find_if(settings.begin(), settings.end(), [&](const Setting& one) { return one.first == key; });
  return at == settings.end() ? kNothing : at->second;
}

// Where two long values part, less a few bytes to recognise the place by; 0 where they part soon.
size_t skipped_of(const std::string& one, const std::string& other) {
  constexpr size_t kSoon = 60, kBefore = 20;
  const auto part = std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first;
  size_t skipped = to_size(part - one.begin());
  if (skipped < kSoon) return 0;
  skipped -= kBefore;
  while (skipped > 0 && (static_cast<unsigned char>(one[skipped]) & 0xc0) == 0x80) --skipped;  // within a character
  return skipped;
}

std::string shown_from(const std::string& value, size_t skipped) {
  const std::string before = skipped > 0 ? "(" + std::to_string(skipped) + " bytes) ..." : "";
  return before + shown(std::string_view(value).substr(skipped));
}

}  // namespace

std::string settings_difference(const std::string& found, const std::string& expected) {
  return settings_difference(found, expected, found);
}

std::string settings_difference(const std::string& found, const std::string& expected, const std::string& lean) {
  const std::vector<Setting> ours = settings_of(found);
  const std::vector<Setting> theirs = settings_of(expected);
  for (const std::vector<Setting>* list : {&theirs, &ours}) {
    for (const auto& [key, value] : *list) {
      const std::string one = value_of(ours, key);
      const std::string other = value_of(theirs, key);
      if (one == other) continue;
      if (list == &ours && other == kNothing && value_of(settings_of(lean), key) == kNothing) continue;
      const size_t skipped = skipped_of(one, other);
      std::string text = shown(key) + ": " + shown_from(one, skipped) + ", expected " + shown_from(other, skipped);
      if (key == "format") text += ", which is another version's way to write it down";
      return text;
    }
  }
  return {};
}

}  // namespace genbid
