#include "data/raw_log_trajectories.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>

#include "base/convert.h"
#include "bidding/tick_history.h"

namespace genbid::data {
namespace {

using SeatValues = std::array<double, kMaxRawSeats>;

// Sums of a row of seats at a time, with Neumaier's compensation. The order is that of the impressions, so the
// result does not depend on blocks or threads.
class SeatSums {
 public:
  void add(size_t seat, double value) {
    const double total = sum_[seat] + value;
    const double larger = std::abs(sum_[seat]) >= std::abs(value) ? sum_[seat] : value;
    const double smaller = std::abs(sum_[seat]) >= std::abs(value) ? value : sum_[seat];
    rest_[seat] += (larger - total) + smaller;
    sum_[seat] = total;
  }
  double operator[](size_t seat) const { return sum_[seat] + rest_[seat]; }

 private:
  SeatValues sum_ = {};
  SeatValues rest_ = {};
};

struct Seat {
  RawHead head;
  std::vector<SeatTickSums> ticks;
};

double mean(double sum, int64_t count) { return count > 0 ? sum / as_double(count) : 0.0; }

// The sums of a column over the rows in which it is there; `missing` counts the others by seat.
SeatSums column_sums(const std::vector<double>& values, size_t num_seats, bool any_missing,
                     std::array<int64_t, kMaxRawSeats>& missing) {
  SeatSums sums;
  for (size_t row = 0; row < values.size(); row += num_seats) {
    for (size_t seat = 0; seat < num_seats; ++seat) {
      const double value = values[row + seat];
      if (any_missing && std::isnan(value)) {
        ++missing[seat];
      } else {
        sums.add(seat, value);
      }
    }
  }
  return sums;
}

}  // namespace

struct RawTrajectories::State {
  std::map<int64_t, std::vector<Seat>> periods;
};

RawTrajectories::RawTrajectories() : state_(std::make_unique<State>()) {}
RawTrajectories::~RawTrajectories() = default;
RawTrajectories::RawTrajectories(RawTrajectories&&) noexcept = default;
RawTrajectories& RawTrajectories::operator=(RawTrajectories&&) noexcept = default;

void RawTrajectories::clear() { state_->periods.clear(); }

void RawTrajectories::add(const RawTick& tick) {
  const auto n = to_size(tick.num_seats());
  std::vector<Seat>& seats = state_->periods[tick.period];
  if (seats.empty()) {
    for (const RawHead& head : tick.heads) seats.push_back({head, {}});
  }

  const bool any_missing = tick.num_missing > 0;
  std::array<int64_t, kMaxRawSeats> no_pvalue = {};
  std::array<int64_t, kMaxRawSeats> no_bid = {};
  const SeatSums pvalue = column_sums(tick.pvalue, n, any_missing, no_pvalue);
  const SeatSums bid = column_sums(tick.bid, n, any_missing, no_bid);

  // Few rows are exposed, so one loop with branches sums up what only these have.
  SeatSums cost, pvalue_exposed, price;
  std::array<int64_t, kMaxRawSeats> wins = {}, conversions = {}, converted_exposed = {};
  std::array<int64_t, kMaxRawSeats> no_win = {}, no_conversion = {}, no_price = {};
  for (size_t pv = 0; pv < to_size(tick.num_pv); ++pv) {
    const double lwc = tick.least_winning_cost[pv];
    const bool have_price = !std::isnan(lwc);
    for (size_t seat = 0; seat < n; ++seat) {
      const size_t row = pv * n + seat;
      const uint8_t flags = tick.flags[row];
      if ((flags & kRawPriceMissing) != 0) {
        ++no_price[seat];
      } else if (have_price) {
        price.add(seat, lwc);
      }
      if (flags == 0) continue;
      wins[seat] += (flags & kRawWon) != 0 ? 1 : 0;
      conversions[seat] += (flags & kRawConversion) != 0 ? 1 : 0;
      no_win[seat] += (flags & kRawWonMissing) != 0 ? 1 : 0;
      no_conversion[seat] += (flags & kRawConversionMissing) != 0 ? 1 : 0;
      if ((flags & kRawExposed) == 0) continue;
      converted_exposed[seat] += (flags & kRawConversion) != 0 ? 1 : 0;
      if (!std::isnan(tick.cost[row])) cost.add(seat, tick.cost[row]);
      if (!std::isnan(tick.pvalue[row])) pvalue_exposed.add(seat, tick.pvalue[row]);
    }
  }

  for (size_t seat = 0; seat < n; ++seat) {
    SeatTickSums out;
    out.remaining_budget = std::isnan(tick.heads[seat].remaining_budget) ? 0.0 : tick.heads[seat].remaining_budget;
    out.is_end = tick.heads[seat].is_end != 0;
    out.means.bid = mean(bid[seat], tick.num_pv - no_bid[seat]);
    out.means.least_winning_cost = mean(price[seat], tick.num_pv - no_price[seat]);
    out.means.pvalue = mean(pvalue[seat], tick.num_pv - no_pvalue[seat]);
    out.means.conversion = mean(as_double(conversions[seat]), tick.num_pv - no_conversion[seat]);
    out.means.win = mean(as_double(wins[seat]), tick.num_pv - no_win[seat]);
    out.means.num_pv = as_double(tick.num_pv);
    TickOutcome outcome;
    outcome.sum_bid = bid[seat];
    outcome.sum_pvalue = pvalue[seat];
    out.action = effective_alpha(outcome);
    out.reward = as_double(converted_exposed[seat]);
    out.reward_continuous = pvalue_exposed[seat];
    out.cost = cost[seat];
    out.conversions = as_double(conversions[seat]);
    seats[seat].ticks.push_back(out);
  }
}

std::vector<RawTrajectory> RawTrajectories::finish(FeatureSet features, int num_ticks) const {
  std::vector<RawTrajectory> all;
  for (const auto& [period, seats] : state_->periods) {
    for (const Seat& seat : seats) {
      const TrajectoryHead head = {
          period, seat.head.advertiser, seat.head.category, seat.head.budget, seat.head.cpa, 0.0, 0.0};
      all.push_back(make_trajectory(head, seat.ticks, features, num_ticks));
    }
  }
  return all;
}

RawTrajectory make_trajectory(const TrajectoryHead& head, std::span<const SeatTickSums> ticks, FeatureSet features,
                              int num_ticks) {
  const size_t width = feature_names(features).size();
  RawTrajectory t;
  const Advertiser advertiser{head.budget, head.cpa, head.category};
  t.head = head;
  t.head.cost = 0.0;
  t.head.conversions = 0.0;
  t.done_by_end_flag = ticks.back().is_end;
  t.state.resize(ticks.size() * width);
  TickHistory history;
  for (size_t k = 0; k < ticks.size(); ++k) {
    const SeatTickSums& tick = ticks[k];
    TickStart start;
    start.tick = to_int(k);
    start.num_pv = std::llround(tick.means.num_pv);
    start.mean_pvalue = tick.means.pvalue;
    start.remaining_budget = tick.remaining_budget;
    state_features(features, advertiser, history, start, std::span(t.state).subspan(k * width, width), num_ticks);
    history.append(tick.means, tick.cost, tick.reward_continuous, tick.reward);
    t.head.cost += tick.cost;
    t.head.conversions += tick.conversions;
    t.action.push_back(tick.action);
    t.reward.push_back(tick.reward);
    t.reward_continuous.push_back(tick.reward_continuous);
    t.done.push_back(to_int(k) == num_ticks - 1 || tick.is_end ? 1 : 0);
  }
  return t;
}

Trajectory RawTrajectory::stored() const {
  Trajectory t;
  t.head = head;
  t.num_ticks = to_int(action.size());
  t.state.assign(state.begin(), state.end());
  t.action.assign(action.begin(), action.end());
  t.reward.assign(reward.begin(), reward.end());
  t.reward_continuous.assign(reward_continuous.begin(), reward_continuous.end());
  t.done = done;
  return t;
}

}  // namespace genbid::data
