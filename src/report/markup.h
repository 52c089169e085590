#pragma once

#include <string>
#include <string_view>
#include <vector>

// Text of a page, which is HTML and well-formed XML at once.

namespace genbid::report {

// For text and for attribute values in double quotes. Bytes that are no UTF-8, and characters that XML does not know,
// become U+FFFD.
std::string escaped(std::string_view text);

// A relative path as a link's target: what is no plain character of a path as %XX.
std::string url_of(std::string_view path);

// A number for people: four significant digits, without trailing zeros; "–" for one that is not finite.
std::string number_text(double value);

// How wide a sans-serif font sets the text at this size, in the units of the size: an estimate that is rather too wide.
double text_width(std::string_view text, double size);

// The text, or one without its middle ("decision…turn 1.1") that is not wider than `width`: the names of a list of
// candidates often differ at their ends.
std::string shortened(std::string_view text, double width, double size);

struct Table {
  std::vector<std::string> head;               // plain text, as all cells
  std::vector<std::vector<std::string>> rows;  // as long as the head
};

// A table of numbers in a box that scrolls where it is too wide. The first column is one of names if `named`.
std::string table_html(const Table& table, bool named);

// The same where every row turns into a card on a narrow screen, each cell behind the name of its column.
std::string card_table_html(const Table& table);

}  // namespace genbid::report
