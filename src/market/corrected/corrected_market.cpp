#include "market/corrected/corrected_market.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/convert.h"
#include "base/memory.h"
#include "bidding/account.h"
#include "market/corrected/cell_tick.h"
#include "market/cell_workers.h"
#include "market/memory_need.h"
#include "market/stress.h"
#include "market/traffic/traffic_cache.h"

namespace genbid::market {

struct CorrectedMarket::Worker {
  explicit Worker(uint64_t seed) : auction(seed) {}

  CellTick auction;
  TickTraffic believed;  // by the cell's misled seats
};

struct CorrectedMarket::State {
  State(const MarketConfig& config)
      : seed(static_cast<uint64_t>(config.seed)),
        impressions_of_period(config.impressions),
        rule(config.auction_rule()),
        traffic(seed, config.impressions, config.traffic, rule, config.stress.late_traffic),
        beliefs(seed, config.stress),
        cache(to_size(config.cache_megabytes) << 20U) {}

  uint64_t seed;
  int64_t impressions_of_period;
  double checked_bytes = 0.0;  // so many were found available before, and ticks use them again
  AuctionRule rule;
  Traffic traffic;
  Beliefs beliefs;
  TrafficCache cache;

  std::vector<PeriodTraffic*> periods;
  std::vector<size_t> period_of_cell;
  std::vector<double> units;               // of bids, by cell
  std::vector<Account<WideSum>> accounts;  // by row, in units of money.h of its cell

  PeriodTraffic& period(size_t cell) const { return *periods[period_of_cell[cell]]; }

  std::vector<double> believed_sums;  // by row, of the tick's values; of misled seats alone

  CellWorkers<Worker> workers{[this] { return std::make_unique<Worker>(seed); }};
};

CorrectedMarket::CorrectedMarket(const MarketConfig& config, Threads& threads)
    : Market(config.shape(), threads), state_(std::make_unique<State>(config)) {}
CorrectedMarket::~CorrectedMarket() = default;

AuctionRule CorrectedMarket::auction_rule(const Cell& cell) const { return state_->rule.times(bid_unit(cell)); }

void CorrectedMarket::open_day() {
  check_currency(cells());
  State& s = *state_;
  s.period_of_cell.clear();
  s.units.clear();
  s.accounts.clear();
  std::map<int64_t, size_t> places;
  std::vector<int64_t> periods;
  for (const Cell& cell : cells()) {
    const auto [place, added] = places.emplace(cell.period, periods.size());
    if (added) periods.push_back(cell.period);
    s.period_of_cell.push_back(place->second);
    s.units.push_back(bid_unit(cell));
    for (const Advertiser& advertiser : cell.advertisers) {
      s.accounts.emplace_back(budget_to_money(advertiser.budget / s.units.back()));
    }
  }
  s.periods = s.cache.take(s.traffic, periods);
  check_day();
}

void CorrectedMarket::check_day() const {
  State& s = *state_;
  double largest_ticks = 0.0;  // impressions of the largest ticks, over all periods that are not kept
  double largest = 0.0;
  std::vector<double> of_period;
  for (const PeriodTraffic* period : s.periods) {
    const auto& counts = period->factors.num_pv;
    of_period.push_back(as_double(*std::max_element(counts.begin(), counts.end())));
    largest = std::max(largest, of_period.back());
    if (!period->kept) largest_ticks += of_period.back();  // a kept one has its memory
  }
  const int seats = shape().seats;
  const auto at_work = std::min<size_t>(cells().size(), to_size(threads().count()));
  double bytes =
      largest_ticks * traffic_bytes_per_impression(seats) + largest * kAuctionBytesPerImpression * as_double(at_work);
  if (any_misled()) bytes += largest * traffic_bytes_per_impression(seats) * as_double(at_work);
  double kept = 0.0;
  if (keeps_ladders()) kept += kLadderBytesPerImpression;
  if (keeps_impressions()) kept += kept_bytes_per_impression(seats);
  for (size_t cell = 0; kept > 0.0 && cell < cells().size(); ++cell) bytes += kept * of_period[s.period_of_cell[cell]];
  if (bytes <= s.checked_bytes) return;
  check_memory("a tick", s.impressions_of_period, bytes - s.checked_bytes, available_memory());
  s.checked_bytes = bytes;
}

void CorrectedMarket::open_tick() {
  State& s = *state_;
  // Chunks of all periods in one list, so that many periods and large ticks split equally well.
  std::vector<std::pair<PeriodTraffic*, int64_t>> chunks;
  for (PeriodTraffic* period : s.periods) {
    if (at(period->made, tick()) != 0) continue;
    TickTraffic& made = period->at(tick());
    s.traffic.begin_tick(period->factors, tick(), made);
    for (int64_t c = 0; c < made.num_chunks; ++c) chunks.emplace_back(period, c);
  }
  threads().parallel_for(std::ssize(chunks), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto [period, chunk] = at(chunks, i);
      s.traffic.fill_chunk(period->factors, chunk, period->at(tick()));
    }
  });
  for (PeriodTraffic* period : s.periods) {
    char& made = at(period->made, tick());
    if (made == 0) s.traffic.end_tick(period->at(tick()));
    made = 1;
  }
  open_beliefs();
}

void CorrectedMarket::open_beliefs() {
  State& s = *state_;
  s.believed_sums.clear();
  if (!any_misled()) return;
  s.believed_sums.resize(cells().size() * num_seats());
  threads().parallel_for(std::ssize(s.believed_sums), 1, [&](int64_t begin, int64_t end) {
    for (auto row = to_size(begin); row < to_size(end); ++row) {
      if (!is_misled(row)) continue;
      PeriodTraffic& period = s.period(row / num_seats());
      s.believed_sums[row] = s.beliefs.sum(period.at(tick()), period.factors.period, to_int(row % num_seats()));
    }
  });
}

bool CorrectedMarket::any_misled() const {
  return std::any_of(cells().begin(), cells().end(), [](const Cell& cell) { return cell.misled != 0; });
}
bool CorrectedMarket::is_misled(size_t row) const {
  return (cells()[row / num_seats()].misled >> (row % num_seats()) & 1U) != 0;
}

TickStart CorrectedMarket::start(size_t row) const {
  const State& s = *state_;
  const size_t cell = row / num_seats();
  const TickTraffic& traffic = s.period(cell).at(tick());
  const double sum_value = is_misled(row) ? s.believed_sums[row] : traffic.sum_value[row % num_seats()];
  return {.tick = tick(),
          .num_pv = traffic.num_pv,
          .mean_pvalue = traffic.num_pv > 0 ? sum_value / as_double(traffic.num_pv) : 0.0,
          .remaining_budget = s.units[cell] * from_money(s.accounts[row].remaining())};
}

void CorrectedMarket::play_tick(std::span<const BidFormula> bids) {
  state_->workers.run(threads(), std::ssize(cells()),
                      [&](size_t cell, Worker& worker, Threads* split) { play_cell(cell, bids, worker, split); });
}

void CorrectedMarket::play_cell(size_t cell, std::span<const BidFormula> bids, Worker& worker, Threads* split) {
  State& s = *state_;
  CellTick& auction = worker.auction;
  PeriodTraffic& period = s.period(cell);
  const TickTraffic& truth = period.at(tick());
  const uint64_t misled = cells()[cell].misled;
  if (misled != 0) s.beliefs.fill(truth, period.factors.period, misled, worker.believed);
  const TickTraffic& impressions = misled != 0 ? worker.believed : truth;
  const size_t first_row = cell * num_seats();
  SeatBids seat_bids(s.rule, tick());
  std::array<WideSum, kMaxSeats> money{};
  const double unit = s.units[cell];
  for (size_t seat = 0; seat < num_seats(); ++seat) {
    const size_t row = first_row + seat;
    money[seat] = s.accounts[row].remaining();
    if (!may_bid(row)) continue;
    const BidFormula formula{.value = bids[row].value / unit, .value_squared = bids[row].value_squared / unit};
    seat_bids.add(to_int(seat), formula, impressions.max_value[seat]);
  }
  const TickContext context{s.traffic, period.factors, impressions};
  const int num_clearings = auction.play(context, seat_bids, std::span(money).first(num_seats()), split);
  if (TickImpressions* out = kept_impressions(cell)) auction.copy_impressions(context, seat_bids, unit, split, *out);
  if (TickLadder* out = kept_ladder(cell)) auction.copy_ladder(truth, as_float(unit), *out);

  const TickSums& sums = auction.sums();
  std::optional<TickSums> true_sums;
  if (misled != 0) auction.recount({s.traffic, period.factors, truth}, misled, true_sums.emplace(sums));
  const double num_pv = impressions.num_pv > 0 ? as_double(impressions.num_pv) : 1.0;
  double mean_least_winning_cost = unit * from_money(sums.least_winning_cost) / num_pv;
  float reserve = seat_bids.reserve;
  for (size_t seat = 0; seat < num_seats(); ++seat) {
    const size_t row = first_row + seat;
    const SeatSums& sum = sums.seats[seat];
    TickOutcome outcome;
    outcome.sum_pvalue = impressions.sum_value[seat];
    // Where all bids were lost, rounding may leave a little on either side of 0.
    outcome.sum_bid = unit * std::max(0.0, sum_of_bids(impressions, seat_bids, to_int(seat)) -
                                               auction.sum_of_lost_bids(seat_bids, to_int(seat)));
    // Seats of a category follow each other and share its reserve, so this is summed up once for each category.
    if (seat_bids.reserve_of[seat] != reserve) {
      reserve = seat_bids.reserve_of[seat];
      mean_least_winning_cost = unit * from_money(auction.least_winning_cost(impressions, reserve)) / num_pv;
    }
    outcome.mean_least_winning_cost = mean_least_winning_cost;
    outcome.num_wins = sum.wins;
    outcome.num_exposed = sum.exposed;
    outcome.num_conversions = sum.conversions;
    outcome.sum_pvalue_exposed = from_expected(sum.pvalue_exposed);
    outcome.sum_pvalue_squared_exposed = from_power(sum.squared_exposed);
    outcome.sum_pvalue_cubed_exposed = from_power(sum.cubed_exposed);
    outcome.sum_bid_exposed = unit * sum_of_exposed_bids(sums, seat_bids, to_int(seat));
    outcome.cost = unit * from_money(sum.cost);
    s.accounts[row].pay(sum.cost);
    if (!is_misled(row)) {
      finish(row, bids[row], outcome, num_clearings);
      continue;
    }
    const SeatSums& true_sum = true_sums->seats[seat];
    outcome.num_conversions = true_sum.conversions;
    const TickOutcome believed = outcome;
    outcome.sum_pvalue = truth.sum_value[seat];
    outcome.sum_pvalue_exposed = from_expected(true_sum.pvalue_exposed);
    outcome.sum_pvalue_squared_exposed = from_power(true_sum.squared_exposed);
    outcome.sum_pvalue_cubed_exposed = from_power(true_sum.cubed_exposed);
    finish(row, bids[row], outcome, num_clearings, &believed);
  }
}

}  // namespace genbid::market
