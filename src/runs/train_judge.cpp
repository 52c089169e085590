#include "runs/train_judge.h"

#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/threads.h"
#include "eval/evaluation.h"
#include "eval/platform_evaluation.h"
#include "eval/policy_bidder.h"
#include "play/category_reserves.h"
#include "play/population.h"
#include "runs/day_source.h"
#include "runs/load_policy.h"
#include "runs/torch_threads.h"

namespace genbid::runs {
namespace {

class MarketJudge : public train::Judge {
 public:
  MarketJudge(const TrainRunConfig& run, std::shared_ptr<policy::Policy> policy, const policy::CheckpointInfo& info,
              c10::Device device, train::Ranks& ranks)
      : policy_(std::move(policy)),
        all_seats_(run.select.protocol == "platform"),
        threads_(to_int(run.train.threads)),
        ranks_(ranks) {
    const SelectRunConfig& config = run.select;
    plan_.market = config.market;
    plan_.population = play::load_population(config.market.population, config.market.shape().seats);
    num_cells_ = std::ssize(config.market.periods.values) * config.market.shape().seats;
    const auto mine = [&](int64_t place) { return place % ranks.size() == ranks.rank(); };
    for (int64_t i = 0; i < std::ssize(config.market.periods.values); ++i) {
      if (!all_seats_ || mine(i)) plan_.periods.push_back(at(config.market.periods.values, i));
    }
    for (int seat = 0; seat < config.market.shape().seats; ++seat) {
      if (all_seats_ || mine(seat)) plan_.seats.push_back(seat);
    }
    options_ = bidder_options(info, "select.market", 1, device);
    if (config.market.shape().ticks != info.ticks) {
      throw Error("select.market.traffic.ticks: found " + std::to_string(config.market.shape().ticks) + ", expected " +
                  std::to_string(info.ticks) + ", the days that the policy is trained on");
    }
    for (const policy::SeenStore& store : info.stores) {
      refuse_seen_days("this training", "select.market.periods", "trained", store.days, store.train_periods,
                       info.judged_days, info.judged_periods, "");
    }
  }

  std::optional<double> expected_score() override {
    const auto mean = mean_of_mine();
    if (ranks_.any(!mean)) return std::nullopt;
    if (ranks_.alone()) return mean;
    const double num_mine = as_double(plan_.periods.size() * plan_.seats.size());
    return ranks_.sum(*mean * num_mine) / as_double(num_cells_);
  }

  int64_t num_cells() const override { return num_cells_; }

 private:
  std::optional<double> mean_of_mine() {
    if (plan_.periods.empty() || plan_.seats.empty()) return 0.0;
    if (!has_reserves_ && !play::make_reserves(plan_.market, threads_)) return std::nullopt;
    has_reserves_ = true;
    const OneTorchThread one_thread;
    const bool was_training = policy_->is_training();
    // Made anew: a bidder takes the policy's own wishes when it is made, and these follow from the training.
    eval::PolicyBidder bidder(policy_, options_, threads_);
    eval::Candidate candidate;
    candidate.name = "policy";
    candidate.kind = "policy";
    candidate.bidder = &bidder;
    const auto score = all_seats_ ? score_of_all_seats(candidate) : score_of_each_seat(candidate);
    policy_->train(was_training);
    return score;
  }

  std::optional<double> score_of_each_seat(const eval::Candidate& candidate) {
    const auto evaluations = eval::evaluate_in_market(plan_, {candidate}, threads_);
    if (evaluations.empty()) return std::nullopt;
    return eval::means(evaluations.front()).expected_score;
  }

  std::optional<double> score_of_all_seats(const eval::Candidate& candidate) {
    eval::PlatformPlan plan;
    plan.market = plan_.market;
    plan.population = plan_.population;
    plan.periods = plan_.periods;
    plan.with_optimum = false;
    const auto market = market::make_market(plan.market, threads_);
    const auto evaluation = eval::evaluate_platform(plan, candidate, *market);
    if (!evaluation) return std::nullopt;
    double sum = 0.0;
    for (const eval::PlatformCell& cell : evaluation->cells) sum += cell.result.expected_score;
    return sum / as_double(evaluation->cells.size());
  }

  std::shared_ptr<policy::Policy> policy_;
  bool all_seats_;
  Threads threads_;  // of the market, which gives the same for any number; 0: one a processor
  train::Ranks& ranks_;
  int64_t num_cells_ = 0;      // of all ranks
  eval::EvaluationPlan plan_;  // of this one
  eval::PolicyBidderOptions options_;
  bool has_reserves_ = false;
};

}  // namespace

std::unique_ptr<train::Judge> make_judge(const TrainRunConfig& config, std::shared_ptr<policy::Policy> policy,
                                         const policy::CheckpointInfo& info, c10::Device device, train::Ranks& ranks) {
  if (config.select.every == 0) return nullptr;
  return std::make_unique<MarketJudge>(config, std::move(policy), info, device, ranks);
}

}  // namespace genbid::runs
