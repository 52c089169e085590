#pragma once

#include <cstdint>
#include <string>

#include "runs/relabel_config.h"

namespace genbid::runs {

// What came of it, for people and as one JSON document.
struct RelabelSummary {
  std::string output;
  int64_t num_trajectories = 0;
  int64_t num_rows = 0;
  double score = 0.0;             // expected, of a day, in the mean
  double share_of_optimum = 0.0;  // of all days together
  double over_share = 0.0;        // of days that paid more than the limit for an expected conversion

  std::string text() const;
  std::string json() const;
};

// Plays days of a tape again, under other budgets and limits, and writes them as a trajectory store with labels
// (relabel_days.h). Periods are read, played and written by so many at a time as there are threads, so that memory does
// not grow with their number; the same bytes come out for any. The store is there whole or not at all, and replaces one
// of its kind; a signal ends the process (stop_signal.h, watch), since there is nothing that it would save. Error for
// periods that the tape lacks, and for a policy of other days or features.
RelabelSummary relabel(const RelabelConfig& config);

}  // namespace genbid::runs
