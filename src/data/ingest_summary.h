#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace genbid::data {

// How a quantity spreads: quantiles are values that occur (nearest rank).
struct Spread {
  double min = 0.0;
  double low = 0.0;  // 5 %
  double median = 0.0;
  double high = 0.0;  // 95 %
  double max = 0.0;
};

Spread spread(std::vector<double> values);  // zeros for no values

// What an ingestion read, found and wrote.
struct IngestSummary {
  int64_t num_files = 0;
  int64_t bytes_read = 0;
  int64_t num_trajectories = 0;
  int64_t num_rows = 0;
  std::vector<int64_t> periods;  // increasing
  int64_t num_advertisers = 0;
  int64_t num_short = 0;  // trajectories with fewer ticks than a period
  int64_t shortest = 0;   // ticks

  // These are of raw logs alone.
  bool raw_logs = false;
  int64_t num_raw_rows = 0;
  int64_t num_impressions = 0;
  bool rows_in_order = true;
  std::vector<int64_t> open_ends;  // periods whose last tick is not marked as the end
  std::string market_log;          // empty: not written
  int64_t market_log_bytes = 0;

  // Values that were missing: stored as 0 (trajectory files), left out of means and sums (raw logs).
  std::map<int64_t, int64_t> nan_by_period;
  int64_t num_bad_rows = 0;           // skipped
  int64_t num_incomplete = 0;         // trajectories that lack ticks or are days of another length, left out
  std::vector<std::string> bad_rows;  // what was wrong with the first of them
  int64_t num_left_out = 0;           // trajectories that lost a row, lack ticks or are days of another length

  int64_t features_checked = 0;  // rows
  int64_t features_different = 0;
  std::string first_feature_difference;  // "FILE:LINE feature 'NAME'"
  int64_t next_states_checked = 0;       // rows
  int64_t next_states_different = 0;

  // Over trajectories, alpha over ticks up to the first with done = 1.
  Spread score;
  Spread expected_score;
  Spread budget_use;
  Spread alpha;
  std::string action_outliers;  // a sentence; empty: none

  std::string output;
  int64_t output_bytes = 0;
  std::string feature_set;
  int64_t num_features = 0;

  std::string text() const;  // a block of lines for a person, as wide as standard output
  std::string json() const;  // the same numbers; one document
};

}  // namespace genbid::data
