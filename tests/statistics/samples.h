#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/files/atomic_file.h"
#include "statistics/cells.h"

namespace genbid::statistics {

// Numbers of SciPy: tests/statistics/make_scipy_cases.py
inline nlohmann::json scipy_cases(const std::string& name) {
  return nlohmann::json::parse(read_file("tests/golden/statistics/scipy_cases.json")).at(name);
}

// values[period][seat], and of the same shape what they are shares of.
using Grid = std::vector<std::vector<double>>;

inline CandidateCells candidate(std::string name, const Grid& values, const Grid& bases = {}) {
  CandidateCells result{std::move(name), {}};
  for (size_t p = 0; p < values.size(); ++p) {
    for (size_t s = 0; s < values[p].size(); ++s) {
      Cell cell;
      cell.key = {1, static_cast<int64_t>(p), static_cast<int64_t>(s)};
      cell.value = values[p][s];
      if (!bases.empty()) cell.base = bases[p][s];
      result.cells.push_back(cell);
    }
  }
  return result;
}

// values[training seed][period], one seat.
inline CandidateCells trained(std::string name, const Grid& values) {
  CandidateCells result{std::move(name), {}};
  for (size_t t = 0; t < values.size(); ++t) {
    for (size_t p = 0; p < values[t].size(); ++p) {
      Cell cell;
      cell.key = {1, static_cast<int64_t>(p), 0};
      cell.training_seed = static_cast<int64_t>(t);
      cell.value = values[t][p];
      result.cells.push_back(cell);
    }
  }
  return result;
}

}  // namespace genbid::statistics
