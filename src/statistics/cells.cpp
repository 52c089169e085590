#include "statistics/cells.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::statistics {
namespace {

std::string shown(const CellKey& key) {
  return "market seed " + std::to_string(key.market_seed) + ", period " + std::to_string(key.period) + ", seat " +
         std::to_string(key.seat);
}

// Training seed, policy seed and key.
using Place = std::tuple<int64_t, int64_t, CellKey>;

std::string shown(const Place& place, bool trained) {
  const auto& [training, policy, key] = place;
  return (trained ? "training seed " + std::to_string(training) + ", " : "") + "policy seed " + std::to_string(policy) +
         ", " + shown(key);
}

bool is_trained(const CandidateCells& candidate) {
  if (candidate.cells.empty()) throw Error("candidate '" + candidate.name + "': found no cells, expected at least one");
  const bool trained = candidate.cells.front().training_seed.has_value();
  for (const Cell& cell : candidate.cells) {
    const std::string where = "candidate '" + candidate.name + "', cell of " + shown(cell.key) + ": ";
    if (cell.training_seed.has_value() != trained) {
      throw Error(where + "found " + (trained ? "no training seed" : "a training seed") +
                  ", expected either all cells to have one or none");
    }
    if (!std::isfinite(cell.value) || !std::isfinite(cell.base) || cell.base < 0.0) {
      throw Error(where + "found value " + std::to_string(cell.value) + " and base " + std::to_string(cell.base) +
                  ", expected finite numbers and a base of 0 or more");
    }
  }
  return trained;
}

std::map<Place, Sums> by_place(const CandidateCells& candidate, bool trained) {
  std::map<Place, Sums> cells;
  for (const Cell& cell : candidate.cells) {
    const Place place{cell.training_seed.value_or(0), cell.policy_seed, cell.key};
    if (!cells.emplace(place, Sums{cell.value, cell.base}).second) {
      throw Error("candidate '" + candidate.name + "': found the cell of " + shown(place, trained) +
                  " twice, expected it once");
    }
  }
  return cells;
}

}  // namespace

CellTable arrange(const CandidateCells& candidate) {
  const bool trained = is_trained(candidate);
  const std::map<Place, Sums> cells = by_place(candidate, trained);
  std::set<int64_t> training, policy;
  std::set<CellKey> keys;
  for (const auto& [place, sums] : cells) {
    training.insert(std::get<0>(place));
    policy.insert(std::get<1>(place));
    keys.insert(std::get<2>(place));
  }
  CellTable table;
  table.name = candidate.name;
  table.keys.assign(keys.begin(), keys.end());
  if (trained) table.training_seeds.assign(training.begin(), training.end());
  table.policy_seeds = std::ssize(policy);
  const auto share = 1.0 / as_double(policy.size());
  for (const int64_t seed : training) {
    std::vector<Sums>& row = table.rows.emplace_back(table.keys.size());
    for (size_t k = 0; k < table.keys.size(); ++k) {
      for (const int64_t noise : policy) {
        const Place place{seed, noise, table.keys[k]};
        const auto found = cells.find(place);
        if (found == cells.end()) {
          throw Error("candidate '" + candidate.name + "': found no cell of " + shown(place, trained) +
                      ", expected every seed to have the same cells");
        }
        row[k].value += share * found->second.value;
        row[k].base += share * found->second.base;
      }
    }
  }
  return table;
}

void check_same_cells(const CellTable& a, const CellTable& b) {
  for (const auto& [with, without] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    for (const CellKey& key : with->keys) {
      if (std::binary_search(without->keys.begin(), without->keys.end(), key)) continue;
      throw Error("paired difference: candidate '" + with->name + "' has the cell of " + shown(key) +
                  ", which candidate '" + without->name + "' lacks; expected the same cells");
    }
  }
}

std::vector<size_t> cluster_of_keys(std::span<const CellKey> keys, Cluster cluster) {
  std::map<std::pair<int64_t, int64_t>, size_t> numbers;
  std::vector<size_t> index(keys.size());
  for (size_t k = 0; k < keys.size(); ++k) {
    const int64_t seed = cluster == Cluster::kMarketDay ? keys[k].market_seed : 0;
    index[k] = numbers.emplace(std::pair{seed, keys[k].period}, numbers.size()).first->second;
  }
  return index;
}

Axes axes_of(const CellTable& table, Cluster cluster) {
  std::set<int64_t> market_seeds;
  for (const CellKey& key : table.keys) market_seeds.insert(key.market_seed);
  const std::vector<size_t> index = cluster_of_keys(table.keys, cluster);
  Axes axes;
  axes.periods = to_signed(*std::max_element(index.begin(), index.end())) + 1;
  axes.market_seeds = std::ssize(market_seeds);
  axes.cluster = cluster;
  axes.policy_seeds = table.policy_seeds;
  axes.training_seeds = std::ssize(table.training_seeds);
  return axes;
}

}  // namespace genbid::statistics
