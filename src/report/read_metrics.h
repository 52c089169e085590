#pragma once

#include <string>
#include <vector>

#include "report/report_input.h"

namespace genbid::report {

// The curves of a metrics.jsonl, each with the steps that have a value for it, in the order in which names first
// appear. Error that names file and line for a line that is no object with a step; a last line without its end, which
// a running training may be writing, does not count.
std::vector<MetricCurve> read_metrics(const std::string& path);

}  // namespace genbid::report
