#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/convert.h"
#include "bidding/advertiser.h"
#include "numpy/numpy_random.h"

// The impressions of the official simulator's generator "neuripsPvGen", bit for bit (auctionnet.md 2.2). An
// episode is a period. Matrices are row-major, a row an impression, a column a seat.

namespace genbid::market::official {

// What the official simulator always plays: a reset forgets any other number (6.1).
inline constexpr int64_t kOfficialImpressions = 500'000;

using SeatValues = std::array<double, kNumSeats>;

// What makes one episode different from another.
struct EpisodeFactors {
  int64_t episode = 0;
  std::array<int64_t, kTicksPerPeriod> num_pv{};
  // Mean and deviation of a seat's p-values in a tick, before they are clipped to [0, 1]: [tick][seat].
  std::array<SeatValues, kTicksPerPeriod> mean{};
  std::array<SeatValues, kTicksPerPeriod> deviation{};
  // sigma / p-value of a seat's impressions is |N(sigma_ratio, sigma_ratio / 2)|, at most 0.3.
  SeatValues sigma_ratio{};

  size_t tick_size(int tick) const { return to_size(at(num_pv, tick) * kNumSeats); }
};

// Shares of an episode's impressions; a tick has trunc(share * impressions) of them.
std::array<double, kTicksPerPeriod> tick_shares(int64_t episode);

EpisodeFactors episode_factors(int64_t episode, int64_t impressions = kOfficialImpressions);

// The p-values of an episode: one stream of random numbers through all ticks, which cannot be skipped ahead.
class PvalueStream {
 public:
  explicit PvalueStream(const EpisodeFactors& factors);  // must outlive the stream

  int tick() const { return tick_; }  // that fill_next fills; kTicksPerPeriod after the last
  // `pvalues` has factors.tick_size(tick()) elements.
  void fill_next(std::span<double> pvalues);

 private:
  const EpisodeFactors& factors_;
  numpy::Pcg64 stream_;
  int tick_ = 0;
};

// The uncertainties of a tick as shares of their p-values, and the uncertainties themselves, ratio x p-value. Any
// thread may make any tick.
void fill_sigma_ratios(const EpisodeFactors& factors, int tick, std::span<double> ratios);
void fill_sigmas(const EpisodeFactors& factors, int tick, std::span<const double> pvalues, std::span<double> sigmas);

}  // namespace genbid::market::official
