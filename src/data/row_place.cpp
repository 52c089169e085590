#include "data/row_place.h"

#include <cassert>

namespace genbid::data {

int64_t row_of_table(int row_group, int64_t row) {
  assert(row_group < kMostRowGroups && row < kMostRowsOfGroup);
  return (int64_t{row_group} + 1) * kMostRowsOfGroup + row;
}

std::string place_text(const std::string& file, int64_t row) {
  if (row < kMostRowsOfGroup) return file + ":" + std::to_string(row);
  return file + ": row group " + std::to_string(row / kMostRowsOfGroup) + ", row " +
         std::to_string(row % kMostRowsOfGroup + 1);
}

}  // namespace genbid::data
