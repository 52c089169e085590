#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files/atomic_file.h"
#include "eval/evaluation.h"
#include "eval/platform_evaluation.h"
#include "eval/report.h"
#include "eval/summary.h"
#include "runs/evaluate_config.h"

namespace genbid::runs {

// What an evaluation came to, with a place held for each result.json.
class EvaluateSummary {
 public:
  std::vector<eval::Evaluation> evaluations;       // as the config lists the candidates
  std::vector<eval::PlatformEvaluation> platform;  // protocol platform: in their place
  eval::EvaluationContext context;
  int64_t missing_jobs = 0;    // of other shards; then there are no results yet
  std::string target_reports;  // of policies that were asked for several things (eval/obedience.h); may be empty
  std::string reference;       // whom the others are compared with; empty: nobody
  // The table, and what the policies made of what they were asked for.
  std::string text() const;
  // {"context": what every result.json says of the market or log, "candidates": [what each says of its own but for the
  // cells, and its "file"]}. `files`: what write() returned.
  std::string json(const std::vector<std::string>& files) const;
  // Writes a result.json for each candidate, table.md and table.json, and returns where. A result.json in the folder
  // of a candidate that was judged there before and is not now becomes result.earlier.json.
  std::vector<std::string> write();

 private:
  friend std::optional<EvaluateSummary> evaluate(const EvaluateConfig& config);
  eval::SummaryTable table() const;
  size_t num_results() const { return platform.empty() ? evaluations.size() : platform.size(); }
  std::string result(size_t i) const;  // the text of its result.json

  std::string folder_;
  std::vector<std::string> paths_;
  std::vector<std::unique_ptr<AtomicFile>> files_;
};

// Judges the candidates. Empty if a stop was asked for. Error, before the work, for a policy that cannot play these
// days or has seen them, and for a place that cannot be written.
std::optional<EvaluateSummary> evaluate(const EvaluateConfig& config);

}  // namespace genbid::runs
