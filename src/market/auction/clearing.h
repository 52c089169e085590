#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/convert.h"
#include "bidding/advertiser.h"
#include "bidding/auction_rule.h"
#include "market/auction/money.h"
#include "market/traffic/traffic.h"

// The auction of one impression: generalised second price with up to three slots (auctionnet.md 2.4) under the rules
// `corrected`, where the official simulator's traps are corrected (6.3, 6.5, 6.6):
//   - only bids of at least their seat's reserve compete; of equal bids the lower seat's is the higher one;
//   - the holder of a slot pays the next lower bid, at least its own reserve, if the slot is shown;
//   - a slot without a holder stays empty.
// Bids and the reserve are in a cell's unit of bids (market/cell.h: bid_unit): 1, or more where money is small change.
// These functions are the reference for clearing_blocks.h, which does the same to 32 impressions at a time.

namespace genbid::market {

// What the seats of a cell bid in a tick, and the lowest bids that compete.
struct SeatBids {
  explicit SeatBids(const AuctionRule& rule = {}, int tick = 0);

  float reserve;                              // no bid below it competes
  bool own_reserves = false;                  // some seat has a higher one of its own
  std::array<float, kMaxSeats> reserve_of{};  // by seat: `reserve`, or its own
  std::array<float, kMaxSeats> value{};
  std::array<float, kMaxSeats> value_squared{};
  std::array<uint8_t, kMaxSeats> bidding{};  // the seats that may bid above 0, in index order
  int num_bidding = 0;
  // A bit for each seat whose bids are more than value * v: they have a square, or are so high that kMaxBid may cut
  // them. What such a seat bid can not be told from sums of its p-values, so its bids are added up one by one.
  uint64_t special = 0;

  // Seats are added in index order. Coefficients beyond +-1e9 count as that, so that no product is infinite.
  // `max_value` is the highest value that the seat has in the tick, which tells whether kMaxBid can cut a bid.
  void add(int seat, const BidFormula& formula, float max_value = 1.0F);
};

// The bid that a formula makes of a p-value, in float: both products and v * v are rounded, then their sum, as
// clearing_blocks.h does it. It is at most kMaxBid, and 0, which stands for no bid, below the reserve.
inline float competing_bid(float value, float value_squared, float pvalue, float reserve) {
  const float bid = value * pvalue + value_squared * (pvalue * pvalue);
  const float capped = bid < kMaxBid ? bid : kMaxBid;
  return capped >= reserve ? capped : 0.0F;
}

// The bid as a seat asked for it, for sums of what it bid: one below the reserve counts here, too.
inline float asked_bid(float value, float value_squared, float pvalue) {
  const float bid = value * pvalue + value_squared * (pvalue * pvalue);
  return bid > 0.0F ? (bid < kMaxBid ? bid : kMaxBid) : 0.0F;
}

// The four highest competing bids of an impression and who made them; 0 and kNoSeat where there are fewer.
struct TopFour {
  std::array<float, 4> bid{};
  std::array<uint8_t, 4> seat{kNoSeat, kNoSeat, kNoSeat, kNoSeat};

  // What the holder of a slot, counted from 0, pays for it. The price of the last slot is the least winning cost.
  float price(int slot, float reserve) const { return slot_price(at(bid, slot + 1), reserve); }
};

// The four highest bids of each impression of a block.
struct BlockTopFour {
  alignas(64) std::array<std::array<float, kBlockWidth>, 4> bid;
  std::array<std::array<uint8_t, kBlockWidth>, 4> seat;

  TopFour get(int lane) const;
  void set(int lane, const TopFour& top);
};

// Clears one impression, leaving out the bids of the seats in the bit mask `dropped`.
TopFour clear_one(const TickTraffic& traffic, int64_t pv, const SeatBids& bids, uint64_t dropped);

// What a tick brought one seat, in units of money.h.
struct SeatSums {
  int64_t wins = 0;  // slots held, shown or not
  int64_t exposed = 0;
  int64_t conversions = 0;
  WideSum cost = 0;
  WideSum pvalue_exposed = 0;
  WideSum squared_exposed = 0;  // of the same p-values, each squared
  WideSum cubed_exposed = 0;
  WideSum bid_exposed = 0;  // of special seats alone; what others bid is value * pvalue_exposed
};

struct TickSums {
  std::array<SeatSums, kMaxSeats> seats{};
  WideSum least_winning_cost = 0;

  void add(const TickSums& other);
};

// A tick of a period: what all cells that play it have in common.
struct TickContext {
  const Traffic& traffic;
  const PeriodFactors& factors;
  const TickTraffic& tick;
};

// Adds (sign 1) or takes away (sign -1) what an impression with these holders brings. The least winning cost is that of
// a seat whose reserve is the lowest.
void tally(const TickContext& context, const SeatBids& bids, int64_t pv, const TopFour& top, int64_t sign,
           TickSums& sums);

// What a seat bid for the impressions at which it was exposed.
double sum_of_exposed_bids(const TickSums& sums, const SeatBids& bids, int seat);
// Sum over the tick's impressions of the seat's bids, those below the reserve included, negative ones as 0.
double sum_of_bids(const TickTraffic& traffic, const SeatBids& bids, int seat);

}  // namespace genbid::market
