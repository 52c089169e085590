#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "bidding/state_features.h"

// B cells, C = 2 constraint values (budget, CPA limit), S features.

namespace genbid::softmarket {

// bidding/tick_history.h's TickMeans and sums of a tick, of cells side by side: B1, f32.
struct ObservedTick {
  at::Tensor bid;                   // mean over impressions, money
  at::Tensor least_winning_cost;    // likewise
  at::Tensor pvalue;                // likewise
  at::Tensor conversion;            // conversions an impression
  at::Tensor win;                   // slots an impression
  at::Tensor num_pv;                // impressions
  at::Tensor cost;                  // money
  at::Tensor expected_conversions;  // p-values of exposed impressions
  at::Tensor conversions;           // realised or what stands for them
};

// What is known of days so far, and the states made of it: bidding/state_features.h and tick_history.h for tensors,
// which gradients pass through. Whoever changes the one changes the other; tests/softmarket holds them together.
class ObservedDays {
 public:
  ObservedDays(FeatureSet set, const at::Tensor& constraint_BC, int64_t ticks);

  // The features of tick number num_ticks(), which is about to start: state_features().
  at::Tensor states_BS(const at::Tensor& num_pv_B1, const at::Tensor& mean_pvalue_B1,
                       const at::Tensor& remaining_budget_B1) const;
  void append(const ObservedTick& tick);

  int64_t num_ticks() const { return num_ticks_; }
  // Sums of the ticks so far.
  const at::Tensor& cost_B1() const { return cost_; }
  const at::Tensor& expected_conversions_B1() const { return expected_conversions_; }
  const at::Tensor& conversions_B1() const { return conversions_; }

 private:
  FeatureSet set_;
  int64_t ticks_;
  int64_t num_ticks_ = 0;
  at::Tensor budget_, cpa_limit_;  // B1
  at::Tensor log_budget_, log_limit_;
  at::Tensor sum_B6_;                // bid, least winning cost, pvalue, conversion, win, num_pv
  std::vector<at::Tensor> past_B6_;  // by tick
  at::Tensor cost_, expected_conversions_, conversions_;
};

}  // namespace genbid::softmarket
