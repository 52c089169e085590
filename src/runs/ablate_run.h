#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runs/ablate_config.h"

namespace genbid::runs {

struct AblateSummary {
  std::string folder;
  int64_t num_cells = 0;
  int64_t num_done = 0;                // of all cells, by this process or others
  std::vector<std::string> failures;   // "wide, seed 2: train: out of memory (folder/output.txt)"
  std::vector<std::string> elsewhere;  // cells that another process has in hand, or another shard
  bool stopped = false;
  std::string table;               // for a terminal; empty while cells are missing
  std::vector<std::string> files;  // table.md, table.json, plot.svg

  std::string text() const;
  std::string json() const;  // {"folder", "cells", "done", "failed", "elsewhere", "stopped", "files"}
  // 0 where all of this shard's cells are done and none has failed, 3 where some have, or another process has them in
  // hand; of a stop stop_signal::exit_status().
  int exit_status() const;
};

// Runs every cell that is not done: `genbid train` and then `genbid evaluate`, as processes of their own, so many at a
// time. What is done is never run again; what was stopped goes on, what failed is tried again. When all cells are done
// the table is written, the same bytes whoever ran them in whatever order.
AblateSummary ablate(const AblateConfig& config);

}  // namespace genbid::runs
