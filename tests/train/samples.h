#pragma once

#include <ATen/ATen.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include <string>
#include <vector>

#include "policy/policy.h"
#include "train/dataset.h"

namespace genbid::test {

inline constexpr size_t kBudgetLeft = 1;

// Trajectories with two features (time left, budget left): `lengths[i]` ticks until the budget is gone, then a done
// tail up to `ticks`. Period 7 for the first half, 8 for the second. Tick t of trajectory i: action 10 i + t,
// reward_continuous 1, reward 2, cost 10.
inline train::LoadedStore small_store(const std::vector<int64_t>& lengths, int64_t ticks) {
  train::LoadedStore store;
  store.path = "small.h5";
  store.info.ticks = ticks;
  store.info.seats = 48;
  store.info.feature_set = "auctionnet16";
  store.info.features = {"time_left", "budget_left"};
  data::TrajectoryColumns& c = store.columns;
  for (size_t i = 0; i < lengths.size(); ++i) {
    const double budget = 100.0;
    c.period.push_back(i < (lengths.size() + 1) / 2 ? 7 : 8);
    c.advertiser.push_back(static_cast<int32_t>(i));
    c.category.push_back(0);
    c.budget.push_back(budget);
    c.cpa.push_back(20.0);  // par: 5 conversions
    c.cost.push_back(10.0 * static_cast<double>(lengths[i]));
    c.conversions.push_back(2.0 * static_cast<double>(lengths[i]));
    c.first_row.push_back(c.num_rows());
    for (int64_t t = 0; t < ticks; ++t) {
      const bool live = t < lengths[i];
      c.tick.push_back(static_cast<int32_t>(t));
      c.state.push_back(1.0F - static_cast<float>(t) / static_cast<float>(ticks));
      c.state.push_back(static_cast<float>(1.0 - 10.0 * static_cast<double>(std::min(t, lengths[i])) / budget));
      c.action.push_back(live ? static_cast<float>(10 * i) + static_cast<float>(t) : 0.0F);
      c.reward_continuous.push_back(live ? 1.0F : 0.0F);
      c.reward.push_back(live ? 2.0F : 0.0F);
      c.done.push_back(t + 1 >= lengths[i] ? 1 : 0);
    }
  }
  return store;
}

// Linear in the state, with dropout-like noise in training, so that noise streams matter.
class LinearPolicy : public policy::Policy {
 public:
  LinearPolicy() : layer_(register_module("layer", torch::nn::Linear(2, 1))) {}
  void fit(const policy::TrainingColumns&) override {}
  int64_t window() const override { return 3; }
  std::vector<policy::LossPart> losses(const policy::Step& step, size_t /*group*/,
                                       const policy::Batch& batch) override {
    if (step.index + 1 == poison_at_)
      return {{"action", layer_->weight.sum() * std::numeric_limits<float>::quiet_NaN()}};
    const at::Tensor predicted = layer_(batch.seen.states_BTS);
    return {{"action", error_of(predicted * at::empty_like(predicted).bernoulli_(0.9, step.noise), batch)}};
  }
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& batch, at::Generator&) override {
    return {{"action", error_of(layer_(batch.seen.states_BTS), batch)}};
  }
  policy::Action act(const policy::Ticks& history, const at::Tensor&, const at::Tensor&,
                     const std::vector<at::Tensor>&) override {
    return {layer_(history.states_BTS.select(1, 0)).clamp_min(0.0) * 10.0};
  }
  void poison(int64_t step) { poison_at_ = step; }

 private:
  static at::Tensor error_of(const at::Tensor& predicted_BTA, const policy::Batch& batch) {
    const at::Tensor error = (predicted_BTA - batch.label_BTA / 10.0).square().squeeze(-1);
    return (error * batch.seen.mask_BT).sum() / batch.seen.mask_BT.sum();
  }

  torch::nn::Linear layer_;
  int64_t poison_at_ = -1;
};

}  // namespace genbid::test
