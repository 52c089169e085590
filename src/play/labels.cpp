#include "play/labels.h"

#include <algorithm>
#include <limits>

#include "base/convert.h"

namespace genbid::play {
namespace {

// A coefficient that is negative bids nothing, and one that float32 cannot hold bids as much as any other such.
float asked_alpha(const market::SeatTick& seat) {
  const double alpha = seat.bid.value_squared == 0.0 ? seat.bid.value : effective_alpha(seat.outcome);
  return as_float(std::clamp(alpha, 0.0, as_double(std::numeric_limits<float>::max())));
}

}  // namespace

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
  const auto judge = [&](const oracle::Responses& day) { return label_all(day, labels); };
  const std::string where = "period " + std::to_string(cell_.period);
  if (!oracle::judge_fitted(*responses_, judged_, again, judge, where)) return std::nullopt;
  return labels;
}

// Returns what units and grid of the day lack for one of the seats, if anything.
std::string LabelMaker::label_all(const oracle::Responses& day, std::vector<data::TrajectoryLabels>& labels) const {
  std::vector<std::string> lacks(labels.size());
  market_.threads().parallel_for(std::ssize(labels), 1, [&](int64_t begin, int64_t end) {
    for (auto i = to_size(begin); i < to_size(end); ++i) {
      const int seat = judged_[i].seat;
      const oracle::DayPlan plan(day, seat);
      const oracle::SeatOptima optima = oracle::seat_optima(day, seat, plan, cell_.advertisers[i]);
      lacks[i] = oracle::shortfall(day, judged_[i], plan, optima);
      if (!lacks[i].empty()) lacks[i] += " (seat " + std::to_string(seat) + ")";
      labels[i] = label(i, day, plan, optima);
    }
  });
  const auto first = std::find_if(lacks.begin(), lacks.end(), [](const std::string& one) { return !one.empty(); });
  return first == lacks.end() ? std::string() : *first;
}

data::TrajectoryLabels LabelMaker::label(size_t seat, const oracle::Responses& day, const oracle::DayPlan& plan,
                                         const oracle::SeatOptima& optima) const {
  const double limit = cell_.advertisers[seat].cpa_limit;
  const std::vector<double> constants = oracle::best_constants_of_rest(day, to_int(seat), days_[seat], limit);
  data::TrajectoryLabels labels;
  labels.best_constant = optima.constant.alpha;
  labels.optimum = optima.per_tick.score;
  labels.asked = asked_[seat];
  for (int tick = 0; tick < plan.num_ticks(); ++tick) {
    const auto& [so_far, budget] = at(days_[seat], tick);
    const bool may_bid = budget >= kMinRemainingBudget;
    labels.best_rest.push_back(may_bid ? as_float(plan.now(tick, so_far, budget, limit).alpha) : 0.0F);
    labels.rest_constant.push_back(may_bid ? as_float(at(constants, tick)) : 0.0F);
  }
  return labels;
}

}  // namespace genbid::play
