#include "runs/train_judge.h"

#include <ATen/Parallel.h>

#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/threads.h"
#include "eval/evaluation.h"
#include "eval/policy_bidder.h"
#include "play/category_reserves.h"
#include "play/population.h"
#include "runs/day_source.h"
#include "train/device.h"

namespace genbid::runs {
namespace {

// LibTorch has one thread while policies are asked in blocks, each on one of ours.
class OneTorchThread {
 public:
  OneTorchThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneTorchThread() { at::set_num_threads(before_); }
  OneTorchThread(const OneTorchThread&) = delete;
  OneTorchThread& operator=(const OneTorchThread&) = delete;

 private:
  int before_;
};

class MarketJudge : public train::Judge {
 public:
  MarketJudge(const TrainRunConfig& run, std::shared_ptr<policy::Policy> policy, const policy::CheckpointInfo& info)
      : policy_(std::move(policy)), threads_(to_int(run.train.threads)) {
    const SelectRunConfig& config = run.select;
    plan_.market = config.market;
    plan_.population = play::load_population(config.market.population, config.market.shape().seats);
    plan_.periods = config.market.periods.values;
    for (int seat = 0; seat < config.market.shape().seats; ++seat) plan_.seats.push_back(seat);
    options_.feature_set = parse_feature_set(info.observation.feature_set);
    options_.realised_reward = info.observation.reward == "realised";
    options_.num_ticks = info.ticks;
    options_.checkpoint = "select.market";
    options_.seed = 1;
    options_.device = train::open_device(run.train.device);
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
    const auto evaluations = eval::evaluate_in_market(plan_, {candidate}, threads_);
    policy_->train(was_training);
    if (evaluations.empty()) return std::nullopt;
    return eval::means(evaluations.front()).expected_score;
  }

  int64_t num_cells() const override { return std::ssize(plan_.periods) * std::ssize(plan_.seats); }

 private:
  std::shared_ptr<policy::Policy> policy_;
  Threads threads_;  // of the market, which gives the same for any number; 0: one a processor
  eval::EvaluationPlan plan_;
  eval::PolicyBidderOptions options_;
  bool has_reserves_ = false;
};

}  // namespace

std::unique_ptr<train::Judge> make_judge(const TrainRunConfig& config, std::shared_ptr<policy::Policy> policy,
                                         const policy::CheckpointInfo& info) {
  if (config.select.every == 0) return nullptr;
  return std::make_unique<MarketJudge>(config, std::move(policy), info);
}

}  // namespace genbid::runs
