#pragma once

#include <string>
#include <vector>

#include "runs/ablate_state.h"
#include "statistics/cells.h"

namespace genbid::runs {

// Cells whose results make a table.
struct AblateResults {
  std::string name;
  std::vector<int64_t> seeds;
  std::string reference;
  std::vector<CellPlace> cells;  // done; by variant, then by seed
  int64_t missing = 0;           // cells that are not done: the table says so
};

// Their results, read from result.json: a block for each market, a line in it for each variant. Blocks have the names
// of the experiment's markets; where variants change the market, what differs: "budget_scale 0.5".
struct AblateTable {
  std::string text;      // for a terminal
  std::string markdown;  // table.md
  std::string json;      // table.json: {"name", "blocks": [{"scenario", ..., "rows": [...]}]}
};
AblateTable ablate_table(const AblateResults& results);
// Whether a file's text is a table.md or a table.json, of any experiment.
bool is_ablate_markdown(const std::string& text);
bool is_ablate_json(const std::string& text);

// The cells that a block's lines are of: expected scores with their optima as bases, a variant each, as the block lists
// them. None under protocol platform, whose table is of whole periods.
struct BlockCells {
  std::string name;
  std::string scenario;
  std::vector<statistics::CandidateCells> variants;
};
std::vector<BlockCells> cells_by_block(const std::vector<CellPlace>& cells);

}  // namespace genbid::runs
