#include "bidders/planner_values.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/convert.h"

namespace genbid::bidders {
namespace {

constexpr size_t kAlphas = PlannerForecast::kAlphas;
constexpr size_t kFirstAlpha = 8;  // the first that a stage is tried with, and the step to the next
constexpr size_t kAlphaStep = 2;
// The slack x steps from 0 is kNear x + kFar x |x| budgets: slacks lie close together where
// the CPA limit is decided, and reach from -1, a budget spent for nothing, to 5.
constexpr float kNear = 0.012F;
constexpr float kFar = 0.005F;

float steps_of(float slack) {
  const float steps = (std::sqrt(kNear * kNear + 4.0F * kFar * std::abs(slack)) - kNear) / (2.0F * kFar);
  return slack < 0.0F ? -steps : steps;
}

std::array<float, 4> cubic(float u) {
  return {0.5F * u * (u * (2.0F - u) - 1.0F), 0.5F * (u * u * (3.0F * u - 5.0F) + 2.0F),
          0.5F * u * (u * (4.0F - 3.0F * u) + 1.0F), 0.5F * u * u * (u - 1.0F)};
}

}  // namespace

float DayWorth::beyond(float value, float cost) const {
  constexpr float kWidth = 0.01F;  // of the logarithm of the CPA
  if (!(cost > 0.0F)) return 0.0F;
  if (!(value > 0.0F)) return 1.0F;
  const float distance = (cost / (value * cpa_limit_) - 1.0F) / kWidth;
  if (distance < -4.0F) return 0.0F;
  if (distance > 4.0F) return 1.0F;
  return 0.5F * std::erfc(-distance / std::sqrt(2.0F));
}

PlannerValues::PlannerValues(const PlannerForecast& forecast, const DayWorth& worth, double budget, double volume)
    : worth_(worth),
      budget_(as_float(budget)),
      num_stages_(forecast.stages().size() - 1),
      tables_(num_stages_),
      beyond_(worth.strict() ? num_stages_ : 0) {
  PlannerForecast::Curves curves;
  for (size_t index = num_stages_; index-- > 0;) {
    forecast.stage(index, volume, PlannerForecast::lowest_alpha(as_double(worth.cpa_limit())), curves);
    fill(index, curves, forecast.num_futures());
  }
}

float PlannerValues::slack_at(size_t i) const {
  const float x = as_float(i) - as_float(kNoSlack);
  return x * (kNear + kFar * std::abs(x));
}

float PlannerValues::cost_at(size_t k) const { return budget_ * as_float(k) / as_float(kCosts - 1); }

void PlannerValues::fill(size_t index, const PlannerForecast::Curves& curves, size_t num_futures) {
  tables_[index].assign(kCosts * kSlacks, 0.0F);
  if (worth_.strict()) beyond_[index].assign(kCosts * kSlacks, 0.0F);
  // The day begins at one position alone.
  const size_t first = index == 0 ? kNoSlack : 0;
  const size_t end = index == 0 ? kNoSlack + 1 : kCosts * kSlacks;
  for (size_t position = first; position < end; ++position) fill_position(index, position, curves, num_futures);
}

void PlannerValues::fill_position(size_t index, size_t position, const PlannerForecast::Curves& curves,
                                  size_t num_futures) {
  const float cost_before = cost_at(position / kSlacks);
  const float value_before =
      std::max(0.0F, (cost_before + slack_at(position % kSlacks) * budget_) / worth_.cpa_limit());
  const float left = budget_ - cost_before;
  const bool last = index + 1 == num_stages_;
  float sum = 0.0F;
  float sum_beyond = 0.0F;
  for (size_t f = 0; f < num_futures; ++f) {
    const float* const value = &curves.value[f * kAlphas];
    const float* const cost = &curves.cost[f * kAlphas];
    float best = 0.0F;
    float value_then = value_before;
    float cost_then = cost_before;
    for (size_t j = kFirstAlpha; j < kAlphas; j += kAlphaStep) {
      const bool ends = cost[j] > left;
      const float share = ends ? left / cost[j] : 1.0F;
      const float value_after = value_before + share * value[j];
      const float cost_after = cost_before + share * cost[j];
      const float found = last ? worth_(value_after, cost_after) : later(index + 1, value_after, cost_after);
      if (j == kFirstAlpha || found > best) {
        best = found;
        value_then = value_after;
        cost_then = cost_after;
      }
      if (ends) break;
    }
    sum += best;
    if (worth_.strict()) {
      sum_beyond += beyond(index + 1, value_then, cost_then);
    }
  }
  tables_[index][position] = sum / as_float(num_futures);
  if (worth_.strict()) beyond_[index][position] = sum_beyond / as_float(num_futures);
}

float PlannerValues::later(size_t index, float value, float cost) const {
  const Place at = place(value, cost);
  return linear(tables_[index], at) + std::max(0.0F, at.more_value);
}

PlannerValues::Place PlannerValues::place(float value, float cost) const {
  const float slack = (value * worth_.cpa_limit() - cost) / budget_;
  const float within = std::clamp(slack, slack_at(0), slack_at(kSlacks - 1));
  return {std::clamp(steps_of(within) + as_float(kNoSlack), 0.0F, as_float(kSlacks - 1)),
          std::clamp(cost / budget_, 0.0F, 1.0F) * as_float(kCosts - 1),
          (slack - within) * budget_ / worth_.cpa_limit()};
}

float PlannerValues::linear(const Table& table, const Place& place) const {
  const size_t i = std::min(static_cast<size_t>(place.x), kSlacks - 2);
  const size_t k = std::min(static_cast<size_t>(place.y), kCosts - 2);
  const float along = place.x - as_float(i);
  const float across = place.y - as_float(k);
  const float* const low = &table[k * kSlacks + i];
  const float* const high = low + kSlacks;
  return (1.0F - across) * (low[0] + along * (low[1] - low[0])) + across * (high[0] + along * (high[1] - high[0]));
}

// Without the kinks of the linear one, which decisions would cling to.
float PlannerValues::smooth(const Table& table, const Place& place) const {
  const auto i = static_cast<size_t>(place.x);
  if (i < 1 || i > kSlacks - 3) return linear(table, place);
  const size_t k = std::min(static_cast<size_t>(place.y), kCosts - 2);
  const std::array<float, 4> along = cubic(place.x - as_float(i));
  const std::array<float, 4> across = cubic(place.y - as_float(k));
  const auto row = [&](size_t at) {
    const float* const p = &table[at * kSlacks + i - 1];
    return along[0] * p[0] + along[1] * p[1] + along[2] * p[2] + along[3] * p[3];
  };
  // Rows beyond the grid go on straight.
  const float first = k > 0 ? row(k - 1) : 2.0F * row(0) - row(1);
  const float last = k + 2 < kCosts ? row(k + 2) : 2.0F * row(kCosts - 1) - row(kCosts - 2);
  return across[0] * first + across[1] * row(k) + across[2] * row(k + 1) + across[3] * last;
}

float PlannerValues::beyond(size_t index, float value, float cost) const {
  return index == num_stages_ ? worth_.beyond(value, cost) : linear(beyond_[index], place(value, cost));
}

float PlannerValues::worth(size_t index, float value, float cost) const {
  if (index == num_stages_) return worth_(value, cost);
  const Place at = place(value, cost);
  return smooth(tables_[index], at) + std::max(0.0F, at.more_value);
}

}  // namespace genbid::bidders
