#include "market/market.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "market/rule_sets.h"

namespace genbid::market {

std::unique_ptr<Market> make_market(const MarketConfig& config, Threads& threads) {
  if (config.auction.reserve_from.on() && config.auction.own_reserves.empty()) {
    throw Error("market.auction.reserve_from: the reserves of " + config.auction.reserve_from.population +
                " are not made, expected whoever plays the market to make them");
  }
  return config.rule_set().make(config, threads);
}

void Market::reset(std::vector<Cell> cells) {
  check_cells(cells);
  cells_ = std::move(cells);
  tick_ = 0;
  observed_ = false;
  open_day();

  const size_t num_rows = cells_.size() * num_seats();
  histories_.assign(num_rows, {});
  views_.assign(num_rows, {});
  finished_.assign(num_rows, {});
  const bool any_misled = std::any_of(cells_.begin(), cells_.end(), [](const Cell& cell) { return cell.misled != 0; });
  believed_.assign(any_misled ? num_rows : 0, {});
  for (size_t row = 0; row < num_rows; ++row) {
    const Cell& cell = cells_[row / num_seats()];
    assert(cell.advertisers.size() == num_seats());
    SeatView& view = views_[row];
    view.period = cell.period;
    view.seat = to_int(row % num_seats());
    view.num_ticks = shape_.ticks;
    view.advertiser = &advertiser(row);
    view.history = &histories_[row];
  }
}

std::span<const SeatView> Market::observe() {
  assert(!done());
  if (observed_) return views_;
  open_tick();
  for (size_t row = 0; row < views_.size(); ++row) {
    SeatView& view = views_[row];
    view.last = tick_ > 0 ? (believed_.empty() ? &finished_[row].outcome : &believed_[row]) : nullptr;
    view.now = start(row);
    // A seat without money is not called, and learns nothing (auctionnet.md 6.11).
    view.may_bid = view.now.remaining_budget >= kMinRemainingBudget;
  }
  observed_ = true;
  return views_;
}

void Market::step(std::span<const BidFormula> bids) {
  assert(!done() && bids.size() == views_.size());
  observe();
  check_bids(views_, bids);
  impressions_.resize(keeps_impressions_ ? cells_.size() : 0);
  ladders_.resize(keeps_ladders_ ? cells_.size() : 0);
  play_tick(bids);
  ++tick_;
  observed_ = false;
}

void Market::finish(size_t row, const BidFormula& bid, const TickOutcome& outcome, int num_clearings,
                    const TickOutcome* believed) {
  SeatTick& done = finished_[row];
  done.start = views_[row].now;
  done.outcome = outcome;
  done.bid = bid;
  done.may_bid = views_[row].may_bid;
  done.num_clearings = num_clearings;
  const TickOutcome& seen = believed != nullptr ? *believed : outcome;
  if (!believed_.empty()) believed_[row] = seen;
  histories_[row].append(tick_means(done.start, seen), seen.cost, seen.sum_pvalue_exposed,
                         as_double(seen.num_conversions));
}

void check_bids(std::span<const SeatView> views, std::span<const BidFormula> bids) {
  for (size_t row = 0; row < bids.size(); ++row) {
    const SeatView& view = views[row];
    if (view.may_bid && !(std::isfinite(bids[row].value) && std::isfinite(bids[row].value_squared))) {
      throw Error("period " + std::to_string(view.period) + ", tick " + std::to_string(view.now.tick) + ", seat " +
                  std::to_string(view.seat) +
                  ": the bidder answered with a bid coefficient that is not a finite number");
    }
  }
}

}  // namespace genbid::market
