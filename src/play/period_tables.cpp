#include "play/period_tables.h"

#include "base/config.h"
#include "bidding/score.h"
#include "data/replaceable.h"
#include "market/official/numpy_sum.h"

namespace genbid {
namespace {

// Appends the values as a line of a CSV file.
class Row {
 public:
  explicit Row(std::string& text) : text_(text) {}
  ~Row() { text_ += '\n'; }
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  Row& add(const std::string& value) {
    if (!first_) text_ += ',';
    first_ = false;
    text_ += value;
    return *this;
  }
  Row& add(double value) { return add(shortest(value)); }
  Row& add(int64_t value) { return add(std::to_string(value)); }
  Row& add(int value) { return add(std::to_string(value)); }

 private:
  std::string& text_;
  bool first_ = true;
};

}  // namespace

bool is_end(const TickStart& start, int num_ticks) {
  return start.tick == num_ticks - 1 || start.remaining_budget < kMinRemainingBudget;
}

std::string PeriodTables::ticks_header() {
  return "episode,tick,agent,remaining_before,alpha_after_bidding,sum_bid_final,mean_bid_final,xi_count,"
         "exposed_count,conversions,cost,mean_least_winning_cost,n_pv,n_simulations,isEnd,"
         "sum_pvalue_exposed\n";
}

std::string PeriodTables::periods_header() {
  return "period,seat,bidder,budget,cpa,conversions,cost,realised_cpa,target_cost,num_pv,num_exposed,"
         "exposed_share,budget_use,second_price_ratio,cpa_exceedance,last_active_tick,mean_bid,score,"
         "expected_conversions,expected_score,budget_scale,cpa_scale\n";
}

bool is_periods_table(const std::string& path) { return begins_with(path, "period,seat,bidder,budget,cpa,"); }

double sum_of_ticks(const TickValues& values, int num_ticks) {
  return official::pairwise_sum(num_ticks, [&](int64_t tick) { return values[static_cast<size_t>(tick)]; });
}

void PeriodTables::start(std::span<const Population> populations, std::span<const Cell> cells) {
  cells_.clear();
  for (size_t i = 0; i < cells.size(); ++i) {
    Played played;
    played.cell = cells[i];
    played.population = populations[i];
    played.seats.resize(static_cast<size_t>(shape_.seats));
    cells_.push_back(std::move(played));
  }
}

void PeriodTables::on_tick(int64_t cell, int tick, std::span<const SeatTick> seats) {
  Played& played = cells_[static_cast<size_t>(cell)];
  const TickStart& any = seats.front().start;
  played.num_pv += any.num_pv;
  played.num_clearings += seats.front().num_clearings;
  played.sum_least_winning_cost += seats.front().outcome.mean_least_winning_cost * static_cast<double>(any.num_pv);

  for (size_t s = 0; s < seats.size(); ++s) {
    const SeatTick& seat = seats[s];
    const TickOutcome& outcome = seat.outcome;
    const double mean_bid = tick_means(seat.start, outcome).bid;

    SeatTotal& total = played.seats[s];
    const auto t = static_cast<size_t>(tick);
    total.conversions += outcome.num_conversions;
    total.expected_conversions[t] = outcome.sum_pvalue_exposed;
    total.cost[t] = outcome.cost;
    total.num_pv += seat.start.num_pv;
    total.num_exposed += outcome.num_exposed;
    total.bid_exposed[t] = outcome.sum_bid_exposed;
    total.mean_bid[t] = mean_bid;
    if (outcome.num_exposed > 0) total.last_active_tick = tick;
    if (!with_ticks_) continue;

    const bool linear = seat.asked && seat.bid.value_squared == 0.0;
    Row(played.ticks)
        .add(played.cell.period)
        .add(tick)
        .add(static_cast<int64_t>(s))
        .add(seat.start.remaining_budget)
        .add(linear ? shortest(seat.bid.value) : std::string())
        .add(outcome.sum_bid)
        .add(mean_bid)
        .add(outcome.num_wins)
        .add(outcome.num_exposed)
        .add(outcome.num_conversions)
        .add(outcome.cost)
        .add(outcome.mean_least_winning_cost)
        .add(seat.start.num_pv)
        .add(seat.num_clearings)
        .add(is_end(seat.start, shape_.ticks) ? 1 : 0)
        .add(outcome.sum_pvalue_exposed);
  }
}

std::string PeriodTables::ticks_rows() const {
  std::string text;
  for (const Played& played : cells_) text += played.ticks;
  return text;
}

std::string PeriodTables::periods_rows() const {
  std::string text;
  for (const Played& played : cells_) {
    for (size_t s = 0; s < played.seats.size(); ++s) {
      const SeatTotal& total = played.seats[s];
      const Advertiser& advertiser = played.cell.advertisers[s];
      const PopulationSeat& seat = played.population.seats[s];
      const auto conversions = static_cast<double>(total.conversions);
      const double cost = sum_of_ticks(total.cost, shape_.ticks);
      const double expected = sum_of_ticks(total.expected_conversions, shape_.ticks);
      const double paid = cpa(conversions, cost);
      const double limit = advertiser.cpa_limit;
      Row(text)
          .add(played.cell.period)
          .add(static_cast<int64_t>(s))
          .add(bidder_label(seat.bidder))
          .add(advertiser.budget)
          .add(limit)
          .add(total.conversions)
          .add(cost)
          .add(paid)
          .add(conversions * limit)
          .add(total.num_pv)
          .add(total.num_exposed)
          .add(static_cast<double>(total.num_exposed) / (static_cast<double>(total.num_pv) + 1e-10))
          .add(cost / advertiser.budget)
          .add(cost / (sum_of_ticks(total.bid_exposed, shape_.ticks) + 1e-10))
          .add((paid - limit) / (limit + 1e-10))
          .add(total.last_active_tick)
          .add(sum_of_ticks(total.mean_bid, shape_.ticks) / shape_.ticks)
          .add(score(conversions, cost, limit))
          .add(expected)
          .add(score(expected, cost, limit))
          .add(seat.budget_scale)
          .add(seat.cpa_scale);
    }
  }
  return text;
}

std::vector<PeriodSummary> PeriodTables::summaries() const {
  std::vector<PeriodSummary> summaries;
  for (const Played& played : cells_) {
    PeriodSummary period;
    period.period = played.cell.period;
    double cost = 0.0;
    double budget = 0.0;
    for (size_t s = 0; s < played.seats.size(); ++s) {
      const SeatTotal& total = played.seats[s];
      const double limit = played.cell.advertisers[s].cpa_limit;
      const auto conversions = static_cast<double>(total.conversions);
      const double seat_cost = sum_of_ticks(total.cost, shape_.ticks);
      period.conversions += conversions;
      period.mean_score += score(conversions, seat_cost, limit) / shape_.seats;
      period.mean_expected_score +=
          score(sum_of_ticks(total.expected_conversions, shape_.ticks), seat_cost, limit) / shape_.seats;
      cost += seat_cost;
      budget += played.cell.advertisers[s].budget;
    }
    period.budget_use = cost / budget;
    period.mean_least_winning_cost =
        played.num_pv > 0 ? played.sum_least_winning_cost / static_cast<double>(played.num_pv) : 0.0;
    period.num_clearings = played.num_clearings;
    summaries.push_back(period);
  }
  return summaries;
}

}  // namespace genbid
