#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "statistics/estimate.h"

// Cells of candidates, and their arrangement by training seed, place and period. A place and a day are the same for all
// candidates; that is what pairs them.

namespace genbid::statistics {

// Where and when: one seat of one period under one market seed.
struct CellKey {
  int64_t market_seed = 0;
  int64_t period = 0;
  int64_t seat = 0;
  auto operator<=>(const CellKey&) const = default;  // NOLINT(modernize-use-nullptr): it compares no pointer
};

// What a candidate reached there. Statistics are of sum of values / sum of bases: with a base of 1 the mean over cells,
// with the optimum as base the share of the optimum.
struct Cell {
  CellKey key;
  std::optional<int64_t> training_seed = {};  // none: nothing is trained
  int64_t policy_seed = 0;                    // of the noise of the policy
  double value = 0.0;
  double base = 1.0;
};

struct CandidateCells {
  std::string name;  // for errors
  std::vector<Cell> cells;
};

struct Sums {
  double value = 0.0;
  double base = 0.0;
};

// A candidate's cells, sorted. rows[seed][key] is the mean over policy seeds; what is not trained has one row.
struct CellTable {
  std::string name;
  std::vector<CellKey> keys;
  std::vector<int64_t> training_seeds;
  int64_t policy_seeds = 1;
  std::vector<std::vector<Sums>> rows;
};

// Every training seed and every policy seed must have the same cells, once each. Else, and where a number is not
// finite, a base is negative, some cells are trained and others not, or there are no cells, an Error names candidate
// and cell.
CellTable arrange(const CandidateCells& candidate);

// Both have the same keys; else an Error names the first cell that only one of them has.
void check_same_cells(const CellTable& a, const CellTable& b);

// For each key the index of its cluster, which are numbered from 0 in the order of the keys.
std::vector<size_t> cluster_of_keys(std::span<const CellKey> keys, Cluster cluster);

// Axes of one candidate.
Axes axes_of(const CellTable& table, Cluster cluster);

}  // namespace genbid::statistics
