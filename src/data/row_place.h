#pragma once

#include <cstdint>
#include <string>

namespace genbid::data {

// Where a row stands in its file, as one number that grows from row to row: the line of a text, counted from 1, or the
// row group of a table and the row in it.
int64_t row_of_table(int row_group, int64_t row);  // both from 0 on
inline constexpr int64_t kMostRowsOfGroup = int64_t{1} << 40;
inline constexpr int kMostRowGroups = 1 << 22;

// "FILE:LINE" or "FILE: row group G, row R", both counted from 1.
std::string place_text(const std::string& file, int64_t row);

}  // namespace genbid::data
