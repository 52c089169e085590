#pragma once

#include <string>

#include "report/report_input.h"

namespace genbid::runs {

// Whether `genbid ablate` has made the folder.
bool is_experiment(const std::string& folder);

// What the page of an experiment shows: the tables of table.json, or where cells are missing those of the cells that
// are done; the cells that their lines are of, from each result.json; curves of its trainings, and its cells with links
// that are relative to the folder of `page`. Error for a file of it that cannot be read.
report::ReportInput experiment_input(const std::string& folder, const std::string& page);

}  // namespace genbid::runs
