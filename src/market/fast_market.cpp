#include "market/fast_market.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

#include "base/memory.h"
#include "base/error.h"
#include "market/cell_tick.h"
#include "market/cell_workers.h"
#include "market/memory_need.h"
#include "market/traffic_cache.h"

namespace genbid {

struct FastMarket::State {
  struct Row {
    WideSum money = 0;  // remaining, in units of money.h of its cell
    TickHistory history;
  };

  State(const MarketConfig& config, Threads& threads_to_use)
      : seed(static_cast<uint64_t>(config.seed)),
        impressions_of_period(config.impressions),
        traffic(seed, config.impressions, config.traffic),
        cache(static_cast<size_t>(config.cache_megabytes) << 20U),
        threads(threads_to_use),
        num_seats(static_cast<size_t>(config.shape().seats)) {}

  // Before a day is played: does it fit into memory?
  void check_day(const Market& market);
  void make_traffic();
  void play_cell(size_t cell, std::span<const BidFormula> bids, CellTick& auction, Threads* split);

  uint64_t seed;
  int64_t impressions_of_period;
  double checked_bytes = 0.0;  // that were found available: memory is used again
  Traffic traffic;
  TrafficCache cache;
  Threads& threads;
  size_t num_seats;

  std::vector<Cell> cells;
  std::vector<PeriodTraffic*> periods;
  std::vector<size_t> period_of_cell;
  std::vector<double> units;  // of bids, by cell
  int tick = 0;
  bool observed = false;  // views are of `tick`

  // Row by row.
  std::vector<Row> rows;
  std::vector<SeatView> views;
  std::vector<SeatTick> finished;
  bool keep_impressions = false;
  std::vector<TickImpressions> kept_impressions;  // by cell, if kept
  bool keep_ladders = false;
  std::vector<TickLadder> kept_ladders;  // likewise

  CellWorkers<CellTick> workers{[this] { return std::make_unique<CellTick>(seed); }};
};

void FastMarket::State::check_day(const Market& market) {
  double largest_ticks = 0.0;  // of all periods
  double largest = 0.0;
  std::vector<double> of_period;
  for (const PeriodTraffic* period : periods) {
    const auto& counts = period->factors.num_pv;
    of_period.push_back(static_cast<double>(*std::max_element(counts.begin(), counts.end())));
    largest = std::max(largest, of_period.back());
    if (!period->kept) largest_ticks += of_period.back();  // a kept one has its memory
  }
  const auto seats = static_cast<int>(num_seats);
  const auto at_work = std::min<size_t>(cells.size(), static_cast<size_t>(threads.count()));
  double bytes = largest_ticks * traffic_bytes_per_impression(seats) +
                 largest * kAuctionBytesPerImpression * static_cast<double>(at_work);
  double kept = 0.0;
  if (market.keeps_ladders()) kept += kLadderBytesPerImpression;
  if (market.keeps_impressions()) kept += kept_bytes_per_impression(seats);
  for (size_t cell = 0; kept > 0.0 && cell < cells.size(); ++cell) bytes += kept * of_period[period_of_cell[cell]];
  if (bytes <= checked_bytes) return;
  check_memory("a tick", impressions_of_period, bytes - checked_bytes, available_memory());
  checked_bytes = bytes;
}

void FastMarket::State::make_traffic() {
  // Chunks of all periods in one list, so that many periods and large ticks split equally well.
  std::vector<std::pair<PeriodTraffic*, int64_t>> chunks;
  for (PeriodTraffic* period : periods) {
    if (period->made[static_cast<size_t>(tick)] != 0) continue;
    TickTraffic& made = period->at(tick);
    traffic.begin_tick(period->factors, tick, made);
    for (int64_t c = 0; c < made.num_chunks; ++c) chunks.emplace_back(period, c);
  }
  threads.parallel_for(static_cast<int64_t>(chunks.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto [period, chunk] = chunks[static_cast<size_t>(i)];
      traffic.fill_chunk(period->factors, chunk, period->at(tick));
    }
  });
  for (PeriodTraffic* period : periods) {
    char& made = period->made[static_cast<size_t>(tick)];
    if (made == 0) traffic.end_tick(period->at(tick));
    made = 1;
  }
}

void FastMarket::State::play_cell(size_t cell, std::span<const BidFormula> bids, CellTick& auction, Threads* split) {
  PeriodTraffic& period = *periods[period_of_cell[cell]];
  const TickTraffic& impressions = period.at(tick);
  SeatBids seat_bids;
  std::array<WideSum, kMaxSeats> money{};
  const double unit = units[cell];
  for (size_t seat = 0; seat < num_seats; ++seat) {
    const size_t row = cell * num_seats + seat;
    money[seat] = rows[row].money;
    if (!views[row].asked) continue;
    const BidFormula formula{.value = bids[row].value / unit, .value_squared = bids[row].value_squared / unit};
    seat_bids.add(static_cast<int>(seat), formula, impressions.max_value[seat]);
  }
  const TickContext context{traffic, period.factors, impressions};
  const int num_clearings = auction.play(context, seat_bids, std::span(money).first(num_seats), split);
  if (keep_impressions) auction.copy_impressions(context, seat_bids, unit, split, kept_impressions[cell]);
  if (keep_ladders) auction.copy_ladder(impressions, static_cast<float>(unit), kept_ladders[cell]);

  const TickSums& sums = auction.sums();
  const double num_pv = impressions.num_pv > 0 ? static_cast<double>(impressions.num_pv) : 1.0;
  const double mean_least_winning_cost = unit * from_money(sums.least_winning_cost) / num_pv;
  for (size_t seat = 0; seat < num_seats; ++seat) {
    const size_t row = cell * num_seats + seat;
    const SeatSums& sum = sums.seats[seat];
    SeatTick& done = finished[row];
    done.start = views[row].now;
    done.bid = bids[row];
    done.asked = views[row].asked;
    done.num_clearings = num_clearings;
    TickOutcome& outcome = done.outcome;
    outcome.sum_pvalue = impressions.sum_value[seat];
    // All bids lost may leave a rounding error's worth on either side of 0.
    outcome.sum_bid = unit * std::max(0.0, sum_of_bids(impressions, seat_bids, static_cast<int>(seat)) -
                                               auction.sum_of_lost_bids(seat_bids, static_cast<int>(seat)));
    outcome.mean_least_winning_cost = mean_least_winning_cost;
    outcome.num_wins = sum.wins;
    outcome.num_exposed = sum.exposed;
    outcome.num_conversions = sum.conversions;
    outcome.sum_pvalue_exposed = from_expected(sum.pvalue_exposed);
    outcome.sum_bid_exposed = unit * sum_of_exposed_bids(sums, seat_bids, static_cast<int>(seat));
    outcome.cost = unit * from_money(sum.cost);
    rows[row].money -= sum.cost;
    rows[row].history.append(tick_means(done.start, outcome), outcome.cost, outcome.sum_pvalue_exposed,
                             static_cast<double>(outcome.num_conversions));
  }
}

FastMarket::FastMarket(const MarketConfig& config, Threads& threads)
    : Market(config.shape(), threads), state_(std::make_unique<State>(config, threads)) {}
FastMarket::~FastMarket() = default;

void FastMarket::reset(std::vector<Cell> cells) {
  check_cells(cells);
  check_currency(cells);
  State& s = *state_;
  s.cells = std::move(cells);
  s.tick = 0;
  s.observed = false;
  s.period_of_cell.clear();
  s.units.clear();
  std::map<int64_t, size_t> places;
  std::vector<int64_t> periods;
  for (const Cell& cell : s.cells) {
    assert(cell.advertisers.size() == s.num_seats);
    const auto [place, added] = places.emplace(cell.period, periods.size());
    if (added) periods.push_back(cell.period);
    s.period_of_cell.push_back(place->second);
    s.units.push_back(bid_unit(cell));
  }
  s.periods = s.cache.take(s.traffic, periods);
  s.check_day(*this);
  const size_t num_rows = s.cells.size() * s.num_seats;
  s.rows.assign(num_rows, {});
  s.views.assign(num_rows, {});
  s.finished.assign(num_rows, {});
  for (size_t row = 0; row < num_rows; ++row) {
    const Cell& cell = s.cells[row / s.num_seats];
    const Advertiser& advertiser = cell.advertisers[row % s.num_seats];
    s.rows[row].money = budget_to_money(advertiser.budget / s.units[row / s.num_seats]);
    SeatView& view = s.views[row];
    view.period = cell.period;
    view.seat = static_cast<int>(row % s.num_seats);
    view.num_ticks = shape().ticks;
    view.advertiser = &advertiser;
    view.history = &s.rows[row].history;
  }
}

double FastMarket::bid_cap(const Cell& cell) const { return static_cast<double>(kMaxBid) * bid_unit(cell); }

int FastMarket::tick() const { return state_->tick; }

std::span<const SeatView> FastMarket::observe() {
  State& s = *state_;
  assert(!done());
  if (s.observed) return s.views;
  s.make_traffic();
  for (size_t cell = 0; cell < s.cells.size(); ++cell) {
    const TickTraffic& tick = s.periods[s.period_of_cell[cell]]->at(s.tick);
    for (size_t seat = 0; seat < s.num_seats; ++seat) {
      const size_t row = cell * s.num_seats + seat;
      SeatView& view = s.views[row];
      view.last = s.tick > 0 ? &s.finished[row].outcome : nullptr;
      view.now.tick = s.tick;
      view.now.num_pv = tick.num_pv;
      view.now.mean_pvalue = tick.num_pv > 0 ? tick.sum_value[seat] / static_cast<double>(tick.num_pv) : 0.0;
      view.now.remaining_budget = s.units[cell] * from_money(s.rows[row].money);
      view.asked = view.now.remaining_budget >= kMinRemainingBudget;
    }
  }
  s.observed = true;
  return s.views;
}

void FastMarket::step(std::span<const BidFormula> bids) {
  State& s = *state_;
  assert(!done() && bids.size() == s.rows.size());
  observe();
  check_bids(s.views, bids);
  s.keep_impressions = keeps_impressions();
  s.kept_impressions.resize(s.keep_impressions ? s.cells.size() : 0);
  s.keep_ladders = keeps_ladders();
  s.kept_ladders.resize(s.keep_ladders ? s.cells.size() : 0);
  s.workers.run(s.threads, static_cast<int64_t>(s.cells.size()),
                [&](size_t cell, CellTick& auction, Threads* split) { s.play_cell(cell, bids, auction, split); });
  ++s.tick;
  s.observed = false;
}

std::span<const SeatTick> FastMarket::last_tick() const { return state_->finished; }
const TickImpressions& FastMarket::impressions(size_t cell) const { return state_->kept_impressions.at(cell); }
const TickLadder& FastMarket::ladder(size_t cell) const { return state_->kept_ladders.at(cell); }

}  // namespace genbid
