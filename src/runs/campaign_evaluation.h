#pragma once

#include <optional>
#include <string>
#include <vector>

#include "perbid/local_adaptation.h"
#include "perbid/outcomes.h"
#include "runs/campaign_days_config.h"
#include "statistics/estimate.h"

namespace genbid::runs {

struct CampaignCandidateConfig {
  std::string policy;             // a rule (perbid/rules.h), or a run of agents
  std::vector<std::string> runs;  // in its place: trainings of one candidate, by several seeds
  std::string name;               // in tables; empty: the rule's, or the run folder's
  // Of several agents: "matched" by the days before, "optimal" in hindsight (a bound: nobody knows it), the "default"
  // one, or a campaign's "own" (of trainings with clusters: campaign). Or "best_training": of several trainings of a
  // single agent the one that turns out best on each day, which is what "optimal" gains by having several draws.
  std::string agent = "matched";
  int64_t days_back = 1;  // that matching looks at
  // Of agents by actors and critics, matched or single: campaigns that they served badly on the day before get copies
  // that learn on.
  perbid::AdaptationConfig adapt;
  int64_t tries = 64;  // settings of M-PID that are tried on the training set
  int64_t seed = 1;    // of these

  void fields(ConfigVisitor& v);
};

// `kind: evaluate` with `protocol: campaigns`, without these two keys.
struct CampaignEvaluateConfig {
  CampaignDaysConfig days;
  std::string set = "test";
  std::vector<CampaignCandidateConfig> policy;
  std::string reference;  // the candidate that others are compared with; empty: the first
  struct Output {
    std::string dir;
    void fields(ConfigVisitor& v);
  } output;
  int64_t threads = 0;

  void fields(ConfigVisitor& v);
};

// A candidate's days: all of the set for each training, in the order of samples.
struct CampaignContender {
  std::string name;
  std::string kind;  // "rule" or "policy"
  std::string note;  // settings that were found, of a rule; how many campaigns had copies, of agents
  std::vector<std::vector<perbid::Outcome>> trainings;
  std::optional<double> matching_accuracy;  // share of days whose matched agent is the best one in hindsight
};

// A number with a 95 % interval of a bootstrap over campaigns and trainings; the same campaigns for all candidates.
struct BootstrapNumber {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

// Of the days of one type, over all trainings; not numbers where there are none.
struct OfType {
  double res = 0.0;
  double violation_share = 0.0;  // as perbid::OutcomeMeans
  double excess = 0.0;
};

struct CampaignRow {
  std::string name;
  std::string kind;
  std::string note;
  int64_t trainings = 0;  // 0: nothing is trained
  statistics::Estimate res;
  perbid::OutcomeMeans means;                      // of all trainings, in the mean
  std::vector<BootstrapNumber> numbers;            // by perbid::numbers_of
  std::optional<statistics::Estimate> difference;  // of Res, from the reference, in the same days
  std::optional<double> adjusted_p;                // Holm's
  std::vector<BootstrapNumber> differences;        // of all numbers; empty for the reference
  std::vector<OfType> by_type;                     // by CampaignType
  std::optional<double> matching_accuracy;
};

struct CampaignEvaluateSummary {
  CampaignEvaluateConfig config;
  int64_t samples = 0;
  std::string reference;
  std::string scenario;  // a hash of the days
  std::vector<CampaignContender> contenders;
  std::vector<CampaignRow> rows;

  std::string text(size_t width) const;
  std::string markdown() const;
  std::string table_json() const;  // {"blocks": [{..., "rows": [...]}]}
  // Writes outcomes.csv, table.md and table.json into output.dir, and returns where.
  std::vector<std::string> write() const;
};

// A signal ends the process: nothing is kept of it before write() (stop_signal.h).
CampaignEvaluateSummary evaluate_campaigns(const CampaignEvaluateConfig& config);

// Rows of a table, in the order of the contenders, each against the one named.
std::vector<CampaignRow> compare_campaigns(const std::vector<CampaignContender>& contenders,
                                           const std::string& reference);

// A row of outcomes.csv.
struct CampaignOutcomeRow {
  const CampaignContender* contender = nullptr;
  int64_t training = 0;
  perbid::Outcome outcome;
};
const std::vector<Column<CampaignOutcomeRow>>& campaign_outcome_columns();

}  // namespace genbid::runs
