#include "market/auction/clearing_blocks.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "market/auction/clearing_blocks.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "base/convert.h"
#include "market/traffic/philox_simd.h"

#ifndef GENBID_CLEARING_BLOCKS_ONCE
#define GENBID_CLEARING_BLOCKS_ONCE
namespace genbid::market {
namespace {

constexpr int kGroup = 16;
constexpr int kAhead = kNumSeats * kBlockWidth;  // how many values ahead memory is fetched: a block
static_assert(kMaxSeats % kGroup == 0);
// 2^52 units of money, of expected conversions and of powers of p-values (money.h). The last bit of a double of this
// size is one unit, so whatever is added to it is rounded to whole units.
constexpr double kMoneyOne = 0x1p20;
constexpr double kExpectedOne = 0x1p12;
constexpr double kPowerOne = 0x1p2;
static_assert(sizeof(DropKey) == 2 * sizeof(uint64_t));

AlignedVector<uint32_t>& scratch_places() {
  thread_local AlignedVector<uint32_t> places;
  return places;
}

}  // namespace
}  // namespace genbid::market
#endif

HWY_BEFORE_NAMESPACE();
namespace genbid::market::HWY_NAMESPACE {

// Four keys of every lane, the highest first.
struct Four {
  VU32 k0, k1, k2, k3;
};

HWY_INLINE void exchange(VU32& high, VU32& low) {
  const VU32 a = high;
  high = hn::Max(a, low);
  low = hn::Min(a, low);
}

HWY_INLINE Four sorted(VU32 a, VU32 b, VU32 c, VU32 d) {
  exchange(a, b);
  exchange(c, d);
  exchange(a, c);
  exchange(b, d);
  exchange(b, c);
  return {a, b, c, d};
}

// The highest four of two sorted fours: the higher one of each pair from opposite ends. They come out as a bitonic
// sequence, which two rounds of exchanges sort.
HWY_INLINE Four merged(const Four& a, const Four& b) {
  Four m = {hn::Max(a.k0, b.k3), hn::Max(a.k1, b.k2), hn::Max(a.k2, b.k1), hn::Max(a.k3, b.k0)};
  exchange(m.k0, m.k2);
  exchange(m.k1, m.k3);
  exchange(m.k0, m.k1);
  exchange(m.k2, m.k3);
  return m;
}

// Bids with the places of their bidders beside them. A bid is its bits less the base, and 0 where there is none.
struct Placed {
  VU32 bid[4], place[4];
};

HWY_INLINE Placed placed(const Four& keys, uint32_t first_place) {
  const U32 u32;
  Placed out;
  const VU32 mask = hn::Set(u32, 15);
  const VU32 last = hn::Set(u32, first_place + 15);
  const VU32 k[4] = {keys.k0, keys.k1, keys.k2, keys.k3};
  for (int i = 0; i < 4; ++i) {
    out.bid[i] = hn::ShiftRight<4>(k[i]);
    out.place[i] = hn::Sub(last, hn::And(k[i], mask));
  }
  return out;
}

HWY_INLINE void exchange(Placed& m, int high, int low) {
  const auto above = hn::Gt(m.bid[low], m.bid[high]);
  const auto equal = hn::Eq(m.bid[low], m.bid[high]);
  const auto swap = hn::Or(above, hn::And(equal, hn::Lt(m.place[low], m.place[high])));
  const VU32 bid = m.bid[high];
  m.bid[high] = hn::Max(bid, m.bid[low]);
  m.bid[low] = hn::Min(bid, m.bid[low]);
  const VU32 place = m.place[high];
  m.place[high] = hn::IfThenElse(swap, m.place[low], place);
  m.place[low] = hn::IfThenElse(swap, place, m.place[low]);
}

// The highest four of two such fours, where all places of `a` are lower than those of `b`.
HWY_INLINE Placed merged(const Placed& a, const Placed& b) {
  Placed m;
  for (int i = 0; i < 4; ++i) {
    const auto later = hn::Gt(b.bid[3 - i], a.bid[i]);
    m.bid[i] = hn::Max(a.bid[i], b.bid[3 - i]);
    m.place[i] = hn::IfThenElse(later, b.place[3 - i], a.place[i]);
  }
  exchange(m, 0, 2);
  exchange(m, 1, 3);
  exchange(m, 0, 1);
  exchange(m, 2, 3);
  return m;
}

// The bids of a tick's bidders as keys, sixteen bidders at a time, at the lanes from `lane` on.
template <bool kPlain, bool kOwnReserves>
class Bidders {
 public:
  Bidders(const float* values, const PackedBids& bids, size_t lane) : values_(values + lane), bids_(bids) {}

  HWY_INLINE Four sixteen(int first) const {
    return merged(merged(quad(first, 0), quad(first, 4)), merged(quad(first, 8), quad(first, 12)));
  }

 private:
  // The key of the bidder at `place`, number i of its sixteen.
  HWY_INLINE VU32 key(int place, int i) const {
    const U32 u32;
    const F32 f32;
    const I32 i32;
    const auto p = to_size(place);
    const float* row = values_ + bids_.row[p];
    // Memory is fetched into the second cache. The first has too few lines in flight for this stream, and clearing then
    // takes twice as long.
    __builtin_prefetch(row + kAhead, 0, 2);
    const VF32 pvalue = hn::LoadU(f32, row);
    VF32 bid = hn::Mul(hn::Set(f32, bids_.value[p]), pvalue);
    if constexpr (!kPlain) {
      bid = hn::Add(bid, hn::Mul(hn::Set(f32, bids_.value_squared[p]), hn::Mul(pvalue, pvalue)));
      bid = hn::Min(bid, hn::Set(f32, kMaxBid));
    }
    // A negative bid is negative as an integer, too, so the maximum below leaves it at the base: no bid.
    auto bits = hn::BitCast(i32, bid);
    if constexpr (kOwnReserves) {
      bits = hn::IfThenZeroElse(hn::Lt(bits, hn::Set(i32, bids_.lowest_bits[p])), bits);
    }
    bits = hn::Max(bits, hn::Set(i32, static_cast<int32_t>(bids_.base)));
    // This is (bits - base) * 16 + 15 - i, modulo 2^32.
    return hn::Add(hn::ShiftLeft<4>(hn::BitCast(u32, bits)), hn::Set(u32, at(bids_.key_offset, i)));
  }

  HWY_INLINE Four quad(int first, int i) const {
    return sorted(key(first + i, i), key(first + i + 1, i + 1), key(first + i + 2, i + 2), key(first + i + 3, i + 3));
  }

  const float* values_;
  const PackedBids& bids_;
};

template <bool kPlain, bool kOwnReserves>
HWY_INLINE void clear_lanes(const float* block_values, const PackedBids& bids, BlockTopFour& top) {
  const U32 u32;
  const I32 i32;
  const F32 f32;
  const hn::Rebind<uint8_t, U32> u8;
  const size_t n = hn::Lanes(u32);
  // The best four of each sixteen, all lanes of a sixteen before the next: memory is read from front to back.
  alignas(64) uint32_t best_of[kMaxSeats / kGroup][4][kBlockWidth];
  for (int first = 0; first < bids.num_places; first += kGroup) {
    auto& keys = best_of[first / kGroup];
    for (size_t lane = 0; lane < kBlockWidth; lane += n) {
      const Four four = Bidders<kPlain, kOwnReserves>(block_values, bids, lane).sixteen(first);
      hn::Store(four.k0, u32, keys[0] + lane);
      hn::Store(four.k1, u32, keys[1] + lane);
      hn::Store(four.k2, u32, keys[2] + lane);
      hn::Store(four.k3, u32, keys[3] + lane);
    }
  }
  for (size_t lane = 0; lane < kBlockWidth; lane += n) {
    const auto load = [&](int group) HWY_ATTR {
      const auto& keys = best_of[group];
      const Four four = {hn::Load(u32, keys[0] + lane), hn::Load(u32, keys[1] + lane), hn::Load(u32, keys[2] + lane),
                         hn::Load(u32, keys[3] + lane)};
      return placed(four, low_word(group * kGroup));
    };
    Placed best = load(0);
    for (int group = 1; group * kGroup < bids.num_places; ++group) best = merged(best, load(group));
    for (size_t k = 0; k < 4; ++k) {
      const auto any = hn::Ne(best.bid[k], hn::Zero(u32));
      const VU32 bits = hn::IfThenElseZero(any, hn::Add(best.bid[k], hn::Set(u32, bids.base)));
      hn::Store(hn::BitCast(f32, bits), f32, top.bid[k].data() + lane);
      auto seat = hn::BitCast(i32, best.place[k]);
      if (!bids.in_place) seat = hn::GatherIndex(i32, bids.seat.data(), seat);
      seat = hn::IfThenElse(hn::RebindMask(i32, any), seat, hn::Set(i32, kNoSeat));
      hn::StoreU(hn::DemoteTo(u8, seat), u8, top.seat[k].data() + lane);
    }
  }
}

void clear_block_lanes(const float* block_values, const PackedBids& bids, BlockTopFour& top) {
  if (bids.own_reserves) {
    clear_lanes<false, true>(block_values, bids, top);
  } else if (bids.plain) {
    clear_lanes<true, false>(block_values, bids, top);
  } else {
    clear_lanes<false, false>(block_values, bids, top);
  }
}

// Values as numbers of units (money.h): the last bits of a double to which `one`, 2^52 units, was added.
HWY_INLINE hn::Vec<I64> units(hn::Vec<F64> value, double one) {
  const F64 f64;
  const I64 i64;
  const auto sum = hn::BitCast(i64, hn::Add(value, hn::Set(f64, one)));
  return hn::Sub(sum, hn::Set(i64, std::bit_cast<int64_t>(one)));
}

template <bool kOwnReserves>
HWY_INLINE void tally_lanes(const TickContext& context, const SeatBids& seat_bids, const BlockView& block,
                            const BlockTopFour& top, int64_t sign, BlockSums& block_sums, TickSums& sums) {
  const F64 f64;
  const I64 i64;
  const hn::Rebind<float, F64> half32;  // as many lanes as f64
  const hn::Rebind<int32_t, F64> half_i32;
  const F32 f32;
  const I32 i32;
  const hn::Rebind<uint8_t, I32> u8;
  const hn::CappedTag<int64_t, 4> four;
  const size_t n = hn::Lanes(f64);
  const int num_slots = context.tick.num_slots;
  const VF32 reserve = hn::Set(f32, seat_bids.reserve);
  const auto nobody = hn::Set(i32, kNoSeat);
  const auto one_more = hn::Set(i64, int64_t{1} << 52);

  alignas(64) float prices[kBlockWidth];
  alignas(64) float costs[kBlockWidth];
  alignas(64) float values[kBlockWidth];
  alignas(64) int32_t exposed[kBlockWidth];
  [[maybe_unused]] alignas(64) float reserves[kBlockWidth];  // of the holders
  alignas(64) int64_t entries[kBlockWidth * 4];
  for (int slot = 0; slot < num_slots; ++slot) {
    const auto k = to_size(slot);
    const uint8_t* seats = top.seat[k].data();
    const float* draws = block.draws + k * kBlockWidth;
#pragma GCC unroll 8
    for (size_t lane = 0; lane < kBlockWidth; ++lane) {
      const size_t seat = seats[lane] == kNoSeat ? 0 : seats[lane];
      values[lane] = block.values[seat * kBlockWidth + lane];
      if constexpr (kOwnReserves) reserves[lane] = seat_bids.reserve_of[seat];
    }
    for (size_t lane = 0; lane < kBlockWidth; lane += hn::Lanes(f32)) {
      // What counts is held and shown.
      const auto count = hn::PromoteTo(i32, hn::LoadU(u8, block.shown + lane));
      const auto seat = hn::PromoteTo(i32, hn::LoadU(u8, seats + lane));
      const auto counts = hn::And(hn::Gt(count, hn::Set(i32, slot)), hn::Ne(seat, nobody));
      const auto paid = hn::RebindMask(f32, counts);
      const VF32 price = hn::Max(hn::Load(f32, top.bid[k + 1].data() + lane), reserve);
      const VF32 value = hn::IfThenElseZero(paid, hn::Load(f32, values + lane));
      hn::Store(price, f32, prices + lane);
      VF32 charged = price;
      if constexpr (kOwnReserves) charged = hn::Max(price, hn::Load(f32, reserves + lane));
      hn::Store(hn::IfThenElseZero(paid, charged), f32, costs + lane);
      hn::Store(value, f32, values + lane);
      hn::Store(hn::IfThenElseZero(counts, hn::Set(i32, 1)), i32, exposed + lane);
      // As may_convert in traffic_blocks.h: a draw above this converts under no sigma.
      const auto maybe = hn::Lt(hn::LoadU(f32, draws + lane), hn::Mul(hn::Set(f32, 1.25F), value));
      if (hn::AllFalse(f32, maybe)) continue;
      for (size_t l = lane; l < lane + hn::Lanes(f32); ++l) {
        if (exposed[l] == 0) continue;
        const int64_t pv = block.pvs != nullptr ? block.pvs[l] : block.first_pv + to_signed(l);
        if (context.traffic.converts(context.factors, context.tick.tick, pv, seats[l], values[l], draws[l])) {
          sums.seats[seats[l]].conversions += sign;
        }
      }
    }
    if (seat_bids.special != 0) {
      for (size_t lane = 0; lane < kBlockWidth; ++lane) {
        if (exposed[lane] == 0 || (seat_bids.special >> seats[lane] & 1U) == 0) continue;
        sums.seats[seats[lane]].bid_exposed += sign * to_money(as_double(top.bid[k][lane]));
      }
    }

    auto least = hn::Zero(i64);
    for (size_t lane = 0; lane < kBlockWidth; lane += n) {
      const auto pvalue = hn::PromoteTo(f64, hn::Load(half32, values + lane));
      const auto cost = hn::Add(units(hn::PromoteTo(f64, hn::Load(half32, costs + lane)), kMoneyOne), one_more);
      const auto shown = hn::ShiftLeft<52>(hn::PromoteTo(i64, hn::Load(half_i32, exposed + lane)));
      const auto expected = hn::Add(units(pvalue, kExpectedOne), shown);
      const auto square = hn::Mul(pvalue, pvalue);
      const auto squared = units(square, kPowerOne);
      const auto cubed = units(hn::Mul(square, pvalue), kPowerOne);
      hn::StoreInterleaved4(cost, expected, squared, cubed, i64, entries + 4 * lane);
      if (slot + 1 == num_slots) {
        least = hn::Add(least, units(hn::PromoteTo(f64, hn::Load(half32, prices + lane)), kMoneyOne));
      }
    }
    if (slot + 1 == num_slots) {
      // Lanes that are no impressions were counted at the reserve.
      block_sums.least_winning_cost += hn::GetLane(hn::SumOfLanes(i64, least)) -
                                       (kBlockWidth - block.num_lanes) * to_money(as_double(seat_bids.reserve));
    }
#pragma GCC unroll 8
    for (size_t lane = 0; lane < kBlockWidth; ++lane) {
      int64_t* to = block_sums.seats[seats[lane]].data();
      const int64_t* from = entries + 4 * lane;
      for (size_t i = 0; i < 4; i += hn::Lanes(four)) {
        hn::Store(hn::Add(hn::Load(four, to + i), hn::Load(four, from + i)), four, to + i);
      }
    }
  }
}

void tally_block_lanes(const TickContext& context, const SeatBids& seat_bids, const BlockView& block,
                       const BlockTopFour& top, int64_t sign, BlockSums& block_sums, TickSums& sums) {
  if (seat_bids.own_reserves) {
    tally_lanes<true>(context, seat_bids, block, top, sign, block_sums, sums);
  } else {
    tally_lanes<false>(context, seat_bids, block, top, sign, block_sums, sums);
  }
}

// Writes where a seat holds a slot, in order, and returns how often. It may write up to 32 numbers more.
HWY_INLINE size_t find_seat(std::span<const BlockTopFour> tops, size_t slot, int seat, uint32_t* const places) {
  size_t count = 0;
  uint32_t first_pv = 0;
#if HWY_TARGET == HWY_AVX3
  // There are no branches, which would be guessed wrong in every other block. The numbers are compressed in a register
  // and then stored, since some processors take a hundred cycles to compress into memory.
  const U32 u32;
  const I32 i32;
  const hn::Rebind<uint8_t, I32> u8;
  const auto wanted = hn::Set(i32, seat);
  const VU32 lane_numbers = hn::Iota(u32, 0);
  for (const BlockTopFour& top : tops) {
    const uint8_t* seats = top.seat[slot].data();
    for (size_t lane = 0; lane < kBlockWidth; lane += hn::Lanes(u32)) {
      const auto found = hn::RebindMask(u32, hn::Eq(hn::PromoteTo(i32, hn::LoadU(u8, seats + lane)), wanted));
      const VU32 here = hn::Add(lane_numbers, hn::Set(u32, first_pv + low_word(lane)));
      hn::StoreU(hn::Compress(here, found), u32, places + count);
      count += hn::CountTrue(u32, found);
    }
    first_pv += kBlockWidth;
  }
#else
  const hn::CappedTag<uint8_t, kBlockWidth> u8;
  const auto wanted = hn::Set(u8, static_cast<uint8_t>(seat));
  for (const BlockTopFour& top : tops) {
    const uint8_t* seats = top.seat[slot].data();
    for (size_t lane = 0; lane < kBlockWidth; lane += hn::Lanes(u8)) {
      const auto found = hn::Eq(hn::LoadU(u8, seats + lane), wanted);
      if (hn::AllFalse(u8, found)) continue;
      uint8_t bytes[8] = {};
      hn::StoreMaskBits(u8, found, bytes);
      uint64_t bits = 0;
      std::memcpy(&bits, bytes, sizeof bits);
      for (; bits != 0; bits &= bits - 1) {
        places[count++] = first_pv + low_word(lane) + low_word(std::countr_zero(bits));
      }
    }
    first_pv += kBlockWidth;
  }
#endif
  return count;
}

size_t find_wins_lanes(std::span<const BlockTopFour> tops, int slot, int seat, const RandomStream& stream,
                       int64_t period, int tick, std::vector<DropKey>& wins) {
  const U64 u64;
  const hn::Rebind<uint32_t, U64> half_u32;
  const size_t n = hn::Lanes(u64);
  // First come the places, then their keys. Behind the last place there is room for the rest of a vector.
  AlignedVector<uint32_t>& places = scratch_places();
  if (places.size() < tops.size() * kBlockWidth + kBlockWidth) places.resize(tops.size() * kBlockWidth + kBlockWidth);
  const size_t count = find_seat(tops, to_size(slot), seat, places.data());
  const size_t whole = (count + n - 1) / n * n;
  for (size_t i = count; i < whole; ++i) places[i] = 0;
  if (wins.size() < whole) wins.resize(whole);
  const VU64 low_half = hn::Set(u64, 0xffffffffU);
  for (size_t first = 0; first < whole; first += n) {
    const VU64 pv = hn::PromoteTo(u64, hn::LoadU(half_u32, places.data() + first));
    Counters x = {pv, hn::Set(u64, place_of(tick, seat)), hn::Set(u64, low_word(period)),
                  hn::Set(u64, high_word(period))};
    philox_rounds(stream.key0(), stream.key1(), x);
    const VU64 key = hn::Or(hn::ShiftLeft<32>(x.a), hn::And(x.b, low_half));
    hn::StoreInterleaved2(key, pv, u64, reinterpret_cast<uint64_t*>(wins.data() + first));
  }
  return count;
}

}  // namespace genbid::market::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace genbid::market {

HWY_EXPORT(clear_block_lanes);
HWY_EXPORT(tally_block_lanes);
HWY_EXPORT(find_wins_lanes);

PackedBids::PackedBids(const SeatBids& bids) {
  const auto n = to_size(bids.num_bidding);
  plain = bids.special == 0;
  base = std::bit_cast<uint32_t>(bids.reserve) - 1;
  assert(bids.reserve > 0.0F && std::bit_cast<uint32_t>(kMaxBid) - base < 1U << 28);
  for (size_t i = 0; i < key_offset.size(); ++i) key_offset[i] = low_word(15 - i) - (base << 4);
  own_reserves = bids.own_reserves;
  num_places = std::max(kGroup, (bids.num_bidding + kGroup - 1) / kGroup * kGroup);
  for (size_t place = 0; place < n; ++place) {
    const size_t s = bids.bidding[place];
    value[place] = bids.value[s];
    value_squared[place] = bids.value_squared[s];
    row[place] = to_int(s) * kBlockWidth;
    seat[place] = to_int(s);
    if (own_reserves) lowest_bits[place] = std::bit_cast<int32_t>(bids.reserve_of[s]);
    in_place = in_place && s == place;
  }
}

void clear_block(const float* block_values, const PackedBids& bids, BlockTopFour& top) {
  HWY_DYNAMIC_DISPATCH(clear_block_lanes)(block_values, bids, top);
}

void tally_block(const TickContext& context, const SeatBids& bids, const BlockView& block, const BlockTopFour& top,
                 int64_t sign, BlockSums& block_sums, TickSums& sums) {
  HWY_DYNAMIC_DISPATCH(tally_block_lanes)(context, bids, block, top, sign, block_sums, sums);
}

void BlockSums::clear() {
  std::fill_n(seats.begin(), kMaxSeats, std::array<int64_t, 4>{});
  seats[kNoSeat] = {};
  least_winning_cost = 0;
}

void BlockSums::add_to(int64_t sign, TickSums& sums) const {
  constexpr int64_t kBelow = (int64_t{1} << 52) - 1;
  const auto count_above = [](int64_t sum) { return to_signed(static_cast<uint64_t>(sum) >> 52); };
  for (size_t s = 0; s < sums.seats.size(); ++s) {
    const auto& [cost, expected, squared, cubed] = seats[s];
    SeatSums& sum = sums.seats[s];
    sum.cost += sign * (cost & kBelow);
    sum.wins += sign * count_above(cost);
    sum.pvalue_exposed += sign * (expected & kBelow);
    sum.squared_exposed += sign * squared;
    sum.cubed_exposed += sign * cubed;
    sum.exposed += sign * count_above(expected);
  }
  sums.least_winning_cost += sign * least_winning_cost;
}

size_t find_wins(std::span<const BlockTopFour> tops, int slot, int seat, const RandomStream& stream, int64_t period,
                 int tick, std::vector<DropKey>& wins) {
  return HWY_DYNAMIC_DISPATCH(find_wins_lanes)(tops, slot, seat, stream, period, tick, wins);
}

std::vector<const char*> simd_targets() {
  std::vector<const char*> names;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) names.push_back(hwy::TargetName(target));
  return names;
}

void use_simd_target(const char* name) {
  hwy::SetSupportedTargetsForTest(0);
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (name != nullptr && std::strcmp(hwy::TargetName(target), name) == 0) hwy::SetSupportedTargetsForTest(target);
  }
  hwy::GetChosenTarget().DeInit();
}

}  // namespace genbid::market
#endif  // HWY_ONCE
