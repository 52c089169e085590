#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/convert.h"
#include "bidding/auction_rule.h"
#include "oracle/frontier.h"
#include "oracle/grid.h"

// What every seat of a period would have got for its money against the others' bids, which stay as they were.

namespace genbid::oracle {

// How impressions were sold, and the units of what is summed up. The replay of a log has a rule with one slot and no
// reserve: the slot is always shown, and costs the least winning cost.
//
// A bid equal to a rival's does not win, whoever made it. At the rule's highest bid it is otherwise, since every bid of
// that much or more counts as equal there: it wins against a higher seat's, and pays it, and never against a lower
// seat's.
struct Auction {
  AuctionRule rule = {};
  // Values lie in [0, max_value], and what costs max_price or more is never bought (Responses::left_out tells how much
  // that is). Both are powers of two, and sums count in 2^-30 of them. For other currencies oracle/fit.h chooses
  // others.
  float max_value = 1.0F;
  float max_price = 64.0F;
};

// Up to 32 impressions, as a market keeps them: a view.
struct ImpressionBlock {
  static constexpr int kWidth = 32;
  const float* values = nullptr;   // [seats][kWidth], values past num_lanes are finite
  const float* top_bid = nullptr;  // [4][kWidth], highest first, at the cap lowest seat first; 0 where there are fewer
  const uint8_t* top_seat = nullptr;  // [4][kWidth]; kNoSeat where there are fewer
  int num_lanes = kWidth;
};

// Responses of all seats, as sums of integers: the same for any order of calls and any number of threads. 48 seats and
// 500,000 impressions take 0.28 s on one thread and 0.16 s on two, about half without slots. Memory is 25 KB a seat and
// tick with the default grid.
class Responses {
 public:
  // Without `slots` nothing is kept for slot_curve, and only with `wins` something for win_curve, 4 bytes a point.
  Responses(int num_seats, int num_ticks, const Auction& auction = {}, const AlphaGrid& grid = {}, bool slots = true,
            bool wins = false);
  // A grid for each seat, all of one size.
  Responses(int num_ticks, const Auction& auction, std::vector<AlphaGrid> grids, bool slots, bool wins = false);

  void clear();  // forgets all that was added

  // Adds impressions of a tick for the seats in [first_seat, last_seat). Calls may run side by side if they differ in
  // tick or seats.
  void add(int tick, std::span<const ImpressionBlock> blocks, int first_seat, int last_seat);

  // Expected value and cost at the grid's points: what a bid of alpha x value gets, in a tick or in all of them.
  Curve bid_curve(int seat, int tick) const;
  Curve bid_curve(int seat) const;
  // Slots won, exposed or not, at the same points in a tick.
  std::vector<int64_t> win_curve(int seat, int tick) const;
  // The whole day where every impression's slot, or none, is the one with the highest value - cost / alpha. The last
  // point stands for any alpha.
  Curve slot_curve(int seat) const;

  // What a seat's whole day leaves out of its curves: what is bought at no alpha of the grid, and the value of what
  // costs max_price or more.
  Point beyond(int seat) const;
  double left_out(int seat) const;
  // What was seen in all that was added. Impressions and bids are counted by calls for seat 0, so that they count once.
  struct Seen {
    int64_t impressions = 0;
    float price = 0.0F;  // highest bid
    float value = 0.0F;  // highest
  };
  Seen seen() const;

  bool has_slots() const { return !slot_sums_.empty(); }
  bool has_wins() const { return !wins_.empty(); }
  int num_seats() const { return to_int(grids_.size()); }
  int num_ticks() const { return num_ticks_; }
  const Auction& auction() const { return auction_; }
  const AlphaGrid& grid(int seat) const { return at(grids_, seat); }
  const std::vector<AlphaGrid>& grids() const { return grids_; }

 private:
  struct Sum {
    int64_t value = 0;
    int64_t cost = 0;
  };
  // One entry for each point, then one for what joins beyond the last, then one for what never joins.
  size_t stride() const { return grids_.front().num_points() + 2; }
  size_t first_place(int seat, int tick) const { return to_size(seat * num_ticks_ + tick) * stride(); }
  Sum* bid_sums(int seat, int tick);
  const Sum* bid_sums(int seat, int tick) const;
  Curve cumulated(const Sum* sums) const;
  Point in_money(const Sum& sum) const;
  Sum at_place(int seat, size_t place) const;  // of a whole day

  int num_ticks_;
  Auction auction_;
  std::vector<AlphaGrid> grids_;  // by seat
  int64_t impressions_ = 0;
  int32_t highest_bid_ = 0, highest_value_ = 0;  // bits of floats from 0 on, which are in their order
  std::vector<Sum> bid_sums_;                    // [seat][tick][point]: what joins there
  std::vector<Sum> slot_sums_;                   // [seat][point]
  std::vector<int32_t> wins_;  // [seat][tick][point]: impressions of which a slot is won from there on
};

}  // namespace genbid::oracle
