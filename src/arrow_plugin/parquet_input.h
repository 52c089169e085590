#pragma once

#include <memory>
#include <string>

#include "data/table_plugin.h"

namespace genbid::arrow_plugin {

// A Parquet file whose columns are read each by itself, page by page: memory holds a page and a buffer a column,
// however large its row groups are. From afar it is the bytes of two row groups, because every request takes its time.
std::unique_ptr<data::TableFile> open_parquet(const std::string& place);

}  // namespace genbid::arrow_plugin
