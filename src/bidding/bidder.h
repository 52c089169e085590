#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bidding/advertiser.h"
#include "bidding/tick_history.h"

namespace genbid {

// Which rules bidders bid under: `corrected` corrects AuctionNet's traps, `official` keeps them.
enum class BiddingRules { kCorrected, kOfficial };

// One seat of one cell (a cell is one period played by 48 seats), as its bidder sees it.
struct SeatView {
  int64_t period = 0;
  int seat = 0;
  const Advertiser* advertiser = nullptr;
  const TickHistory* history = nullptr;  // past ticks of this period
  const TickOutcome* last = nullptr;     // the previous tick; null in tick 0
  TickStart now;
  bool may_bid = true;              // false: out of budget; the answer is ignored
  int num_ticks = kTicksPerPeriod;  // of the period
};

// A bidder plays many seats at once, in many cells, all in the same tick; other bidders may be asked at the same time.
// Row i is the same seat of the same cell in every call from reset() to the end of the period.
class Bidder {
 public:
  virtual ~Bidder() = default;
  // Before tick 0 of a period. A bidder that keeps no state has forgotten the last one.
  virtual void reset(std::span<const SeatView> rows) = 0;
  // True: a period's bids depend on the periods that this object has played before. Row i must then be the same seat
  // of the same cell in every period too: such a bidder plays one period after another, never two side by side, and
  // what cells differ in (who sits at another seat) stays as it is. reset() keeps the state as long as the rows' seats
  // are those of the last period; other rows start anew.
  virtual bool keeps_state_between_periods() const { return false; }
  // That state as numbers, with which remember() lets another object of the kind go on as this one would. No numbers:
  // it forgets all.
  virtual std::vector<double> memory() const { return {}; }
  virtual void remember(std::span<const double> /*memory*/) {}
  virtual void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) = 0;
  // In place of bid(): lowers bids that another has made for the rows to what this bidder holds to be allowed. If it
  // has no better idea: to its own, compared at the tick's mean p-value.
  virtual void restrain(std::span<const SeatView> rows, std::span<BidFormula> bids);
};

// Whether any of them does, so that the periods must be played one after another.
bool keep_state_between_periods(std::span<Bidder* const> bidders);
// What all of them remember, one behind the other, each with its length before it; remember() is the way back. No
// numbers: all of them forget.
std::vector<double> memory_of(std::span<Bidder* const> bidders);
void remember(std::span<Bidder* const> bidders, std::span<const double> memory);

}  // namespace genbid
