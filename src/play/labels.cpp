#include "play/labels.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/convert.h"

namespace genbid::play {
namespace {

// A coefficient that is negative bids nothing, and one that float32 cannot hold bids as much as any other such.
float asked_alpha(const market::SeatTick& seat) {
  const double alpha = seat.bid.value_squared == 0.0 ? seat.bid.value : effective_alpha(seat.outcome);
  return as_float(std::clamp(alpha, 0.0, as_double(std::numeric_limits<float>::max())));
}

}  // namespace

data::TrajectoryLabels labels_of(const oracle::Responses& day, int seat, const SeatHindsight& hindsight,
                                 const std::vector<oracle::DaySoFar>& days, std::vector<float> asked,
                                 double cpa_limit) {
  const oracle::DayPlan& plan = *hindsight.plan;
  const std::vector<double> constants = oracle::best_constants_of_rest(day, seat, days, cpa_limit);
  data::TrajectoryLabels labels;
  labels.best_constant = hindsight.optima.constant.alpha;
  labels.optimum = hindsight.optima.per_tick.score;
  labels.asked = std::move(asked);
  for (int tick = 0; tick < to_int(std::ssize(days)); ++tick) {
    const auto& [so_far, budget] = at(days, tick);
    const bool may_bid = budget >= kMinRemainingBudget;
    labels.best_rest.push_back(may_bid ? as_float(plan.now(tick, so_far, budget, cpa_limit).alpha) : 0.0F);
    labels.rest_constant.push_back(may_bid ? as_float(at(constants, tick)) : 0.0F);
    if (!may_bid) at(labels.asked, tick) = 0.0F;
  }
  return labels;
}

void LabelMaker::start(const market::Cell& cell) {
  cell_ = cell;
  sink_.reset();
  responses_.reset();  // its memory is free before that of the next day is taken
  responses_.emplace(responses_for(market_, cell_, false));
  sink_.emplace(*responses_, market_.threads());
  judged_.clear();
  for (const Advertiser& advertiser : cell_.advertisers) {
    judged_.push_back({to_int(judged_.size()), {advertiser.budget, advertiser.cpa_limit}});
  }
  so_far_.assign(judged_.size(), {});
  days_.assign(judged_.size(), {});
  asked_.assign(judged_.size(), {});
}

void LabelMaker::on_tick(int64_t /*cell*/, int /*tick*/, std::span<const market::SeatTick> seats) {
  for (size_t i = 0; i < seats.size(); ++i) {
    const market::SeatTick& seat = seats[i];
    days_[i].push_back({so_far_[i], seat.start.remaining_budget});
    asked_[i].push_back(seat.may_bid ? asked_alpha(seat) : 0.0F);
    so_far_[i].value += seat.outcome.sum_pvalue_exposed;
    so_far_[i].cost += seat.outcome.cost;
  }
}

void LabelMaker::on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) {
  sink_->on_ladder(cell, tick, ladder);
}

std::optional<std::vector<data::TrajectoryLabels>> LabelMaker::finish(const oracle::Record& again) {
  std::vector<data::TrajectoryLabels> labels(judged_.size());
  const auto judge = [&](const oracle::Responses& day) {
    return for_each_hindsight(day, judged_, market_.threads(), [&](size_t i, const SeatHindsight& hindsight) {
      labels[i] = labels_of(day, judged_[i].seat, hindsight, days_[i], asked_[i], cell_.advertisers[i].cpa_limit);
    });
  };
  const std::string where = "period " + std::to_string(cell_.period);
  if (!oracle::judge_fitted(*responses_, judged_, again, judge, where)) return std::nullopt;
  return labels;
}

}  // namespace genbid::play
