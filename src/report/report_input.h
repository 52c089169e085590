#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

// What a page is made of. Whatever is empty has no section in it.

namespace genbid::report {

// A line of a list: what it is, and what it says. Texts are plain; the page escapes them.
struct Fact {
  std::string name;
  std::string text;
};

// A metric of a training, in the order of steps.
struct MetricCurve {
  std::string name;  // as in metrics.jsonl: train/loss, held_out/loss/period_8
  std::vector<double> steps;
  std::vector<double> values;  // not finite where the file says null
};

// What a seat's day came to. Units as in result.json.
struct CellOutcome {
  int64_t period = 0;
  int64_t seat = 0;
  double budget = 0.0;
  double cpa_limit = 0.0;
  double expected_score = 0.0;
  double score = 0.0;
  double conversions = 0.0;
  double expected_conversions = 0.0;
  double cost = 0.0;
  double optimum = std::numeric_limits<double>::quiet_NaN();  // not finite: not known

  // Whether the realised CPA is above the limit; without a conversion any cost is.
  bool exceeds_cpa() const { return cost > cpa_limit * conversions; }
};

// A candidate's days by ticks. Cells may be fewer than those of the results, and in another order.
struct CandidateDays {
  int64_t ticks = 0;              // of a day; 0: there are no days
  std::vector<double> budget;     // by cell, above 0
  std::vector<double> cpa_limit;  // by cell, above 0
  // By cell and tick, the ticks of a cell one after another: [cell * ticks + tick].
  std::vector<double> alpha;  // not finite where the seat did not bid
  std::vector<double> spend;  // money
  std::vector<double> value;  // expected conversions: the sum of the p-values of exposed impressions
  std::vector<double> wins;   // slots
  std::vector<double> price;  // mean price of a slot; not finite without a win

  size_t num_cells() const { return budget.size(); }
};

struct ReportCandidate {
  std::string name;
  std::string kind;                     // policy, rule, hindsight
  std::optional<double> target_return;  // what it was asked for, in par units
  std::optional<double> target_cpa;     // as a share of the CPA limit
  std::vector<CellOutcome> cells;
  CandidateDays days;
};

// Candidates that were judged under the same conditions: only they are compared.
struct Judgement {
  std::string heading;
  std::vector<Fact> conditions;
  std::vector<ReportCandidate> candidates;
};

struct ReportInput {
  std::string title;
  std::vector<Fact> summary;  // what it is, the command, the program
  std::vector<MetricCurve> metrics;
  std::vector<Judgement> judgements;
  std::string config_yaml;     // the resolved config, as it was written
  std::vector<Fact> versions;  // programs, checkpoints, hashes
};

}  // namespace genbid::report
