#pragma once

#include <string>
#include <vector>

#include "runs/ablate_cells.h"
#include "runs/ablate_config.h"

namespace genbid::runs {

// The results of cells that are done, read from their evaluation/result.json: a block for each market, and in it a line
// for each variant. Where other cells are missing the table says so.
struct AblateTable {
  std::string text;      // for a terminal
  std::string markdown;  // table.md
  std::string json;      // table.json: {"name", "blocks": [{"scenario", ..., "rows": [...]}]}
};
AblateTable ablate_table(const AblateConfig& config, const std::vector<AblateCell>& cells, int64_t missing);

}  // namespace genbid::runs
