#pragma once

#include <string>
#include <vector>

#include "report/report_input.h"

namespace genbid::runs {

// Fills in what the best alphas in hindsight spend by tick, where the folder or one above it keeps the hindsight of the
// judgement's scenario (the cells of an experiment share it), and the days of those candidates that charts show, from
// the cells that an evaluation kept in its folder (eval/job_store.h). Cells that are not those of the results, which an
// evaluation of other settings left, do not count. Error that names a file of cells that is damaged.
void read_days(const std::string& folder, std::vector<report::Judgement>& judgements);

}  // namespace genbid::runs
