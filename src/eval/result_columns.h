#pragma once

#include <vector>

#include "base/columns.h"
#include "eval/evaluation.h"

namespace genbid::eval {

// The keys of result.json: of a cell in `cells`, and of `mean`.
const std::vector<Column<CellResult>>& cell_columns();
const std::vector<Column<EvaluationMeans>>& mean_columns();

}  // namespace genbid::eval
