#pragma once

#include <string>
#include <vector>

#include "runs/ablate_state.h"

namespace genbid::runs {

// Cells whose results make a table.
struct AblateResults {
  std::string name;
  std::vector<int64_t> seeds;
  std::string reference;
  std::vector<CellPlace> cells;  // done; by variant, then by seed
};

// Their results, read from result.json: a block for each scenario, a line in it for each variant.
struct AblateTable {
  std::string text;      // for a terminal
  std::string markdown;  // table.md
  std::string json;      // table.json: {"name", "blocks": [{"scenario", ..., "rows": [...]}]}
};
AblateTable ablate_table(const AblateResults& results);

}  // namespace genbid::runs
