#include "play/log_blocks.h"

#include <algorithm>

#include "base/convert.h"
#include "oracle/logged_prices.h"

namespace genbid::play {
namespace {

constexpr int kWidth = oracle::ImpressionBlock::kWidth;
constexpr int kBids = data::kLadderSlots;

size_t ladder_place(int64_t pv, int k) {
  return (to_size(pv / kWidth) * kBids + to_size(k)) * kWidth + to_size(pv % kWidth);
}

}  // namespace

void LogBlocks::set_values(const data::MarketLogTick<float>& tick, int num_seats) {
  const auto num_blocks = to_size((tick.num_pv + kWidth - 1) / kWidth);
  const auto seats = to_size(num_seats);
  values_.assign(num_blocks * seats * kWidth, 0.0F);
  top_bid_.assign(num_blocks * kBids * kWidth, 0.0F);
  top_seat_.assign(num_blocks * kBids * kWidth, kNoSeat);
  for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
    float* const lane = values_.data() + to_size(pv / kWidth) * seats * kWidth + to_size(pv % kWidth);
    for (size_t seat = 0; seat < seats; ++seat) {
      lane[seat * kWidth] = at(tick.pvalue, pv * num_seats + to_signed(seat));
    }
  }
  blocks_.clear();
  for (size_t block = 0; block < num_blocks; ++block) {
    blocks_.push_back({values_.data() + block * seats * kWidth, top_bid_.data() + block * kBids * kWidth,
                       top_seat_.data() + block * kBids * kWidth,
                       to_int(std::min<int64_t>(kWidth, tick.num_pv - to_signed(block) * kWidth))});
  }
}

void LogBlocks::set_bids(const data::MarketLogTick<float>& tick, int num_seats) {
  set_values(tick, num_seats);
  for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
    for (int k = 0; k < kBids; ++k) {
      top_bid_[ladder_place(pv, k)] = at(tick.top_bid, pv * kBids + k);
      top_seat_[ladder_place(pv, k)] = at(tick.top_seat, pv * kBids + k);
    }
  }
}

void LogBlocks::set_prices(const data::MarketLogTick<float>& tick, int num_seats) {
  set_values(tick, num_seats);
  for (int64_t pv = 0; pv < tick.num_pv; ++pv) {
    top_bid_[ladder_place(pv, 0)] = oracle::logged_price(at(tick.least_winning_cost, pv));
  }
}

}  // namespace genbid::play
