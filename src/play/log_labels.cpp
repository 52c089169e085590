#include "play/log_labels.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "bidding/state_features.h"
#include "data/market_log.h"
#include "oracle/fit.h"
#include "oracle/responses.h"
#include "play/hindsight.h"
#include "play/labels.h"
#include "play/log_blocks.h"

namespace genbid::play {
namespace {

// Where the day of a trajectory stood at the beginning of each of its ticks.
std::vector<oracle::DaySoFar> days_so_far(const data::Trajectory& trajectory) {
  const size_t num_features = trajectory.state.size() / to_size(trajectory.num_ticks);
  std::vector<oracle::DaySoFar> days;
  oracle::Point so_far;
  for (size_t tick = 0; tick < to_size(trajectory.num_ticks); ++tick) {
    const double left = as_double(trajectory.state[tick * num_features + kFeatureBudgetLeft]);
    const double remaining = std::max(0.0, trajectory.head.budget * left);
    so_far.cost = trajectory.head.budget - remaining;
    days.push_back({so_far, remaining});
    so_far.value += as_double(trajectory.reward_continuous[tick]);
  }
  return days;
}

class PeriodLabels {
 public:
  PeriodLabels(const data::MarketLog& log, int64_t period, Threads& threads)
      : log_(log), period_(log.period(period)), num_seats_(to_int(log.info().seats)), threads_(threads) {}

  // `places`: of the period's trajectories. False if a stop was asked for.
  bool make(std::span<const data::Trajectory> trajectories, const std::vector<size_t>& places,
            std::vector<data::TrajectoryLabels>& labels) {
    std::vector<oracle::Judged> judged;
    std::vector<Advertiser> campaigns;
    for (const size_t place : places) {
      const data::TrajectoryHead& head = trajectories[place].head;
      judged.push_back({seat_of(head.advertiser), {head.budget, head.cpa}});
      campaigns.push_back({head.budget, head.cpa});
    }
    oracle::Responses first = responses_for({}, campaigns, num_seats_, to_int(log_.info().ticks), /*slots=*/false);
    const oracle::Record record = [this](oracle::Responses& day) { return fill(day); };
    if (!record(first)) return false;
    const auto judge = [&](const oracle::Responses& day) {
      return for_each_hindsight(day, judged, threads_, [&](size_t i, const SeatHindsight& hindsight) {
        const data::Trajectory& trajectory = trajectories[places[i]];
        labels[places[i]] =
            labels_of(day, judged[i].seat, hindsight, days_so_far(trajectory), trajectory.action, trajectory.head.cpa);
      });
    };
    return oracle::judge_fitted(first, judged, record, judge, "period " + std::to_string(period_.period));
  }

 private:
  int seat_of(int64_t advertiser) const {
    const auto found = std::find(period_.advertiser.begin(), period_.advertiser.end(), advertiser);
    if (found != period_.advertiser.end()) return to_int(found - period_.advertiser.begin());
    throw Error("period " + std::to_string(period_.period) + ": the market log has no advertiser " +
                std::to_string(advertiser));
  }

  bool fill(oracle::Responses& day) {
    day.clear();
    for (int tick = 0; tick < to_int(log_.info().ticks); ++tick) {
      if (stop_signal::requested()) return false;
      log_.read_tick(period_, tick, tick_);
      blocks_.set_bids(tick_, num_seats_);
      threads_.parallel_for(num_seats_, 4, [&](int64_t begin, int64_t end) {
        day.add(tick, blocks_.blocks(), to_int(begin), to_int(end));
      });
    }
    return true;
  }

  const data::MarketLog& log_;
  const data::MarketLogPeriod& period_;
  int num_seats_;
  Threads& threads_;
  data::MarketLogTick<float> tick_;
  LogBlocks blocks_;
};

}  // namespace

std::optional<std::vector<data::TrajectoryLabels>> labels_from_log(const std::string& market_log,
                                                                   std::span<const data::Trajectory> trajectories,
                                                                   Threads& threads,
                                                                   const std::function<void(int64_t)>& progress) {
  const data::MarketLog log(market_log);
  std::map<int64_t, std::vector<size_t>> by_period;
  for (size_t i = 0; i < trajectories.size(); ++i) by_period[trajectories[i].head.period].push_back(i);
  std::vector<data::TrajectoryLabels> labels(trajectories.size());
  int64_t done = 0;
  for (const auto& [period, places] : by_period) {
    if (!log.period(period).has_ladder) {
      throw Error(market_log + ": period " + std::to_string(period) + ": found no bids, which labels are made from");
    }
    if (!PeriodLabels(log, period, threads).make(trajectories, places, labels)) return std::nullopt;
    if (progress) progress(++done);
  }
  return labels;
}

}  // namespace genbid::play
