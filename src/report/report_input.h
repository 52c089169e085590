#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

// What a page is made of. Whatever is empty has no section in it.

#include "statistics/cells.h"

namespace genbid::report {

// A line of a list: what it is, and what it says. Texts are plain; the page escapes them.
struct Fact {
  std::string name;
  std::string text;
};

// A mean with its 95 % interval, which a single number has not.
struct MeanInterval {
  double mean = 0.0;
  std::optional<double> low;
  std::optional<double> high;
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
  int64_t market_seed = 1;
  int64_t policy_seed = 1;
  double budget = 0.0;
  double cpa_limit = 0.0;
  double expected_score = 0.0;
  double score = 0.0;
  double conversions = 0.0;
  double expected_conversions = 0.0;
  double cost = 0.0;
  double optimum = std::numeric_limits<double>::quiet_NaN();  // not finite: not known
  bool drawn = true;                                          // false: score and conversions are what is expected

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
  std::vector<double> price;  // mean least winning cost of the tick's impressions; not finite where there are none

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

// A row of a table of results (table.json): a candidate's, or a variant's over its trainings. Expected scores are in
// conversions, shares of 1.
struct TableLine {
  std::string name;
  std::string kind;
  int64_t trainings = 0;  // 0: nothing was trained
  MeanInterval expected_score;
  MeanInterval share_of_optimum;
  std::optional<MeanInterval> interquartile_share;  // of the cells' shares of the optimum
  std::optional<MeanInterval> difference;           // of expected scores, from the reference in the same cells
  std::optional<double> p;                          // of the difference: Holm's
  std::optional<MeanInterval> improvement;          // the probability of a higher expected score in a cell
  double over_cpa = 0.0;                            // share of the cells, by expected conversions
  double budget_use = 0.0;
  double score = std::numeric_limits<double>::quiet_NaN();  // realised; not finite: nothing was drawn
  double conversions = std::numeric_limits<double>::quiet_NaN();
};

// A table of what was judged under one scenario.
struct TableBlock {
  std::string name;  // of the market; may be empty
  std::vector<Fact> conditions;
  std::string scenario;   // a hash
  std::string reference;  // whom the others are compared with; empty: nobody
  std::string axes;       // what intervals are over: "6 periods x 3 training seeds"
  std::vector<TableLine> lines;
  // Expected scores of the lines' cells with their optima as bases, for a profile; may lack some lines, or all.
  std::vector<statistics::CandidateCells> cells = {};
};

// What the best alphas in hindsight spend, by cell and tick: [cell * ticks + tick].
struct BestSpend {
  int64_t ticks = 0;           // of a day; 0: not known
  std::vector<double> budget;  // by cell, above 0
  std::vector<double> spend;   // money
};

// Candidates that were judged under the same conditions: only they are compared.
struct Judgement {
  std::string heading;
  std::vector<Fact> conditions;
  std::string settings;  // all of them, as text
  std::string scenario;  // a hash; empty: not said
  std::vector<ReportCandidate> candidates;
  TableBlock table;  // with a line for each candidate, in their order; or with none
  BestSpend best;
};

struct Link {
  std::string text;
  std::string target;  // relative to the page
};

// A cell of an experiment: what became of it, and where it can be looked at alone.
struct ExperimentCell {
  std::string variant;
  std::string seed;   // "seed 2"; empty: nothing is trained
  std::string state;  // empty: done
  std::vector<Link> links;
};

// Trainings of a variant, which differ in their seeds: the curves of each.
struct VariantTrainings {
  std::string name;
  std::vector<std::vector<MetricCurve>> runs;
};

// An experiment: variants over trainings, a table for each scenario.
struct Experiment {
  std::string missing;  // what is not done, for people; empty: all is
  std::vector<TableBlock> blocks;
  std::vector<VariantTrainings> trainings;
  std::vector<ExperimentCell> cells;
};

// What days of one type came to, by what binds at their optimum; not finite where there are none, and shares where the
// table does not say them.
struct CampaignType {
  double res = 0.0;
  double violation_share = 0.0;
  double excess = 0.0;
};

// A row of a table of campaigns' days (perbid/outcomes.h says what its numbers are). Shares are of 1.
struct CampaignLine {
  std::string name;
  int64_t trainings = 0;  // 0: nothing was trained
  MeanInterval res;
  std::optional<MeanInterval> difference;  // of Res, from the reference on the same days
  std::optional<double> p;                 // of the difference: Holm's
  double ggf = 0.0;
  double gini = 0.0;
  double worst_30 = 0.0;
  double worst_10 = 0.0;
  double violation_share = 0.0;
  double excess = 0.0;
  std::vector<CampaignType> types;  // budget, ppc, mixed
  std::optional<double> matching_accuracy;
};

// How Res is spread over a set's campaigns, the worst of them first: the mean over a candidate's trainings.
struct CampaignSpread {
  std::string name;
  std::vector<double> missing;  // at kLorenzShares: by how much the worst so many have less than their share of the sum
  std::vector<double> worst;    // at kTailShares: the mean Res of the worst so many
};
inline constexpr std::array<double, 21> kLorenzShares = {
    0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0};
inline constexpr std::array<double, 11> kTailShares = {0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0};

// Candidates that played the days of one set of campaigns.
struct CampaignJudgement {
  std::vector<Fact> conditions;
  std::string reference;
  std::vector<CampaignLine> lines;      // the best Res first
  std::vector<CampaignSpread> spreads;  // of those lines that have one
};

struct ReportInput {
  std::string title;
  std::vector<Fact> summary;  // what it is, the command, the program
  std::vector<MetricCurve> metrics;
  std::vector<Judgement> judgements;
  std::optional<Experiment> experiment;
  std::optional<CampaignJudgement> campaigns;
  std::string config_yaml;     // the resolved config, as it was written
  std::vector<Fact> versions;  // programs, checkpoints, hashes
};

}  // namespace genbid::report
