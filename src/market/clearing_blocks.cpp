#include "market/clearing_blocks.h"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "market/clearing_blocks.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef GENBID_CLEARING_BLOCKS_ONCE
#define GENBID_CLEARING_BLOCKS_ONCE
namespace genbid {
namespace {

constexpr int kGroup = 16;
constexpr int kNumGroups = kMaxSeats / kGroup;
// Below the bits of the lowest bid that competes.
constexpr uint32_t kBase = std::bit_cast<uint32_t>(kReserve) - 1;
static_assert(std::bit_cast<uint32_t>(kMaxBid) - kBase < 1U << 28);

}  // namespace
}  // namespace genbid
#endif

HWY_BEFORE_NAMESPACE();
namespace genbid::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using U32 = hn::ScalableTag<uint32_t>;
using I32 = hn::ScalableTag<int32_t>;
using F32 = hn::ScalableTag<float>;
using VU32 = hn::Vec<U32>;
using VF32 = hn::Vec<F32>;

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

// The bidders of one sixteen at the lanes from `lane` on.
class Bidders {
 public:
  Bidders(const float* values, const SeatBids& bids, size_t lane) : values_(values + lane), bids_(bids) {}

  // The key of the bidder at `first + i`, i in 0..15; 0 behind the last.
  HWY_INLINE VU32 key(int first, int i) const {
    const U32 u32;
    const F32 f32;
    const I32 i32;
    if (first + i >= bids_.num_bidding) return hn::Zero(u32);
    const size_t seat = bids_.bidding[static_cast<size_t>(first + i)];
    const VF32 pvalue = hn::LoadU(f32, values_ + seat * kBlockWidth);
    VF32 bid = hn::Mul(hn::Set(f32, bids_.value[seat]), pvalue);
    const float squared = bids_.value_squared[seat];
    if (squared != 0.0F) bid = hn::Add(bid, hn::Mul(hn::Set(f32, squared), hn::Mul(pvalue, pvalue)));
    bid = hn::Min(bid, hn::Set(f32, kMaxBid));
    // Negative bids are negative as integers, too.
    const auto bits = hn::Max(hn::BitCast(i32, bid), hn::Set(i32, static_cast<int32_t>(kBase)));
    // (bits - base) * 16 + 15 - i, modulo 2^32.
    return hn::Add(hn::ShiftLeft<4>(hn::BitCast(u32, bits)), hn::Set(u32, static_cast<uint32_t>(15 - i) - (kBase << 4)));
  }

  HWY_INLINE Four quad(int first, int i) const {
    return sorted(key(first, i), key(first, i + 1), key(first, i + 2), key(first, i + 3));
  }

  HWY_INLINE Four sixteen(int first) const {
    Four top = quad(first, 0);
    for (int i = 4; i < kGroup; i += 4) {
      if (first + i >= bids_.num_bidding) break;
      top = merged(top, quad(first, i));
    }
    return top;
  }

 private:
  const float* values_;
  const SeatBids& bids_;
};

void clear_block_lanes(const float* block_values, const SeatBids& bids, BlockTopFour& top) {
  const U32 u32;
  const I32 i32;
  const F32 f32;
  const hn::Rebind<uint8_t, U32> u8;
  // Seats of the places, where they are not the same numbers.
  const bool all = bids.num_bidding == 0 || bids.bidding[static_cast<size_t>(bids.num_bidding) - 1] + 1 == bids.num_bidding;
  alignas(64) int32_t seats[kMaxSeats] = {};
  if (!all) {
    for (int i = 0; i < bids.num_bidding; ++i) seats[i] = bids.bidding[static_cast<size_t>(i)];
  }
  for (size_t lane = 0; lane < kBlockWidth; lane += hn::Lanes(u32)) {
    const Bidders bidders(block_values, bids, lane);
    Placed best = placed(bidders.sixteen(0), 0);
    for (int first = kGroup; first < bids.num_bidding; first += kGroup) {
      best = merged(best, placed(bidders.sixteen(first), static_cast<uint32_t>(first)));
    }
    for (size_t k = 0; k < 4; ++k) {
      const auto any = hn::Ne(best.bid[k], hn::Zero(u32));
      const VU32 bits = hn::IfThenElseZero(any, hn::Add(best.bid[k], hn::Set(u32, kBase)));
      hn::Store(hn::BitCast(f32, bits), f32, top.bid[k].data() + lane);
      auto seat = hn::BitCast(i32, best.place[k]);
      if (!all) seat = hn::GatherIndex(i32, seats, hn::And(seat, hn::Set(i32, kMaxSeats - 1)));
      seat = hn::IfThenElse(hn::RebindMask(i32, any), seat, hn::Set(i32, kNoSeat));
      hn::StoreU(hn::DemoteTo(u8, seat), u8, top.seat[k].data() + lane);
    }
  }
}

using F64 = hn::ScalableTag<double>;
using I64 = hn::ScalableTag<int64_t>;

void tally_block_lanes(const TickContext& context, int64_t block, const BlockTopFour& top, BlockSums& block_sums,
                       TickSums& sums) {
  const F64 f64;
  const I64 i64;
  const hn::Rebind<float, F64> f32;
  const hn::Rebind<int32_t, F64> i32;
  const hn::Rebind<uint8_t, F64> u8;
  const size_t n = hn::Lanes(f64);
  const TickTraffic& tick = context.tick;
  const float* values = tick.block_values(block);
  const uint8_t* shown = tick.block_shown(block);
  const float* draws = tick.block_draws(block);

  const auto money = [&](auto value) HWY_ATTR {
    return hn::ConvertTo(i64, hn::Mul(hn::PromoteTo(f64, value), hn::Set(f64, 0x1p32)));
  };
  const auto expected = [&](auto value) HWY_ATTR {
    return hn::ConvertTo(i64, hn::Mul(hn::PromoteTo(f64, value), hn::Set(f64, 0x1p40)));
  };

  alignas(64) int64_t entries[kBlockWidth * 4];
  alignas(64) float holder_values[kBlockWidth];
  for (int slot = 0; slot < tick.num_slots; ++slot) {
    const auto k = static_cast<size_t>(slot);
    for (size_t lane = 0; lane < kBlockWidth; ++lane) {
      const size_t seat = top.seat[k][lane];
      holder_values[lane] = seat == kNoSeat ? 0.0F : values[seat * kBlockWidth + lane];
    }
    const bool last_slot = slot + 1 == tick.num_slots;
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
          const int64_t pv = block * kBlockWidth + static_cast<int64_t>(l);
          if (context.traffic.converts(context.factors, tick.tick, pv, static_cast<int>(who), holder_values[l],
                                       draws[k * kBlockWidth + l])) {
            ++sums.seats[who].conversions;
          }
        }
      }
    }
    if (last_slot) block_sums.least_winning_cost += hn::GetLane(hn::SumOfLanes(i64, least));
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

void find_wins_lanes(const BlockTopFour& top, int slot, int seat, int64_t first_pv, std::vector<int64_t>& pvs) {
  const hn::CappedTag<uint8_t, kBlockWidth> u8;
  const auto wanted = hn::Set(u8, static_cast<uint8_t>(seat));
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
}

}  // namespace genbid::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace genbid {

HWY_EXPORT(clear_block_lanes);
HWY_EXPORT(tally_block_lanes);
HWY_EXPORT(find_wins_lanes);

void clear_block(const float* block_values, const SeatBids& bids, BlockTopFour& top) {
  HWY_DYNAMIC_DISPATCH(clear_block_lanes)(block_values, bids, top);
}

void tally_block(const TickContext& context, int64_t block, const BlockTopFour& top, BlockSums& block_sums,
                 TickSums& sums) {
  const int num_lanes = context.tick.lanes(block);
  if (num_lanes == kBlockWidth) {
    HWY_DYNAMIC_DISPATCH(tally_block_lanes)(context, block, top, block_sums, sums);
    return;
  }
  for (int lane = 0; lane < num_lanes; ++lane) tally(context, block * kBlockWidth + lane, top.get(lane), 1, sums);
}

void BlockSums::add_to(TickSums& sums) const {
  for (size_t s = 0; s < sums.seats.size(); ++s) {
    SeatSums& sum = sums.seats[s];
    const auto& [cost, pvalue, bid, counters] = seats[s];
    sum.cost += cost;
    sum.pvalue_exposed += pvalue;
    sum.bid_exposed += bid;
    for (size_t slot = 0; slot < kNumSlots; ++slot) sum.wins[slot] += counters >> (16 * slot) & 0xffff;
    sum.exposed += static_cast<int64_t>(static_cast<uint64_t>(counters) >> 48);
  }
  sums.least_winning_cost += least_winning_cost;
}

void find_wins(const BlockTopFour& top, int slot, int seat, int64_t first_pv, std::vector<int64_t>& pvs) {
  HWY_DYNAMIC_DISPATCH(find_wins_lanes)(top, slot, seat, first_pv, pvs);
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
