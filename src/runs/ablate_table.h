#pragma once

#include <string>
#include <vector>

#include "runs/ablate_cells.h"
#include "runs/ablate_config.h"

namespace genbid::runs {

// The results of an experiment whose cells are all done, read from their evaluation/result.json: a block for each
// scenario, a line in it for each variant.
struct AblateTable {
  std::string text;      // for a terminal
  std::string markdown;  // table.md
  std::string json;      // table.json: {"name", "blocks": [{"scenario", ..., "rows": [...]}]}
};
AblateTable ablate_table(const AblateConfig& config, const std::vector<AblateCell>& cells);

}  // namespace genbid::runs
