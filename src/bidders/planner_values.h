#pragma once

#include <cstddef>
#include <vector>

#include "bidders/planner_forecast.h"
#include "bidders/planner_score.h"

namespace genbid::bidders {

// What a day is worth by its expected conversions and its cost: the expected score; or, to who is strict, the
// conversions of a day within the CPA limit, and a loss for one beyond it. A strict day counts as beyond the limit with
// a chance that rises from 0 to 1 around it, because the last tick never brings quite what was expected.
class DayWorth {
 public:
  explicit DayWorth(double cpa_limit) : cpa_limit_(static_cast<float>(cpa_limit)) {}
  DayWorth(double cpa_limit, double loss)
      : cpa_limit_(static_cast<float>(cpa_limit)), strict_(true), loss_(static_cast<float>(loss)) {}

  float operator()(float value, float cost) const {
    if (!strict_) return scores_->score(value, cost / cpa_limit_);
    const float chance = beyond(value, cost);
    return value - chance * (value + loss_);
  }
  // The chance of being beyond the limit.
  float beyond(float value, float cost) const;

  float cpa_limit() const { return cpa_limit_; }
  bool strict() const { return strict_; }

 private:
  const ScoreTable* scores_ = &ScoreTable::shared();
  float cpa_limit_;
  bool strict_ = false;
  float loss_ = 0.0F;
};

// What it is worth to have reached the beginning of a stage with so much value and cost, if the rest is played as well
// as can be by who knows, of each stage, only when it begins what it is like: the mean over futures of the best alpha
// of the stage and of what the position behind it is worth, from the last stage back to the first (dynamic programming
// on a grid of positions). Budgets are of money: a bid that would cost more than is left brings the share that is paid.
//
// Memory is 4.4 KB a stage, and twice that where the worth is strict.
class PlannerValues {
 public:
  PlannerValues(const PlannerForecast& forecast, const DayWorth& worth, double budget, double volume);

  // What a position is worth at the beginning of stage `index`, or at the end of the day.
  float worth(size_t index, float value, float cost) const;
  // The chance, at such a position, that the day ends beyond the CPA limit, played as it is here. Only where the worth
  // is strict.
  float beyond(size_t index, float value, float cost) const;
  // The chance at the beginning of the day that it ends beyond the CPA limit. Only where the worth is strict.
  double beyond() const { return beyond_.front()[kNoSlack]; }

 private:
  // A position by its cost and its slack: what its value may cost within the CPA limit, less what it has cost.
  static constexpr size_t kSlacks = 44;
  static constexpr size_t kNoSlack = 13;
  static constexpr size_t kCosts = 25;
  using Table = std::vector<float>;  // [kCosts][kSlacks]
  // On the grid, between its points, and the value that lies beyond it.
  struct Place {
    float x, y;
    float more_value;
  };

  float slack_at(size_t i) const;  // in budgets
  float cost_at(size_t k) const;
  void fill(size_t index, const PlannerForecast::Curves& curves, size_t num_futures);
  void fill_position(size_t index, size_t position, const PlannerForecast::Curves& curves, size_t num_futures);
  Place place(float value, float cost) const;
  float later(size_t index, float value, float cost) const;
  float linear(const Table& table, const Place& place) const;
  float smooth(const Table& table, const Place& place) const;

  DayWorth worth_;
  float budget_;
  size_t num_stages_;
  std::vector<Table> tables_;  // by stage
  std::vector<Table> beyond_;  // by stage; none unless the worth is strict
};

}  // namespace genbid::bidders
