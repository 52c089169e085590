#include "market/fast_market.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.h"
#include "market/cell_tick.h"
#include "market/cell_workers.h"

namespace genbid {

struct FastMarket::State {
  // What cells of the same period share.
  struct Period {
    PeriodFactors factors;
    TickTraffic tick;
  };
  struct Row {
    int64_t money = 0;  // remaining, in units of money.h
    TickHistory history;
  };

  State(const MarketConfig& config, Threads& threads_to_use)
      : seed(static_cast<uint64_t>(config.seed)), traffic(seed, config.impressions), threads(threads_to_use) {}

  size_t row_of(size_t cell, size_t seat) const { return cell * kNumSeats + seat; }
  void make_traffic();
  void play_cell(size_t cell, std::span<const BidFormula> bids, CellTick& auction, Threads* split);

  uint64_t seed;
  Traffic traffic;
  Threads& threads;

  std::vector<Cell> cells;
  std::vector<Period> periods;
  std::vector<size_t> period_of_cell;
  int tick = 0;
  bool traffic_made = false;  // for `tick`

  std::vector<Row> rows;
  std::vector<SeatView> views;
  std::vector<SeatTick> finished;
  bool keep_impressions = false;
  std::vector<TickImpressions> kept_impressions;  // by cell, if kept

  CellWorkers<CellTick> workers{[this] { return std::make_unique<CellTick>(seed); }};
};

void FastMarket::State::make_traffic() {
  if (traffic_made) return;
  // Chunks of all periods in one list, so that many periods and large ticks split equally well.
  std::vector<std::pair<size_t, int64_t>> chunks;
  for (size_t p = 0; p < periods.size(); ++p) {
    traffic.begin_tick(periods[p].factors, tick, periods[p].tick);
    for (int64_t c = 0; c < periods[p].tick.num_chunks; ++c) chunks.emplace_back(p, c);
  }
  threads.parallel_for(static_cast<int64_t>(chunks.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto [p, chunk] = chunks[static_cast<size_t>(i)];
      traffic.fill_chunk(periods[p].factors, chunk, periods[p].tick);
    }
  });
  for (Period& period : periods) traffic.end_tick(period.tick);
  traffic_made = true;
}

void FastMarket::State::play_cell(size_t cell, std::span<const BidFormula> bids, CellTick& auction, Threads* split) {
  const Period& period = periods[period_of_cell[cell]];
  SeatBids seat_bids;
  std::array<int64_t, kNumSeats> money{};
  for (size_t seat = 0; seat < kNumSeats; ++seat) {
    const size_t row = row_of(cell, seat);
    money[seat] = rows[row].money;
    if (views[row].asked) seat_bids.add(static_cast<int>(seat), bids[row]);
  }
  const TickContext context{traffic, period.factors, period.tick};
  const int num_clearings = auction.play(context, seat_bids, money, split);
  if (keep_impressions) auction.copy_impressions(context, seat_bids, split, kept_impressions[cell]);

  const TickSums& sums = auction.sums();
  const double num_pv = period.tick.num_pv > 0 ? static_cast<double>(period.tick.num_pv) : 1.0;
  const double mean_least_winning_cost = from_money(sums.least_winning_cost) / num_pv;
  for (size_t seat = 0; seat < kNumSeats; ++seat) {
    const size_t row = row_of(cell, seat);
    const SeatSums& sum = sums.seats[seat];
    SeatTick& done = finished[row];
    done.start = views[row].now;
    done.bid = bids[row];
    done.asked = views[row].asked;
    done.num_clearings = num_clearings;
    TickOutcome& outcome = done.outcome;
    outcome.sum_pvalue = period.tick.sum_value[seat];
    // All bids lost may leave a rounding error's worth on either side of 0.
    outcome.sum_bid = std::max(0.0, sum_of_bids(period.tick, seat_bids, static_cast<int>(seat)) -
                                        from_money(auction.lost_bids(static_cast<int>(seat))));
    outcome.mean_least_winning_cost = mean_least_winning_cost;
    outcome.num_wins = sum.wins[0] + sum.wins[1] + sum.wins[2];
    outcome.num_exposed = sum.exposed;
    outcome.num_conversions = sum.conversions;
    outcome.sum_pvalue_exposed = from_expected(sum.pvalue_exposed);
    outcome.sum_bid_exposed = from_money(sum.bid_exposed);
    outcome.cost = from_money(sum.cost);
    rows[row].money -= sum.cost;
    rows[row].history.append(tick_means(done.start, outcome), outcome.cost, outcome.sum_pvalue_exposed,
                             static_cast<double>(outcome.num_conversions));
  }
}

FastMarket::FastMarket(const MarketConfig& config, Threads& threads)
    : Market(config.shape()), state_(std::make_unique<State>(config, threads)) {}
FastMarket::~FastMarket() = default;

void FastMarket::reset(std::vector<Cell> cells) {
  State& s = *state_;
  s.cells = std::move(cells);
  s.tick = 0;
  s.traffic_made = false;
  s.periods.clear();
  s.period_of_cell.clear();
  std::map<int64_t, size_t> places;
  for (const Cell& cell : s.cells) {
    assert(cell.advertisers.size() == static_cast<size_t>(kNumSeats));
    const auto [place, added] = places.emplace(cell.period, s.periods.size());
    if (added) s.periods.push_back({.factors = s.traffic.factors(cell.period), .tick = {}});
    s.period_of_cell.push_back(place->second);
  }
  const size_t num_rows = s.cells.size() * kNumSeats;
  s.rows.assign(num_rows, {});
  s.views.assign(num_rows, {});
  s.finished.assign(num_rows, {});
  for (size_t row = 0; row < num_rows; ++row) {
    s.rows[row].money = to_money(s.cells[row / kNumSeats].advertisers[row % kNumSeats].budget);
  }
}

int FastMarket::tick() const { return state_->tick; }

std::span<const SeatView> FastMarket::observe() {
  State& s = *state_;
  assert(!done());
  if (s.traffic_made) return s.views;
  s.make_traffic();
  for (size_t row = 0; row < s.rows.size(); ++row) {
    const size_t cell = row / kNumSeats;
    const size_t seat = row % kNumSeats;
    const TickTraffic& tick = s.periods[s.period_of_cell[cell]].tick;
    SeatView& view = s.views[row];
    view.period = s.cells[cell].period;
    view.seat = static_cast<int>(seat);
    view.advertiser = &s.cells[cell].advertisers[seat];
    view.history = &s.rows[row].history;
    view.last = s.tick > 0 ? &s.finished[row].outcome : nullptr;
    view.now.tick = s.tick;
    view.now.num_pv = tick.num_pv;
    view.now.mean_pvalue = tick.num_pv > 0 ? tick.sum_value[seat] / static_cast<double>(tick.num_pv) : 0.0;
    view.now.remaining_budget = from_money(s.rows[row].money);
    view.asked = view.now.remaining_budget >= kMinRemainingBudget;
  }
  return s.views;
}

void FastMarket::step(std::span<const BidFormula> bids) {
  State& s = *state_;
  assert(!done() && bids.size() == s.rows.size());
  observe();
  check_bids(s.views, bids);
  s.keep_impressions = keeps_impressions();
  s.kept_impressions.resize(s.keep_impressions ? s.cells.size() : 0);
  s.workers.run(s.threads, static_cast<int64_t>(s.cells.size()),
                [&](size_t cell, CellTick& auction, Threads* split) { s.play_cell(cell, bids, auction, split); });
  ++s.tick;
  s.traffic_made = false;
}

std::span<const SeatTick> FastMarket::last_tick() const { return state_->finished; }
const TickImpressions& FastMarket::impressions(size_t cell) const { return state_->kept_impressions.at(cell); }

}  // namespace genbid
