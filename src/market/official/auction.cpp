#include "market/official/auction.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "market/auction/clearing_blocks.h"
#include "market/official/column_sums.h"
#include "numpy/numpy_random.h"
#include "numpy/numpy_sort.h"
#include "numpy/numpy_sum.h"

namespace genbid::market::official {
namespace {

constexpr int64_t kRowsPerTask = 512;

// A Bernoulli draw of probability p > 0 as NumPy's binomial makes it from one double (auctionnet.md 2.1.4).
bool bernoulli(double p, double draw) {
  if (p <= 0.5) return draw > std::exp(std::log1p(-p));
  return !(draw > std::exp(std::log1p(-(1.0 - p))));
}

// A Bernoulli draw of probability p above 0.5 succeeds at a draw of at most this (auctionnet.md 2.1.4).
double highest_success(double p) { return std::exp(std::log1p(-(1.0 - p))); }

// A block whose values are the bids, however high: clear_block cuts them at kMaxBid.
void clear_any(std::span<const float> bids, float reserve, BlockTopFour& out) {
  for (size_t lane = 0; lane < kBlockWidth; ++lane) {
    TopFour top;
    for (size_t seat = 0; seat < kSeats; ++seat) {
      const float bid = bids[seat * kBlockWidth + lane];
      if (bid < reserve || bid <= top.bid[3]) continue;
      size_t place = 3;
      for (; place > 0 && bid > top.bid[place - 1]; --place) {
        top.bid[place] = top.bid[place - 1];
        top.seat[place] = top.seat[place - 1];
      }
      top.bid[place] = bid;
      top.seat[place] = static_cast<uint8_t>(seat);
    }
    out.set(to_int(lane), top);
  }
}

// fill(leaf, sums) sums each leaf of a tick on any thread; then the leaves are combined, column by column.
template <typename Fill>
ColumnValues sum_columns(const PairwiseTree& tree, Threads* threads, const Fill& fill) {
  const auto& leaves = tree.leaves();
  std::vector<ColumnValues> parts(leaves.size());
  const auto sum_leaves = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto leaf = to_size(i);
      LeafSums sums(leaves[leaf]);
      for (int64_t pv = leaves[leaf].first; pv < leaves[leaf].last; ++pv) fill(pv, sums);
      parts[leaf] = sums.finish();
    }
  };
  const auto num_leaves = std::ssize(leaves);
  if (threads != nullptr) {
    threads->parallel_for(num_leaves, 4, sum_leaves);
  } else {
    sum_leaves(0, num_leaves);
  }
  ColumnValues total;
  for (size_t i = 0; i < total.size(); ++i) {
    total[i] = tree.combine([&](size_t leaf) { return parts[leaf][i]; });
  }
  return total;
}

}  // namespace

void TickTraffic::finish() {
  draws_before.resize(to_size(num_pv));
  above_zero.resize(to_size(num_pv));
  int64_t draws = 0;
  for (int64_t pv = 0; pv < num_pv; ++pv) {
    const double* values = row(pv);
    uint64_t above = 0;
    for (size_t i = 0; i < kSeats; ++i) above |= uint64_t{values[i] > 0.0} << i;
    at(draws_before, pv) = draws;
    at(above_zero, pv) = above;
    draws += std::popcount(above);
  }
  sum_pvalue =
      sum_columns(PairwiseTree(num_pv), nullptr, [&](int64_t pv, LeafSums& sums) { sums.add_row(pv, row(pv)); });
  for (size_t i = 0; i < kSeats; ++i) {
    mean_pvalue[i] = num_pv > 0 ? sum_pvalue[i] / as_double(num_pv) : 0.0;
  }
}

void SeedOneDraws::reserve(int64_t count) {
  if (count <= std::ssize(draws_)) return;
  numpy::Pcg64 stream(1);
  draws_.resize(to_size(count));
  for (double& draw : draws_) draw = stream.next_double();
}

Auction::Auction(const Corrections& corrections, uint64_t seed, const AuctionRule& rule)
    : rule_(rule),
      second_shown_(highest_success(rule.shown_after_previous[1])),
      third_shown_(highest_success(rule.shown_after_previous[2])),
      corrections_(corrections),
      exposures_(seed, "market.official.exposures"),
      samples_(seed, "market.official.samples"),
      conversions_(seed, "market.official.conversions"),
      drops_(seed, "market.official.drops") {}

int Auction::play(const TickTraffic& traffic, const Bids& bids, const Truncation& truncation, const SeedOneDraws& draws,
                  std::span<const double> remaining, Threads* threads) {
  bids_ = bids;
  matrix_ = {};
  any_squared_ = std::any_of(bids.begin(), bids.end(), [](const BidFormula& bid) { return bid.value_squared != 0.0; });
  return play_bids(traffic, truncation, draws, remaining, threads);
}

int Auction::play(const TickTraffic& traffic, std::span<const double> bids, const Truncation& truncation,
                  const SeedOneDraws& draws, std::span<const double> remaining, Threads* threads) {
  matrix_ = bids;
  return play_bids(traffic, truncation, draws, remaining, threads);
}

int Auction::play_bids(const TickTraffic& traffic, const Truncation& truncation, const SeedOneDraws& draws,
                       std::span<const double> remaining, Threads* threads) {
  traffic_ = &traffic;
  truncation_ = &truncation;
  draws_ = &draws;
  any_dropped_ = false;
  pass_costs_.clear();
  impressions_.resize(to_size(traffic.num_pv));

  const auto in_parts = [threads](int64_t count, const auto& part) {
    if (threads != nullptr) {
      threads->parallel_for(count, kRowsPerTask, part);
    } else {
      part(0, count);
    }
  };
  in_parts(traffic.num_pv, [&](int64_t begin, int64_t end) {
    for (int64_t pv = begin; pv < end; ++pv) clear(pv);
  });
  add_costs();
  int num_passes = 1;
  // A pass of the original clears the whole tick again, with the same random numbers: impressions whose bids have not
  // changed come out as before.
  for (; drop_wins(remaining); ++num_passes) {
    in_parts(std::ssize(affected_), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) clear(at(affected_, i));
    });
    add_costs();
  }
  add_outcomes(threads);
  return num_passes;
}

void Auction::row_bids(int64_t pv, double* bids) const {
  const double* values = traffic_->row(pv);
  if (!matrix_.empty()) {
    std::copy_n(matrix_.data() + to_size(pv) * kSeats, kSeats, bids);
  } else if (any_squared_) {
    for (size_t i = 0; i < kSeats; ++i) bids[i] = bid_of(bids_[i], values[i]);
  } else {
    for (size_t i = 0; i < kSeats; ++i) {
      const double bid = bids_[i].value * values[i];
      bids[i] = bid > 0.0 ? bid : 0.0;
    }
  }
  if (!any_dropped_) return;
  for (uint64_t lost = at(dropped_, pv); lost != 0; lost &= lost - 1) {
    bids[std::countr_zero(lost)] = 0.0;
  }
}

void Auction::clear(int64_t pv) {
  alignas(64) std::array<double, kSeats> bids;
  row_bids(pv, bids.data());

  // The four highest bids, equal ones in index order.
  std::array<double, 4> top = {-1.0, -1.0, -1.0, -1.0};
  std::array<uint8_t, 4> seat = {kNoSeat, kNoSeat, kNoSeat, kNoSeat};
  const double lowest = corrections_.zero_bids ? rule_.reserve : 0.0;
  for (size_t i = 0; i < kSeats; ++i) {
    const double bid = bids[i];
    if (bid <= top[3] || bid < lowest) continue;
    size_t place = 3;
    for (; place > 0 && bid > top[place - 1]; --place) {
      top[place] = top[place - 1];
      seat[place] = seat[place - 1];
    }
    top[place] = bid;
    seat[place] = static_cast<uint8_t>(i);
  }
  // Among equal bids NumPy's unstable sort decides (2.1.8), zero bids included (6.6).
  if (!corrections_.zero_bids && (top[0] == top[1] || top[1] == top[2] || top[2] == top[3])) {
    std::array<double, kSeats> keys;
    std::array<int64_t, kSeats> order{};
    for (size_t i = 0; i < kSeats; ++i) keys[i] = -bids[i];
    numpy::argsort(std::span<const double>(keys), std::span<int64_t>(order));
    for (size_t slot = 0; slot < kSlots; ++slot) seat[slot] = static_cast<uint8_t>(order[slot]);
  }

  Impression& impression = at(impressions_, pv);
  for (size_t slot = 0; slot < kSlots; ++slot) {
    impression.seat[slot] = seat[slot];
    impression.price[slot] = slot_price(top[slot + 1], rule_.reserve);
    impression.sold[slot] = sells(top[slot], impression.price[slot]);
  }
  draw_outcome(pv, impression);
}

// A slot whose price equals the reserve is not sold, whatever the bid (6.5).
bool Auction::sells(double bid, double price) const {
  return price != rule_.reserve || (corrections_.reserve && bid >= rule_.reserve);
}

double Auction::corrected_draw(const RandomStream& stream, int64_t pv, size_t place) const {
  const int64_t period = traffic_->period;
  const auto bits = stream.bits(low_word(to_size(pv) * kSeats + place), low_word(traffic_->tick), low_word(period),
                                high_word(period));
  return as_double((uint64_t{bits[0]} << 32 | bits[1]) >> 11) * 0x1p-53;
}

void Auction::draw_outcome(int64_t pv, Impression& impression) const {
  // The three draws go to the holders in index order. The holder of slot 1 gets one, too, though it is always shown
  // (6.7).
  const auto& seat = impression.seat;
  const int64_t first_draw = to_signed(kSlots) * pv;
  const auto draw_of = [&](size_t slot) {
    size_t rank = 0;
    for (size_t other = 0; other < kSlots; ++other) rank += seat[other] < seat[slot] ? 1 : 0;
    if (corrections_.draws) return corrected_draw(exposures_, pv, rank);
    return (*draws_)[first_draw + to_signed(rank)];
  };
  const bool second = draw_of(1) <= second_shown_;
  const bool third = second && draw_of(2) <= third_shown_;  // nothing shows below an empty place
  const std::array<bool, kSlots> shown = {true, second, third};
  for (size_t slot = 0; slot < kSlots; ++slot) {
    impression.exposed[slot] = shown[slot] && impression.sold[slot];
    impression.converted[slot] = impression.exposed[slot] && converts(pv, seat[slot]);
  }
}

bool Auction::converts(int64_t pv, size_t seat) const {
  const double value = traffic_->row(pv)[seat];
  const uint64_t above_zero = at(traffic_->above_zero, pv);
  if ((above_zero >> seat & 1U) == 0) return false;  // no draw
  const auto seed_one_draw = [&] {
    const int64_t in_row = std::popcount(above_zero & ((uint64_t{1} << seat) - 1));
    return (*draws_)[at(traffic_->draws_before, pv) + in_row];
  };
  const double draw = corrections_.draws ? corrected_draw(conversions_, pv, seat) : seed_one_draw();
  // The sampled probability is at most value + 2 x 0.3 value.
  if (value < 0.25 && draw < 1.0 - 1.7 * value) return false;
  const double uniform =
      corrections_.draws ? corrected_draw(samples_, pv, seat) : (*draws_)[pv * to_signed(kSeats) + to_signed(seat)];
  const double sample = (*truncation_)[seat].sample(uniform, value, traffic_->sigma(pv, seat));
  return bernoulli(std::clamp(sample, 0.0, 1.0), draw);
}

void Auction::add_costs() {
  std::array<double, kSeats>& costs = pass_costs_.emplace_back();
  costs.fill(0.0);
  for (const Impression& impression : impressions_) {
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (impression.exposed[slot]) costs[impression.seat[slot]] += impression.price[slot];
    }
  }
}

// AuctionNet draws the drops of every seat, slot and pass from the same seed (6.8); corrected, each has its own.
uint64_t Auction::drop_seed(size_t seat, size_t slot) const {
  if (!corrections_.drops) return 1;
  const int64_t period = traffic_->period;
  const size_t place = (to_size(traffic_->tick) * kSeats + seat) * kSlots + slot;
  const auto bits = drops_.bits(low_word(pass_costs_.size()), low_word(place), low_word(period), high_word(period));
  return uint64_t{bits[0]} << 32 | bits[1];
}

bool Auction::drop_wins(std::span<const double> remaining) {
  const std::array<double, kSeats>& costs = pass_costs_.back();
  std::array<double, kSeats> ratios{};
  bool any = false;
  for (size_t i = 0; i < kSeats; ++i) {
    ratios[i] = std::max(overspent_share(costs[i], remaining[i]), 0.0);
    any |= ratios[i] > 0.0;
  }
  if (!any) return false;
  if (!any_dropped_) {
    dropped_.assign(impressions_.size(), 0);
    any_dropped_ = true;
  }

  std::array<std::vector<int64_t>, kSeats * kSlots> wins;
  for (size_t pv = 0; pv < impressions_.size(); ++pv) {
    const Impression& impression = impressions_[pv];
    for (size_t slot = 0; slot < kSlots; ++slot) {
      const size_t seat = impression.seat[slot];
      if (impression.sold[slot] && ratios[seat] > 0.0) wins[seat * kSlots + slot].push_back(to_signed(pv));
    }
  }
  // A share of a slot's winners loses it, whether it is shown or not, although the share was computed from money spent
  // (6.8).
  affected_.clear();
  for (size_t seat = 0; seat < kSeats; ++seat) {
    for (size_t slot = 0; slot < kSlots; ++slot) {
      const std::vector<int64_t>& won = wins[seat * kSlots + slot];
      const auto count = static_cast<int64_t>(std::ceil(as_double(won.size()) * ratios[seat]));
      if (count <= 0) continue;
      numpy::Pcg64 stream(drop_seed(seat, slot));
      for (const int64_t chosen : numpy::choose(stream, std::ssize(won), count)) {
        const int64_t pv = at(won, chosen);
        at(dropped_, pv) |= uint64_t{1} << seat;
        affected_.push_back(pv);
      }
    }
  }
  if (affected_.empty()) {
    const auto seat = to_size(std::max_element(ratios.begin(), ratios.end()) - ratios.begin());
    throw Error("period " + std::to_string(traffic_->period) + ", tick " + std::to_string(traffic_->tick) + ", seat " +
                std::to_string(seat) + ": found cost " + shortest(costs[seat]) + " and remaining budget " +
                shortest(remaining[seat]) + ", but no slot sold that could be lost");
  }
  std::sort(affected_.begin(), affected_.end());
  affected_.erase(std::unique(affected_.begin(), affected_.end()), affected_.end());
  return true;
}

void Auction::add_outcomes(Threads* threads) {
  const PairwiseTree tree(traffic_->num_pv);
  const ColumnValues sum_bid = sum_columns(tree, threads, [&](int64_t pv, LeafSums& sums) {
    alignas(64) std::array<double, kSeats> bids;
    row_bids(pv, bids.data());
    sums.add_row(pv, bids.data());
  });
  const auto sum_exposed = [&](const auto& value) {
    return sum_columns(tree, threads, [&](int64_t pv, LeafSums& sums) {
      const Impression& impression = at(impressions_, pv);
      for (size_t slot = 0; slot < kSlots; ++slot) {
        if (impression.exposed[slot]) sums.add(pv, impression.seat[slot], value(pv, impression.seat[slot]));
      }
    });
  };
  const ColumnValues sum_pvalue_exposed = sum_exposed([&](int64_t pv, size_t seat) { return traffic_->row(pv)[seat]; });
  const ColumnValues sum_bid_exposed = sum_exposed([&](int64_t pv, size_t seat) { return bid(pv, seat); });
  const double sum_least_winning_cost =
      numpy::pairwise_sum(traffic_->num_pv, [&](int64_t pv) { return at(impressions_, pv).least_winning_cost(); });

  outcomes_.fill({});
  for (size_t i = 0; i < kSeats; ++i) {
    TickOutcome& outcome = outcomes_[i];
    outcome.sum_pvalue = traffic_->sum_pvalue[i];
    outcome.sum_bid = sum_bid[i];
    outcome.mean_least_winning_cost = traffic_->num_pv > 0 ? sum_least_winning_cost / as_double(traffic_->num_pv) : 0.0;
    outcome.sum_pvalue_exposed = sum_pvalue_exposed[i];
    outcome.sum_bid_exposed = sum_bid_exposed[i];
    outcome.cost = pass_costs_.back()[i];
  }
  for (int64_t pv = 0; pv < traffic_->num_pv; ++pv) {
    const Impression& impression = at(impressions_, pv);
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (!impression.sold[slot]) continue;
      TickOutcome& outcome = outcomes_[impression.seat[slot]];
      ++outcome.num_wins;
      if (!impression.exposed[slot]) continue;
      ++outcome.num_exposed;
      const double pvalue = traffic_->row(pv)[impression.seat[slot]];
      outcome.sum_pvalue_squared_exposed += pvalue * pvalue;
      outcome.sum_pvalue_cubed_exposed += pvalue * pvalue * pvalue;
      outcome.num_conversions += impression.converted[slot] ? 1 : 0;
    }
  }
}

void Auction::copy_impressions(Threads* threads, TickImpressions& out) const {
  out.reset(traffic_->num_pv, kNumSeats);
  const auto copy_rows = [&](int64_t begin, int64_t end) {
    for (int64_t pv = begin; pv < end; ++pv) {
      const size_t row = to_size(pv) * kSeats;
      std::copy_n(traffic_->row(pv), kSeats, out.pvalue.data() + row);
      for (size_t seat = 0; seat < kSeats; ++seat) out.sigma[row + seat] = traffic_->sigma(pv, seat);
      row_bids(pv, out.bid.data() + row);
      const Impression& impression = at(impressions_, pv);
      for (size_t slot = 0; slot < kSlots; ++slot) {
        if (!impression.sold[slot]) continue;
        const size_t place = row + impression.seat[slot];
        out.slot[place] = static_cast<uint8_t>(slot + 1);
        out.price[place] = impression.price[slot];
        out.exposed[place] = impression.exposed[slot] ? 1 : 0;
        out.conversion[place] = impression.converted[slot] ? 1 : 0;
      }
      at(out.least_winning_cost, pv) = impression.least_winning_cost();
    }
  };
  if (threads != nullptr) {
    threads->parallel_for(traffic_->num_pv, kRowsPerTask, copy_rows);
  } else {
    copy_rows(0, traffic_->num_pv);
  }
}

void Auction::copy_ladder(Threads* threads, TickLadder& out) const {
  const int64_t num_pv = traffic_->num_pv;
  const int64_t num_blocks = (num_pv + kBlockWidth - 1) / kBlockWidth;
  constexpr size_t kBlockSize = kSeats * kBlockWidth;
  out.tops.resize(to_size(num_blocks));
  out.own_values.resize(to_size(num_blocks) * kBlockSize);
  out.blocks.resize(to_size(num_blocks));
  // The auction of a block whose values are the bids.
  SeatBids everybody(rule_);
  for (int seat = 0; seat < kNumSeats; ++seat) everybody.add(seat, {.value = 1.0}, kMaxBid);
  const PackedBids packed(everybody);
  const auto copy_blocks = [&](int64_t first, int64_t last) {
    AlignedVector<float> bids(kBlockSize);
    for (int64_t block = first; block < last; ++block) {
      const auto b = to_size(block);
      float* const values = out.own_values.data() + b * kBlockSize;
      const int64_t first_pv = block * kBlockWidth;
      const auto num_lanes = to_size(std::min<int64_t>(kBlockWidth, num_pv - first_pv));
      for (size_t lane = 0; lane < kBlockWidth; ++lane) {
        const int64_t pv = first_pv + to_signed(lane);
        const double* const row = lane < num_lanes ? traffic_->row(pv) : nullptr;
        for (size_t seat = 0; seat < kSeats; ++seat) {
          values[seat * kBlockWidth + lane] = row != nullptr ? as_float(row[seat]) : 0.0F;
          bids[seat * kBlockWidth + lane] = row != nullptr ? as_float(bid(pv, seat)) : 0.0F;
        }
      }
      if (*std::max_element(bids.begin(), bids.end()) > kMaxBid) {
        clear_any(bids, everybody.reserve, out.tops[b]);
      } else {
        clear_block(bids.data(), packed, out.tops[b]);
      }
      out.blocks[b] = {values, &out.tops[b], to_int(num_lanes)};
    }
  };
  if (threads != nullptr) {
    threads->parallel_for(num_blocks, 16, copy_blocks);
  } else {
    copy_blocks(0, num_blocks);
  }
}

}  // namespace genbid::market::official
