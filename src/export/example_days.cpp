#include "export/example_days.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "export/trace.h"

namespace genbid::exporting {
namespace {

// Rows of which something is extreme; those behind them are ordinary.
enum Row : int64_t { kNoTraffic, kNothingWon, kAllForNothing, kNoMoney, kEndlessMoney };

constexpr double kUsualAlpha = 80.0;  // the market's price of a conversion, about

double between(double low, double high, float share) { return low + (high - low) * as_double(share); }

}  // namespace

ExampleDays::ExampleDays(const policy::Policy& policy, const SeenOptions& seen, int64_t ticks, int64_t rows,
                         int64_t seed)
    : rows_(rows),
      ticks_(ticks),
      noise_size_(policy.noise_size()),
      draws_(static_cast<uint64_t>(seed), "export.examples"),
      noise_(seed),
      observation_(seen, served_window(policy)),
      wishes_BO_(at::zeros({rows, kNumOutcomes})),
      campaigns_(to_size(rows)) {
  const Wishes wishes = policy.wishes();
  for (int64_t row = 0; row < rows_; ++row) {
    const auto bits = draws_.bits(static_cast<uint32_t>(row));
    Advertiser& advertiser = campaigns_[to_size(row)].advertiser;
    advertiser.budget = between(500.0, 5000.0, uniform_float(bits[0]));
    if (row == kNoMoney) advertiser.budget = 1e-3;
    if (row == kEndlessMoney) advertiser.budget = 1e9;
    advertiser.cpa_limit = between(60.0, 130.0, uniform_float(bits[1]));
    advertiser.category = static_cast<int>(row % 6);
    for (const auto& [outcome, usual] : wishes) {
      const double asked = usual * between(0.7, 1.3, uniform_float(bits[2]));
      wishes_BO_[row][static_cast<int64_t>(index_of(outcome))].fill_(row % 2 == 0 ? usual : asked);
    }
  }
  observation_.reset(rows_, ticks_);
  begin_tick();
}

void ExampleDays::begin_tick() {
  for (int64_t row = 0; row < rows_; ++row) {
    const auto bits = draws_.bits(static_cast<uint32_t>(row), static_cast<uint32_t>(tick_), 1);
    Campaign& one = campaigns_[to_size(row)];
    one.now.tick = static_cast<int>(tick_);
    one.now.num_pv = static_cast<int64_t>(between(5000.0, 15000.0, uniform_float(bits[0])));
    one.now.mean_pvalue = between(2e-4, 1e-3, uniform_float(bits[1]));
    if (row == kNoTraffic) {
      one.now.num_pv = 0;
      one.now.mean_pvalue = 0.0;
    }
    one.now.remaining_budget = std::max(0.0, one.advertiser.budget - one.history.cost());
  }
  observation_.observe(0, tick_, views());
}

std::vector<SeatView> ExampleDays::views() const {
  std::vector<SeatView> views(campaigns_.size());
  for (size_t row = 0; row < campaigns_.size(); ++row) {
    const Campaign& one = campaigns_[row];
    views[row].seat = static_cast<int>(row);
    views[row].advertiser = &one.advertiser;
    views[row].history = &one.history;
    views[row].last = tick_ > 0 ? &one.last : nullptr;
    views[row].now = one.now;
    views[row].num_ticks = static_cast<int>(ticks_);
  }
  return views;
}

policy::Ticks ExampleDays::history() { return observation_.history(0, rows_, tick_); }

at::Tensor ExampleDays::noise_BN() const {
  const at::Tensor noise_BN = at::zeros({rows_, noise_size_});
  auto* const noise = noise_BN.mutable_data_ptr<float>();
  for (int64_t row = 0; row < rows_; ++row) {
    noise_.numbers(1, static_cast<int>(row), tick_, {noise + row * noise_size_, to_size(noise_size_)});
  }
  return noise_BN;
}

// Not a market: the higher a bid, the more it wins and the more it pays, and that with some chance.
void ExampleDays::bid(const at::Tensor& coefficients_BA) {
  const at::Tensor alpha_B = coefficients_BA.select(1, 0).to(at::kDouble).contiguous();
  for (int64_t row = 0; row < rows_; ++row) {
    const auto bits = draws_.bits(static_cast<uint32_t>(row), static_cast<uint32_t>(tick_), 2);
    Campaign& one = campaigns_[to_size(row)];
    const double alpha = std::clamp(alpha_B.const_data_ptr<double>()[row], 0.0, 1e4);
    const auto num_pv = as_double(one.now.num_pv);
    double share = 0.3 * alpha / (alpha + kUsualAlpha) * between(0.5, 1.5, uniform_float(bits[0]));
    if (row == kNothingWon) share = 0.0;
    if (row == kAllForNothing) share = 1.0;
    one.last = TickOutcome();
    one.last.sum_pvalue = num_pv * one.now.mean_pvalue;
    one.last.sum_bid = alpha * one.last.sum_pvalue;
    one.last.mean_least_winning_cost = kUsualAlpha * one.now.mean_pvalue;
    one.last.num_wins = static_cast<int64_t>(share * num_pv);
    one.last.num_exposed = one.last.num_wins * 3 / 4;
    one.last.sum_pvalue_exposed = 0.75 * share * one.last.sum_pvalue;
    one.last.num_conversions = static_cast<int64_t>(one.last.sum_pvalue_exposed + as_double(uniform_float(bits[1])));
    const double price = std::min(alpha, kUsualAlpha) * one.last.sum_pvalue_exposed;
    one.last.cost = row == kAllForNothing ? 0.0 : std::min(price, one.now.remaining_budget);
    one.history.append(tick_means(one.now, one.last), one.last.cost, one.last.sum_pvalue_exposed,
                       as_double(one.last.num_conversions));
  }
  ++tick_;
  if (!ended()) begin_tick();
}

}  // namespace genbid::exporting
