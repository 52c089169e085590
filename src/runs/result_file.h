#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "eval/platform_metrics.h"
#include "eval/report.h"

namespace genbid::runs {

// A result.json as it was written: means are made anew from the cells, or under protocol platform from its periods.
struct ResultFile {
  eval::Evaluation evaluation;
  eval::EvaluationContext context;
  std::vector<eval::PlatformPart> platform = {};  // protocol platform: in place of the evaluation's cells
};

// Error for a file that is no result, or lacks something: it names the file and the key.
ResultFile read_result(const std::string& path);

}  // namespace genbid::runs
