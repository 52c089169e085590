#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/convert.h"
#include "base/random/random.h"
#include "base/threads.h"
#include "bidding/advertiser.h"
#include "bidding/auction_rule.h"
#include "bidding/tick_history.h"
#include "market/auction/impressions.h"
#include "market/auction/ladder.h"
#include "market/official/corrections.h"
#include "numpy/truncated_normal.h"

// AuctionNet's auction of one tick and its over-spend loop, bit for bit (auctionnet.md 2.4 to 2.6). Numbers are
// doubles, sums have NumPy's order, and the traps that the original has are kept, each named by its number in
// auctionnet.md section 6 where it happens, unless they are asked to be corrected.

namespace genbid::market::official {

inline constexpr size_t kSlots = 3;
inline constexpr size_t kSeats = size_t{kNumSeats};

// The impressions of one tick. Matrices are [num_pv][48].
struct TickTraffic {
  int64_t period = 0;  // for the draws of corrections, with `tick`
  int tick = 0;
  int64_t num_pv = 0;
  std::vector<double> pvalue;
  std::vector<double> sigma_ratio;  // sigma = ratio * p-value, one rounding; at most 0.3
  // A conversion draw is made only for a p-value above 0 (6.3). These tell how many of them earlier rows have, and
  // which seats of a row have one (as bits).
  std::vector<int64_t> draws_before;
  std::vector<uint64_t> above_zero;
  std::array<double, kSeats> sum_pvalue{};
  std::array<double, kSeats> mean_pvalue{};

  const double* row(int64_t pv) const { return pvalue.data() + to_size(pv) * kSeats; }
  double sigma(int64_t pv, size_t seat) const { return sigma_ratio[to_size(pv) * kSeats + seat] * row(pv)[seat]; }
  // Computes everything else from the matrices.
  void finish();
};

// The doubles of default_rng(1): exposure, sampled probability and conversion all read its beginning, in every tick
// and every pass (6.3), unless `draws` are corrected.
class SeedOneDraws {
 public:
  // From now on there are at least `count` of them. Nobody may read meanwhile.
  void reserve(int64_t count);
  double operator[](int64_t i) const { return at(draws_, i); }

 private:
  std::vector<double> draws_;
};

// What an impression became. Slots are 0..2; a slot whose price is the reserve is unsold (6.5), but its holder counts
// in everything that was decided before that rule. A slot without a holder (kNoSeat) there is only where `zero_bids`
// are corrected.
struct Impression {
  std::array<double, kSlots> price{};  // second to fourth bid, at least the reserve; the last: least winning cost
  std::array<uint8_t, kSlots> seat{};  // always three holders, whatever they bid (6.6)
  std::array<bool, kSlots> sold{};
  std::array<bool, kSlots> exposed{};  // and sold
  std::array<bool, kSlots> converted{};

  double least_winning_cost() const { return price[kSlots - 1]; }
};

// The bid of a formula. A negative bid is none (6.31). ABid's bid is (alpha v) v, rounded in this order.
inline double bid_of(const BidFormula& formula, double pvalue) {
  const double bid = formula.value * pvalue + formula.value_squared * pvalue * pvalue;
  return bid > 0.0 ? bid : 0.0;
}

// The truncated normal with the standard bounds -2 v1 and 2 v2.
inline numpy::TruncatedNormal truncation(const std::array<double, 2>& values) {
  return {-2.0 * values[0], 2.0 * values[1]};
}

// One tick of one cell.
class Auction {
 public:
  // The seed is of the streams that corrections draw from. The reserve is what AuctionNet's config says; its class has
  // another default (6.35).
  explicit Auction(const Corrections& corrections = {}, uint64_t seed = 1, const AuctionRule& rule = {});

  using Bids = std::array<BidFormula, kSeats>;  // {0, 0} for seats that may not bid
  using Truncation =
      std::vector<numpy::TruncatedNormal>;  // of each seat's conversion uncertainty, for a whole period (6.4)

  // Clears the tick until nobody spends more than `remaining`; the work is split over `threads` where given, and the
  // result does not depend on that. Returns the number of passes. `traffic` must stay until the next call.
  int play(const TickTraffic& traffic, const Bids& bids, const Truncation& truncation, const SeedOneDraws& draws,
           std::span<const double> remaining, Threads* threads);
  // Plays a matrix of bids, [num_pv][48], none of them negative. The matrix, too, must stay until the next call.
  int play(const TickTraffic& traffic, std::span<const double> bids, const Truncation& truncation,
           const SeedOneDraws& draws, std::span<const double> remaining, Threads* threads);

  // What the tick brought a seat.
  const TickOutcome& outcome(size_t seat) const { return outcomes_[seat]; }
  // What each seat would have spent in each pass, added up in the order of impressions. The last pass is what it does
  // spend.
  const std::vector<std::array<double, kSeats>>& pass_costs() const { return pass_costs_; }

  const Impression& impression(int64_t pv) const { return at(impressions_, pv); }
  // A seat's bid for an impression, 0 where over-spending took it.
  double bid(int64_t pv, size_t seat) const {
    if (dropped(pv, seat)) return 0.0;
    if (!matrix_.empty()) return matrix_[to_size(pv) * kSeats + seat];
    return bid_of(bids_[seat], traffic_->row(pv)[seat]);
  }
  // All of them.
  void copy_impressions(Threads* threads, TickImpressions& out) const;
  // The highest bids of all impressions, and all values, as floats.
  void copy_ladder(Threads* threads, TickLadder& out) const;

 private:
  bool dropped(int64_t pv, size_t seat) const { return any_dropped_ && (at(dropped_, pv) >> seat & 1U) != 0; }
  int play_bids(const TickTraffic& traffic, const Truncation& truncation, const SeedOneDraws& draws,
                std::span<const double> remaining, Threads* threads);
  void row_bids(int64_t pv, double* bids) const;
  void clear(int64_t pv);
  bool sells(double bid, double price) const;
  void draw_outcome(int64_t pv, Impression& impression) const;
  // A double that only the impression's number `place` has. It is the same in every pass.
  double corrected_draw(const RandomStream& stream, int64_t pv, size_t place) const;
  bool converts(int64_t pv, size_t seat) const;
  void add_costs();
  uint64_t drop_seed(size_t seat, size_t slot) const;
  bool drop_wins(std::span<const double> remaining);
  void add_outcomes(Threads* threads);

  AuctionRule rule_;
  double second_shown_, third_shown_;  // at a draw of at most this
  Corrections corrections_;
  RandomStream exposures_, samples_, conversions_, drops_;

  const TickTraffic* traffic_ = nullptr;
  const Truncation* truncation_ = nullptr;
  const SeedOneDraws* draws_ = nullptr;
  Bids bids_{};
  std::span<const double> matrix_;  // in place of bids_ where not empty
  bool any_squared_ = false;
  std::vector<Impression> impressions_;
  std::vector<uint64_t> dropped_;  // seats (bits) whose bid was taken, by impression; valid if any_dropped_
  bool any_dropped_ = false;
  std::vector<int64_t> affected_;
  std::vector<std::array<double, kSeats>> pass_costs_;
  std::array<TickOutcome, kSeats> outcomes_{};
};

}  // namespace genbid::market::official
