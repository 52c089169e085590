#include "market/clearing_blocks.h"

#include <algorithm>
#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "market/clearing_blocks.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "market/philox_simd.h"

#ifndef GENBID_CLEARING_BLOCKS_ONCE
#define GENBID_CLEARING_BLOCKS_ONCE
namespace genbid {
namespace {

constexpr int kGroup = 16;
constexpr int kAhead = kNumSeats * kBlockWidth;  // a block
static_assert(kMaxSeats % kGroup == 0);
// Below the bits of the lowest bid that competes.
constexpr uint32_t kBase = std::bit_cast<uint32_t>(kReserve) - 1;
static_assert(std::bit_cast<uint32_t>(kMaxBid) - kBase < 1U << 28);

}  // namespace
}  // namespace genbid
#endif

HWY_BEFORE_NAMESPACE();
namespace genbid::HWY_NAMESPACE {

// Highest first.
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

// The highest four of two sorted fours: one of each pair from opposite ends, a bitonic sequence, then sorted.
HWY_INLINE Four merged(const Four& a, const Four& b) {
  Four m = {hn::Max(a.k0, b.k3), hn::Max(a.k1, b.k2), hn::Max(a.k2, b.k1), hn::Max(a.k3, b.k0)};
  exchange(m.k0, m.k2);
  exchange(m.k1, m.k3);
  exchange(m.k0, m.k1);
  exchange(m.k2, m.k3);
  return m;
}

// Bids (numbers above kBase, 0: none) with the places of their bidders beside them.
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

// All places of `a` are lower than those of `b`.
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

// Sixteens of bidders at the lanes from `lane` on.
template <bool kPlain>
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
    const auto p = static_cast<size_t>(place);
    const float* row = values_ + bids_.row[p];
    // Into the second cache: the first has too few lines in flight for this stream, and clearing then takes twice as long.
    __builtin_prefetch(row + kAhead, 0, 2);
    const VF32 pvalue = hn::LoadU(f32, row);
    VF32 bid = hn::Mul(hn::Set(f32, bids_.value[p]), pvalue);
    if constexpr (!kPlain) {
      bid = hn::Add(bid, hn::Mul(hn::Set(f32, bids_.value_squared[p]), hn::Mul(pvalue, pvalue)));
      bid = hn::Min(bid, hn::Set(f32, kMaxBid));
    }
    // Negative bids are negative as integers, too.
    const auto bits = hn::Max(hn::BitCast(i32, bid), hn::Set(i32, static_cast<int32_t>(kBase)));
    // (bits - base) * 16 + 15 - i, modulo 2^32.
    return hn::Add(hn::ShiftLeft<4>(hn::BitCast(u32, bits)), hn::Set(u32, static_cast<uint32_t>(15 - i) - (kBase << 4)));
  }

  HWY_INLINE Four quad(int first, int i) const {
    return sorted(key(first + i, i), key(first + i + 1, i + 1), key(first + i + 2, i + 2), key(first + i + 3, i + 3));
  }

  const float* values_;
  const PackedBids& bids_;
};

template <bool kPlain>
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
      const Four four = Bidders<kPlain>(block_values, bids, lane).sixteen(first);
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
      return placed(four, static_cast<uint32_t>(group * kGroup));
    };
    Placed best = load(0);
    for (int group = 1; group * kGroup < bids.num_places; ++group) best = merged(best, load(group));
    for (size_t k = 0; k < 4; ++k) {
      const auto any = hn::Ne(best.bid[k], hn::Zero(u32));
      const VU32 bits = hn::IfThenElseZero(any, hn::Add(best.bid[k], hn::Set(u32, kBase)));
      hn::Store(hn::BitCast(f32, bits), f32, top.bid[k].data() + lane);
      auto seat = hn::BitCast(i32, best.place[k]);
      if (!bids.in_place) seat = hn::GatherIndex(i32, bids.seat.data(), seat);
      seat = hn::IfThenElse(hn::RebindMask(i32, any), seat, hn::Set(i32, kNoSeat));
      hn::StoreU(hn::DemoteTo(u8, seat), u8, top.seat[k].data() + lane);
    }
  }
}

void clear_block_lanes(const float* block_values, const PackedBids& bids, BlockTopFour& top) {
  if (bids.plain) {
    clear_lanes<true>(block_values, bids, top);
  } else {
    clear_lanes<false>(block_values, bids, top);
  }
}

void tally_block_lanes(const TickContext& context, const BlockView& block, const BlockTopFour& top, int64_t sign,
                       BlockSums& block_sums, TickSums& sums) {
  const F64 f64;
  const I64 i64;
  const hn::Rebind<float, F64> f32;
  const hn::Rebind<int32_t, F64> i32;
  const hn::Rebind<uint8_t, F64> u8;
  const size_t n = hn::Lanes(f64);
  const int num_slots = context.tick.num_slots;
  const float* values = block.values;
  const uint8_t* shown = block.shown;
  const float* draws = block.draws;

  const auto money = [&](auto value) HWY_ATTR {
    return hn::ConvertTo(i64, hn::Mul(hn::PromoteTo(f64, value), hn::Set(f64, 0x1p32)));
  };
  const auto expected = [&](auto value) HWY_ATTR {
    return hn::ConvertTo(i64, hn::Mul(hn::PromoteTo(f64, value), hn::Set(f64, 0x1p40)));
  };

  alignas(64) int64_t entries[kBlockWidth * 4];
  alignas(64) float holder_values[kBlockWidth];
  for (int slot = 0; slot < num_slots; ++slot) {
    const auto k = static_cast<size_t>(slot);
    for (size_t lane = 0; lane < kBlockWidth; ++lane) {
      const size_t seat = top.seat[k][lane];
      holder_values[lane] = seat == kNoSeat ? 0.0F : values[seat * kBlockWidth + lane];
    }
    const bool last_slot = slot + 1 == num_slots;
    auto least = hn::Zero(i64);
    for (size_t lane = 0; lane < kBlockWidth; lane += n) {
      const auto value = hn::Load(f32, holder_values + lane);
      const auto price = hn::Max(hn::Load(f32, top.bid[k + 1].data() + lane), hn::Set(f32, kReserve));
      const auto cost = money(price);
      if (last_slot) least = hn::Add(least, cost);
      // Held and shown.
      const auto seat = hn::PromoteTo(i32, hn::LoadU(u8, top.seat[k].data() + lane));
      const auto count = hn::PromoteTo(i32, hn::LoadU(u8, shown + lane));
      const auto exposed32 = hn::And(hn::Gt(count, hn::Set(i32, slot)), hn::Ne(seat, hn::Set(i32, kNoSeat)));
      const auto exposed = hn::RebindMask(i64, hn::Ne(hn::PromoteTo(i64, hn::IfThenElseZero(exposed32, hn::Set(i32, 1))), hn::Zero(i64)));
      const auto counters = hn::Or(hn::Set(i64, int64_t{1} << (16 * slot)),
                                   hn::IfThenElseZero(exposed, hn::Set(i64, int64_t{1} << 48)));
      const auto bid = hn::Load(f32, top.bid[k].data() + lane);
      hn::StoreInterleaved4(hn::IfThenElseZero(exposed, cost), hn::IfThenElseZero(exposed, expected(value)),
                            hn::IfThenElseZero(exposed, money(bid)), counters, i64, entries + 4 * lane);
      const auto draw = hn::LoadU(f32, draws + k * kBlockWidth + lane);
      const auto maybe = hn::And(hn::RebindMask(f32, exposed32), hn::Lt(draw, hn::Mul(hn::Set(f32, 1.25F), value)));
      if (!hn::AllFalse(f32, maybe)) {
        for (size_t l = lane; l < lane + n; ++l) {
          const size_t who = top.seat[k][l];
          if (who == kNoSeat || shown[l] <= slot) continue;
          const int64_t pv = block.pvs != nullptr ? block.pvs[l] : block.first_pv + static_cast<int64_t>(l);
          if (context.traffic.converts(context.factors, context.tick.tick, pv, static_cast<int>(who), holder_values[l],
                                       draws[k * kBlockWidth + l])) {
            sums.seats[who].conversions += sign;
          }
        }
      }
    }
    if (last_slot) {
      // Lanes that are no impressions were counted at the reserve.
      block_sums.least_winning_cost += hn::GetLane(hn::SumOfLanes(i64, least)) -
                                       (kBlockWidth - block.num_lanes) * to_money(static_cast<double>(kReserve));
    }
    for (size_t lane = 0; lane < kBlockWidth; ++lane) {
      const size_t seat = std::min<size_t>(top.seat[k][lane], kMaxSeats);
      int64_t* to = block_sums.seats[seat].data();
      const int64_t* from = entries + 4 * lane;
      const hn::CappedTag<int64_t, 4> four;
      for (size_t i = 0; i < 4; i += hn::Lanes(four)) {
        hn::Store(hn::Add(hn::Load(four, to + i), hn::Load(four, from + i)), four, to + i);
      }
    }
  }
}

void find_wins_lanes(std::span<const BlockTopFour> tops, int slot, int seat, std::vector<int64_t>& pvs) {
  const hn::CappedTag<uint8_t, kBlockWidth> u8;
  const auto wanted = hn::Set(u8, static_cast<uint8_t>(seat));
  pvs.clear();
  int64_t first_pv = 0;
  for (const BlockTopFour& top : tops) {
    const uint8_t* seats = top.seat[static_cast<size_t>(slot)].data();
    for (size_t lane = 0; lane < kBlockWidth; lane += hn::Lanes(u8)) {
      const auto found = hn::Eq(hn::LoadU(u8, seats + lane), wanted);
      if (hn::AllFalse(u8, found)) continue;
      uint8_t bytes[8] = {};
      hn::StoreMaskBits(u8, found, bytes);
      uint64_t bits = 0;
      std::memcpy(&bits, bytes, sizeof bits);
      for (; bits != 0; bits &= bits - 1) {
        pvs.push_back(first_pv + static_cast<int64_t>(lane) + std::countr_zero(bits));
      }
    }
    first_pv += kBlockWidth;
  }
}

void make_drop_keys_lanes(const RandomStream& stream, int64_t period, int tick, int seat, std::span<const int64_t> pvs,
                          std::vector<DropKey>& keys) {
  const U64 u64;
  const size_t n = hn::Lanes(u64);
  const auto p = static_cast<uint64_t>(period);
  keys.resize((pvs.size() + n - 1) / n * n);
  alignas(64) uint64_t counter[8] = {};
  alignas(64) uint64_t key[8] = {};
  for (size_t first = 0; first < pvs.size(); first += n) {
    const size_t count = std::min(n, pvs.size() - first);
    for (size_t i = 0; i < count; ++i) counter[i] = static_cast<uint64_t>(pvs[first + i]);
    Counters x = {hn::Load(u64, counter), hn::Set(u64, place_of(tick, seat)), hn::Set(u64, p & 0xffffffffU),
                  hn::Set(u64, p >> 32)};
    philox_rounds(stream.key0(), stream.key1(), x);
    const VU64 low = hn::And(x.b, hn::Set(u64, 0xffffffffU));
    hn::Store(hn::Or(hn::ShiftLeft<32>(x.a), low), u64, key);
    for (size_t i = 0; i < count; ++i) keys[first + i] = {key[i], pvs[first + i]};
  }
  keys.resize(pvs.size());
}

}  // namespace genbid::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace genbid {

HWY_EXPORT(clear_block_lanes);
HWY_EXPORT(tally_block_lanes);
HWY_EXPORT(find_wins_lanes);
HWY_EXPORT(make_drop_keys_lanes);

PackedBids::PackedBids(const SeatBids& bids) {
  const auto n = static_cast<size_t>(bids.num_bidding);
  num_places = std::max(kGroup, (bids.num_bidding + kGroup - 1) / kGroup * kGroup);
  for (size_t place = 0; place < n; ++place) {
    const size_t s = bids.bidding[place];
    value[place] = bids.value[s];
    value_squared[place] = bids.value_squared[s];
    row[place] = static_cast<int32_t>(s) * kBlockWidth;
    seat[place] = static_cast<int32_t>(s);
    plain = plain && value_squared[place] == 0.0F && value[place] <= kMaxBid;
    in_place = in_place && s == place;
  }
}

void clear_block(const float* block_values, const PackedBids& bids, BlockTopFour& top) {
  HWY_DYNAMIC_DISPATCH(clear_block_lanes)(block_values, bids, top);
}

void tally_block(const TickContext& context, const BlockView& block, const BlockTopFour& top, int64_t sign,
                 BlockSums& block_sums, TickSums& sums) {
  HWY_DYNAMIC_DISPATCH(tally_block_lanes)(context, block, top, sign, block_sums, sums);
}

void BlockSums::add_to(int64_t sign, TickSums& sums) const {
  for (size_t s = 0; s < sums.seats.size(); ++s) {
    SeatSums& sum = sums.seats[s];
    const auto& [cost, pvalue, bid, counters] = seats[s];
    sum.cost += sign * cost;
    sum.pvalue_exposed += sign * pvalue;
    sum.bid_exposed += sign * bid;
    for (size_t slot = 0; slot < kNumSlots; ++slot) sum.wins[slot] += sign * (counters >> (16 * slot) & 0xffff);
    sum.exposed += sign * static_cast<int64_t>(static_cast<uint64_t>(counters) >> 48);
  }
  sums.least_winning_cost += sign * least_winning_cost;
}

void find_wins(std::span<const BlockTopFour> tops, int slot, int seat, std::vector<int64_t>& pvs) {
  HWY_DYNAMIC_DISPATCH(find_wins_lanes)(tops, slot, seat, pvs);
}

void make_drop_keys(const RandomStream& stream, int64_t period, int tick, int seat, std::span<const int64_t> pvs,
                    std::vector<DropKey>& keys) {
  HWY_DYNAMIC_DISPATCH(make_drop_keys_lanes)(stream, period, tick, seat, pvs, keys);
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

}  // namespace genbid
#endif  // HWY_ONCE
