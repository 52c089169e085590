#include "bidders/planner_values.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/convert.h"

namespace genbid::bidders {
namespace {

constexpr size_t kAlphas = PlannerForecast::kAlphas;
constexpr size_t kFirstAlpha = 8;  // of those that a stage is tried with, and its step
constexpr size_t kAlphaStep = 2;
constexpr float kMostPar = 6.0F;  // values of the grid, in budget / CPA limit

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
      most_value_(kMostPar * as_float(budget) / worth.cpa_limit()),
      num_stages_(forecast.stages().size() - 1),
      tables_(num_stages_),
      beyond_(worth.strict() ? num_stages_ : 0) {
  PlannerForecast::Curves curves;
  for (size_t index = num_stages_; index-- > 0;) {
    forecast.stage(index, volume, PlannerForecast::lowest_alpha(as_double(worth.cpa_limit())), curves);
    fill(index, curves, forecast.num_futures());
  }
}

// Values lie closer together near 0, where days begin.
float PlannerValues::value_at(size_t i) const {
  const float root = as_float(i) / as_float(kValues - 1);
  return most_value_ * root * root;
}

float PlannerValues::cost_at(size_t k) const { return budget_ * as_float(k) / as_float(kCosts - 1); }

void PlannerValues::fill(size_t index, const PlannerForecast::Curves& curves, size_t num_futures) {
  // The day begins at one position alone.
  const size_t positions = index == 0 ? 1 : kCosts * kValues;
  tables_[index].assign(kCosts * kValues, 0.0F);
  if (worth_.strict()) beyond_[index].assign(kCosts * kValues, 0.0F);
  for (size_t position = 0; position < positions; ++position) fill_position(index, position, curves, num_futures);
}

void PlannerValues::fill_position(size_t index, size_t position, const PlannerForecast::Curves& curves,
                                  size_t num_futures) {
  const float value_before = value_at(position % kValues);
  const float cost_before = cost_at(position / kValues);
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
      const float found = last ? worth_(value_after, cost_after) : linear(tables_[index + 1], value_after, cost_after);
      if (j == kFirstAlpha || found > best) {
        best = found;
        value_then = value_after;
        cost_then = cost_after;
      }
      if (ends) break;
    }
    sum += best;
    if (worth_.strict()) {
      sum_beyond += last ? worth_.beyond(value_then, cost_then) : linear(beyond_[index + 1], value_then, cost_then);
    }
  }
  tables_[index][position] = sum / as_float(num_futures);
  if (worth_.strict()) beyond_[index][position] = sum_beyond / as_float(num_futures);
}

float PlannerValues::linear(const Table& table, float value, float cost) const {
  const float within = std::clamp(value, 0.0F, most_value_);
  const float x = std::sqrt(within / most_value_) * as_float(kValues - 1);
  const float y = std::clamp(cost / budget_, 0.0F, 1.0F) * as_float(kCosts - 1);
  const size_t i = std::min(static_cast<size_t>(x), kValues - 2);
  const size_t k = std::min(static_cast<size_t>(y), kCosts - 2);
  const float along = (within - value_at(i)) / (value_at(i + 1) - value_at(i));
  const float across = y - as_float(k);
  const float* const low = &table[k * kValues + i];
  const float* const high = low + kValues;
  return std::max(0.0F, value - most_value_) + (1.0F - across) * (low[0] + along * (low[1] - low[0])) +
         across * (high[0] + along * (high[1] - high[0]));
}

// Without the kinks of the linear one, which decisions would cling to.
float PlannerValues::smooth(const Table& table, float value, float cost) const {
  const float x = std::sqrt(std::clamp(value / most_value_, 0.0F, 1.0F)) * as_float(kValues - 1);
  const auto i = static_cast<size_t>(x);
  if (i < 1 || i > kValues - 3) return linear(table, value, cost);
  const float y = std::clamp(cost / budget_, 0.0F, 1.0F) * as_float(kCosts - 1);
  const size_t k = std::min(static_cast<size_t>(y), kCosts - 2);
  const std::array<float, 4> along = cubic(x - as_float(i));
  const std::array<float, 4> across = cubic(y - as_float(k));
  const auto row = [&](size_t at) {
    const float* const p = &table[at * kValues + i - 1];
    return along[0] * p[0] + along[1] * p[1] + along[2] * p[2] + along[3] * p[3];
  };
  // Rows beyond the grid go on straight.
  const float first = k > 0 ? row(k - 1) : 2.0F * row(0) - row(1);
  const float last = k + 2 < kCosts ? row(k + 2) : 2.0F * row(kCosts - 1) - row(kCosts - 2);
  return across[0] * first + across[1] * row(k) + across[2] * row(k + 1) + across[3] * last;
}

float PlannerValues::worth(size_t index, float value, float cost) const {
  return index == num_stages_ ? worth_(value, cost) : smooth(tables_[index], value, cost);
}

}  // namespace genbid::bidders
