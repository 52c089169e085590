#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "eval/report.h"

namespace genbid::runs {

// A result.json as it was written: means are made anew from the cells.
struct ResultFile {
  eval::Evaluation evaluation;
  eval::EvaluationContext context;
};

// Error for a file that is no result, or lacks something: it names the file and the key.
ResultFile read_result(const std::string& path);

}  // namespace genbid::runs
