#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/table_plugin.h"

namespace genbid::arrow_plugin {

// A new Parquet file at `path`, over what is there: columns of numbers, booleans, texts and lists of numbers, all of
// which may be missing. Pages are compressed with Snappy, which every reader has.
std::unique_ptr<data::TableWriter> create_parquet(const std::string& path,
                                                  const std::vector<data::TableColumn>& columns);

}  // namespace genbid::arrow_plugin
