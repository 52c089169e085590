#pragma once

#include <string>
#include <vector>

#include "report/report_input.h"

namespace genbid::runs {

// Gives each judgement its table: that of table.json in the folder, where it is of these candidates, so that page and
// table are the same; else one that is made anew of their cells, as an evaluation makes it (eval/summary.h). Error for
// a table.json that cannot be read.
void add_tables(const std::string& folder, std::vector<report::Judgement>& judgements);

}  // namespace genbid::runs
