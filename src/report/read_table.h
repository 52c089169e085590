#pragma once

#include <string>
#include <vector>

#include "report/report_input.h"

namespace genbid::report {

// The blocks of a table.json, of an evaluation (one block) or of an experiment. Error that names `path` and the key for
// a text that is no such table.
std::vector<TableBlock> read_table(const std::string& text, const std::string& path);

}  // namespace genbid::report
