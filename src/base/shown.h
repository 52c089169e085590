#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace genbid {

// How many bytes the character has that `text` begins with; 0 where none is that a terminal may be given: a control
// character, or bytes that are no UTF-8.
inline size_t size_of_printable(std::string_view text) {
  const auto byte = [text](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= ' ' && first != 0x7f ? 1 : 0;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (size_t i = 1; i < size; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  // Controls as UTF-8, and what UTF-8 leaves out: longer forms than needed, halves of pairs, numbers beyond the last.
  const unsigned second = byte(1);
  const unsigned lowest = first == 0xc2 || first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  return second >= lowest && second <= highest ? size : 0;
}

inline std::string byte_text(char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', kDigits[byte / 16], kDigits[byte % 16]};
}

// A whole message for a terminal: what cannot be printed as \x and two digits, but for line feeds and tabs.
inline std::string printable(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const bool lays_out = text[i] == '\n' || text[i] == '\t';
    const size_t size = lays_out ? 1 : size_of_printable(text.substr(i));
    result += size > 0 ? std::string(text.substr(i, size)) : byte_text(text[i]);
    i += size > 0 ? size : 1;
  }
  return result;
}

// A text from outside as a message shows it: about its first 100 bytes and how many more there are, and what cannot be
// printed as \x and two digits.
inline std::string shown(std::string_view text) {
  constexpr size_t kMax = 100;
  std::string result;
  size_t i = 0;
  while (i < text.size() && i < kMax) {
    const size_t size = size_of_printable(text.substr(i));
    result += size > 0 ? std::string(text.substr(i, size)) : byte_text(text[i]);
    i += size > 0 ? size : 1;
  }
  return i < text.size() ? result + "... (" + std::to_string(text.size() - i) + " more bytes)" : result;
}

// A path as a message shows it: whole, as it may have to be copied, unless no system has one as long.
inline std::string path_text(const std::string& path) {
  constexpr size_t kMost = 4096;  // PATH_MAX
  return path.size() < kMost ? path : shown(path);
}

// "[100, 48]", and "[]" for a single number: the extents of a tensor or a dataset.
inline std::string shape_text(std::span<const int64_t> shape) {
  std::string text;
  for (const int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

// "a, b, c"
inline std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace genbid
