#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "bidding/advertiser.h"
#include "oracle/responses.h"

namespace genbid::oracle {

// Impressions one by one, as a test writes them down.
struct SmallImpression {
  std::vector<float> values;  // by seat
  std::array<float, 4> bid{};
  std::array<uint8_t, 4> seat{kNoSeat, kNoSeat, kNoSeat, kNoSeat};

  // Rivals' bids from the point of view of a seat, as many as there may be; the reserve where there are fewer.
  std::array<double, 3> prices(int self, const AuctionRule& rule) const {
    const auto reserve = static_cast<float>(rule.reserve);
    std::array<double, 3> found;
    found.fill(static_cast<double>(reserve));
    size_t count = 0;
    for (size_t k = 0; k < 4 && count < 3; ++k) {
      if (bid[k] == 0.0F || seat[k] == self) continue;
      if (bid[k] > reserve) found[count] = static_cast<double>(bid[k]);
      ++count;
    }
    return found;
  }
};
using SmallTick = std::vector<SmallImpression>;

// The same in blocks; the view lives as long as this.
class SmallBlocks {
 public:
  SmallBlocks(const SmallTick& tick, int num_seats) {
    constexpr size_t kWidth = ImpressionBlock::kWidth;
    const auto seats = static_cast<size_t>(num_seats);
    const size_t count = (tick.size() + kWidth - 1) / kWidth;
    values_.resize(count * seats * kWidth);
    bids_.resize(count * 4 * kWidth);
    seats_.resize(count * 4 * kWidth, kNoSeat);
    for (size_t i = 0; i < tick.size(); ++i) {
      const size_t b = i / kWidth;
      const size_t lane = i % kWidth;
      for (size_t s = 0; s < seats; ++s) values_[(b * seats + s) * kWidth + lane] = tick[i].values[s];
      for (size_t k = 0; k < 4; ++k) {
        bids_[(b * 4 + k) * kWidth + lane] = tick[i].bid[k];
        seats_[(b * 4 + k) * kWidth + lane] = tick[i].seat[k];
      }
    }
    for (size_t b = 0; b < count; ++b) {
      blocks_.push_back({values_.data() + b * seats * kWidth, bids_.data() + b * 4 * kWidth,
                         seats_.data() + b * 4 * kWidth, static_cast<int>(std::min(kWidth, tick.size() - b * kWidth))});
    }
  }
  const std::vector<ImpressionBlock>& blocks() const { return blocks_; }

 private:
  std::vector<float> values_, bids_;
  std::vector<uint8_t> seats_;
  std::vector<ImpressionBlock> blocks_;
};

inline Responses respond(const std::vector<SmallTick>& ticks, int num_seats, const Auction& auction = {},
                         const AlphaGrid& grid = {}) {
  Responses responses(num_seats, static_cast<int>(ticks.size()), auction, grid);
  for (size_t t = 0; t < ticks.size(); ++t) {
    responses.add(static_cast<int>(t), SmallBlocks(ticks[t], num_seats).blocks(), 0, num_seats);
  }
  return responses;
}

// Days of the official market's scale: values near 0.001, the fourth bid near 0.08, everybody among the top four at
// times. `scale` multiplies values and bids, so that a day of few impressions has some conversions.
inline std::vector<SmallTick> random_day(int num_seats, int num_ticks, int impressions, unsigned seed,
                                         float scale = 1.0F) {
  std::mt19937 random(seed);
  std::gamma_distribution<float> value(1.5F, 0.0008F), bid(4.0F, 0.02F), richness(8.0F, 0.125F);
  std::uniform_int_distribution<int> any_seat(0, num_seats - 1), any(0, 19);
  std::vector<SmallTick> day(static_cast<size_t>(num_ticks));
  for (SmallTick& tick : day) {
    const float rich = richness(random);
    for (int i = 0; i < impressions; ++i) {
      SmallImpression one;
      for (int s = 0; s < num_seats; ++s) one.values.push_back(any(random) == 0 ? 0.0F : scale * rich * value(random));
      const int rare = any(random);
      const size_t num_bids = rare < 4 ? static_cast<size_t>(rare) : 4;
      for (size_t k = 0; k < num_bids; ++k) one.bid[k] = scale * bid(random);
      std::sort(one.bid.begin(), one.bid.end(), std::greater<>());
      const int first = any_seat(random);
      for (size_t k = 0; k < num_bids; ++k) {
        one.seat[k] = static_cast<uint8_t>((first + static_cast<int>(k)) % num_seats);
      }
      tick.push_back(one);
    }
  }
  return day;
}

}  // namespace genbid::oracle
