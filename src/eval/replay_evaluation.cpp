#include "eval/replay_evaluation.h"

#include <memory>

#include "base/progress.h"
#include "eval/candidate_bidder.h"
#include "data/log_ticks.h"

namespace genbid::eval {

std::vector<Evaluation> evaluate_in_replay(const replay::ReplayConfig& config, const std::vector<Candidate>& candidates,
                                           Threads& threads) {
  std::vector<std::unique_ptr<CandidateBidder>> named;
  std::vector<Bidder*> bidders;
  for (const Candidate& candidate : candidates) {
    named.push_back(std::make_unique<CandidateBidder>(candidate.name, *candidate.bidder));
    bidders.push_back(named.back().get());
  }
  const int64_t num_ticks = data::replay_log_ticks(config.log);
  Progress progress("replay", static_cast<int64_t>(config.periods.values.size()) * num_ticks, "ticks");
  const auto replayed = replay::replay(config, bidders, threads, [&](int64_t ticks) { progress.update(ticks); });
  if (!replayed) return {};
  progress.finish();

  std::vector<Evaluation> evaluations;
  for (size_t c = 0; c < candidates.size(); ++c) {
    Evaluation& evaluation = evaluations.emplace_back(Evaluation{candidates[c].name, candidates[c].kind, {}});
    for (const replay::ReplayCell& from : (*replayed)[c]) {
      CellResult& cell = evaluation.cells.emplace_back();
      cell.period = from.period;
      cell.seat = from.advertiser;
      cell.budget = from.campaign.budget;
      cell.cpa_limit = from.campaign.cpa_limit;
      cell.cost = from.cost;
      cell.conversions = from.conversions;
      cell.expected_conversions = from.expected_conversions;
      cell.conversion_variance = from.expected_conversions - from.conversion_sums.squared;
      cell.score = from.score;
      cell.expected_score = from.expected_score;
      cell.score_of_expectation = from.score_of_expectation;
      cell.wins = from.wins;
      cell.last_active_tick = from.last_active_tick;
      cell.optimum = from.optimum;
    }
  }
  return evaluations;
}

}  // namespace genbid::eval
