#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Tables and lines for people, in as many columns as a terminal has.

namespace genbid {

struct TextColumn {
  std::string title;
  enum class Align { kLeft, kRight } align = Align::kRight;
  bool shrinks = false;  // long texts of it are cut in the middle where a line would not fit: "runs/exper...seed-3"
};

// Rows under titles, two spaces between columns and no line longer than a width. Where lines do not fit, titles go
// over lines at their spaces; then columns that shrink are cut, the widest first, down to 24 (12 where two columns have
// no room else); then columns move below, into a block of their own that begins with the first column again. Cells are
// one line of UTF-8, and a code point counts as one column.
class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns, std::string indent = {});

  // As many cells as there are columns.
  void add(std::vector<std::string> cells);
  // Each line ends in a newline and in no space. `width`: terminal::width().
  std::string text(size_t width) const;

 private:
  std::vector<size_t> widths(size_t room, size_t narrowest) const;
  std::string block(const std::vector<size_t>& columns, const std::vector<size_t>& widths) const;

  std::vector<TextColumn> columns_;
  std::string indent_;
  std::vector<std::vector<std::string>> rows_;
};

// "name      value of many words", the words that do not fit in lines below, under the value's beginning. A word that
// is longer than a line (a path) stays whole. `head` with its spaces is what the first line begins with.
std::string wrapped(std::string_view head, std::string_view words, size_t width);

// printf's form for one number: number_text("%.2f", 0.5) is "0.50".
std::string number_text(const char* form, double value);
// 12345678 -> "12,345,678"
std::string grouped(long long value);

}  // namespace genbid
