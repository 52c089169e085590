#include "softmarket/observed_days.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/convert.h"

namespace genbid::softmarket {
namespace {

constexpr int64_t kBid = 0;
constexpr int64_t kNumPv = 5;

at::Tensor column(const at::Tensor& x_BX, int64_t place) { return x_BX.slice(1, place, place + 1); }

}  // namespace

ObservedDays::ObservedDays(FeatureSet set, const at::Tensor& constraint_BC, int64_t ticks)
    : set_(set),
      ticks_(ticks),
      budget_(column(constraint_BC, 0)),
      cpa_limit_(column(constraint_BC, 1)),
      log_budget_(budget_.log()),
      log_limit_(cpa_limit_.log()),
      sum_B6_(at::zeros({constraint_BC.size(0), 6}, constraint_BC.options())),
      cost_(at::zeros_like(budget_)),
      expected_conversions_(cost_),
      conversions_(cost_) {}

void ObservedDays::append(const ObservedTick& tick) {
  past_B6_.push_back(
      at::cat({tick.bid, tick.least_winning_cost, tick.pvalue, tick.conversion, tick.win, tick.num_pv}, 1));
  sum_B6_ = sum_B6_ + past_B6_.back();
  cost_ = cost_ + tick.cost;
  expected_conversions_ = expected_conversions_ + tick.expected_conversions;
  conversions_ = conversions_ + tick.conversions;
  ++num_ticks_;
}

at::Tensor ObservedDays::states_BS(const at::Tensor& num_pv_B1, const at::Tensor& mean_pvalue_B1,
                                   const at::Tensor& remaining_budget_B1) const {
  const at::Tensor all_B6 = sum_B6_ / as_double(std::max<int64_t>(num_ticks_, 1));
  const int64_t num_recent = std::min<int64_t>(num_ticks_, 3);
  at::Tensor last_B6 = at::zeros_like(sum_B6_);  // sums over the last three
  for (int64_t k = 0; k < num_recent; ++k) last_B6 = last_B6 + at(past_B6_, num_ticks_ - num_recent + k);
  at::Tensor recent_B6 = last_B6;
  if (set_ == FeatureSet::kAuctionnet16Frozen) {
    recent_B6 = at::zeros_like(sum_B6_);
    for (int64_t k = 0; k < num_recent; ++k) recent_B6 = recent_B6 + at(past_B6_, k);
  }
  recent_B6 = recent_B6 / as_double(std::max<int64_t>(num_recent, 1));

  const at::Tensor time_left = at::full_like(budget_, as_double(ticks_ - num_ticks_) / as_double(ticks_));
  std::vector<at::Tensor> features = {time_left,
                                      remaining_budget_B1 / budget_,
                                      column(all_B6, kBid),
                                      column(recent_B6, kBid),
                                      all_B6.slice(1, kBid + 1, kNumPv),
                                      recent_B6.slice(1, kBid + 1, kNumPv),
                                      mean_pvalue_B1,
                                      num_pv_B1,
                                      column(last_B6, kNumPv),
                                      column(sum_B6_, kNumPv)};
  if (set_ == FeatureSet::kConstraint) {
    const at::Tensor h = budget_ / 100.0;
    const at::Tensor spent = cost_ + h;
    const at::Tensor won = cpa_limit_ * expected_conversions_;
    features.insert(
        features.end(),
        {log_budget_, log_limit_, cost_ / budget_ - as_double(num_ticks_) / as_double(ticks_),
         spent / (cost_ + won + 2.0 * h), spent / (cost_ + cpa_limit_ * conversions_ + 2.0 * h), won / budget_});
  }
  return at::cat(features, 1);
}

}  // namespace genbid::softmarket
