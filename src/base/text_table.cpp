#include "base/text_table.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <utility>

namespace genbid {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kReadable = 24;   // of a column that is cut: most names still differ
constexpr size_t kNarrowest = 12;  // where nothing else fits beside it

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

size_t columns_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_code_point));
}

// The code points from `first` up to `last`.
std::string_view code_points(std::string_view text, size_t first, size_t last) {
  size_t begin = text.size();
  size_t end = text.size();
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!begins_code_point(text[i])) continue;
    if (seen == first) begin = i;
    if (seen++ == last) {
      end = i;
      break;
    }
  }
  return text.substr(std::min(begin, end), end - std::min(begin, end));
}

std::string cut(const std::string& text, size_t width) {
  const size_t size = columns_of(text);
  if (size <= width) return text;
  constexpr std::string_view kDots = "...";
  const size_t kept = width - kDots.size();
  const size_t front = kept - kept / 2;
  return std::string(code_points(text, 0, front)) + std::string(kDots) +
         std::string(code_points(text, size - kept / 2, size));
}

std::string padded(const std::string& text, size_t width, TextColumn::Align align) {
  const size_t size = columns_of(text);
  const std::string spaces(width > size ? width - size : 0, ' ');
  return align == TextColumn::Align::kLeft ? text + spaces : spaces + text;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// In lines of up to `width`, or of one longer word.
std::vector<std::string> lines_of(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  for (const std::string& word : words_of(text)) {
    if (!lines.empty() && columns_of(lines.back()) + 1 + columns_of(word) <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

size_t longest_word(std::string_view text) {
  size_t longest = 0;
  for (const std::string& word : words_of(text)) longest = std::max(longest, columns_of(word));
  return longest;
}

void end_line(std::string& text) {
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
}

}  // namespace

TextTable::TextTable(std::vector<TextColumn> columns, std::string indent)
    : columns_(std::move(columns)), indent_(std::move(indent)) {}

void TextTable::add(std::vector<std::string> cells) {
  assert(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

// What each column takes so that a line has up to `room`, or as little as they can be brought to.
std::vector<size_t> TextTable::widths(size_t room, size_t narrowest) const {
  std::vector<size_t> cells(columns_.size(), 0);
  for (const std::vector<std::string>& row : rows_) {
    for (size_t c = 0; c < row.size(); ++c) cells[c] = std::max(cells[c], columns_of(row[c]));
  }
  std::vector<size_t> result;
  size_t total = kGap * (columns_.size() - 1);
  for (size_t c = 0; c < columns_.size(); ++c) {
    result.push_back(std::max(cells[c], columns_of(columns_[c].title)));
    total += result.back();
  }
  while (total > room) {  // titles over lines, those first where it saves most
    size_t best = columns_.size();
    size_t saving = 0;
    for (size_t c = 0; c < columns_.size(); ++c) {
      const size_t least = std::max(cells[c], longest_word(columns_[c].title));
      if (least < result[c] && result[c] - least > saving) saving = result[best = c] - least;
    }
    if (best == columns_.size()) break;
    saving = std::min(saving, total - room);
    result[best] -= saving;
    total -= saving;
  }
  while (total > room) {
    size_t widest = columns_.size();
    for (size_t c = 0; c < columns_.size(); ++c) {
      const size_t least = std::max(narrowest, longest_word(columns_[c].title));
      if (!columns_[c].shrinks || result[c] <= least) continue;
      if (widest == columns_.size() || result[c] > result[widest]) widest = c;
    }
    if (widest == columns_.size()) break;
    --result[widest];
    --total;
  }
  return result;
}

std::string TextTable::block(const std::vector<size_t>& columns, const std::vector<size_t>& widths) const {
  std::vector<std::vector<std::string>> titles;
  size_t num_lines = 1;
  for (const size_t c : columns) {
    titles.push_back(lines_of(columns_[c].title, widths[c]));
    num_lines = std::max(num_lines, titles.back().size());
  }
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    text += indent_;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) text.append(kGap, ' ');
      text += padded(cell_of(i), widths[columns[i]], columns_[columns[i]].align);
    }
    end_line(text);
  };
  for (size_t line = 0; line < num_lines; ++line) {  // the last lines stand right above the rows
    add_line([&](size_t i) {
      const size_t missing = num_lines - titles[i].size();
      return line < missing ? std::string() : titles[i][line - missing];
    });
  }
  for (const std::vector<std::string>& row : rows_) {
    add_line([&](size_t i) { return cut(row[columns[i]], widths[columns[i]]); });
  }
  return text;
}

std::string TextTable::text(size_t width) const {
  const size_t room = width > indent_.size() ? width - indent_.size() : 1;
  std::vector<size_t> all = widths(room, kReadable);
  const auto too_wide = [&](size_t other) { return all[0] + kGap + other > room; };
  if (std::any_of(all.begin() + 1, all.end(), too_wide)) all = widths(room, kNarrowest);
  std::string text;
  for (size_t next = 1; next < columns_.size() || text.empty();) {
    std::vector<size_t> columns = {0};
    size_t total = all[0];
    while (next < columns_.size() && (columns.size() == 1 || total + kGap + all[next] <= room)) {
      total += kGap + all[next];
      columns.push_back(next++);
    }
    text += (text.empty() ? "" : "\n") + block(columns, all);
  }
  return text;
}

std::string wrapped(std::string_view head, std::string_view words, size_t width) {
  const size_t indent = columns_of(head);
  const std::vector<std::string> lines = lines_of(words, width > indent ? width - indent : 1);
  std::string text(head);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += std::string(indent, ' ');
    text += lines[i];
    if (i + 1 < lines.size()) text += '\n';
  }
  end_line(text);
  return text;
}

std::string number_text(const char* form, double value) {
  char text[64];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

std::string grouped(long long value) {
  std::string text = std::to_string(value);
  const size_t first = value < 0 ? 1 : 0;
  for (size_t i = text.size(); i > first + 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

}  // namespace genbid
