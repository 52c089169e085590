#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace genbid {

// A text from outside as a message shows it: printable, its first 100 bytes at most.
inline std::string shown(std::string_view text) {
  constexpr size_t kMax = 100;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string result;
  for (const char c : text.substr(0, kMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte <= '~') {
      result += c;
    } else {
      result += {'\\', 'x', kDigits[byte / 16], kDigits[byte % 16]};
    }
  }
  return text.size() > kMax ? result + "..." : result;
}

// "a, b, c"
inline std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace genbid
