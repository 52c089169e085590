#pragma once

#include <cstdint>

#include "data/raw_log_file.h"

namespace genbid::data {

// The rows of a block of a Parquet file. Whole columns are checked at once; a row with anything unusual (missing
// values, faults) is read by itself, as one of text is. Private to the readers of raw logs.
void parse_raw_table(const TableBlock& block, const WantedColumns& columns, int64_t max_tick, RawRows& out);

}  // namespace genbid::data
