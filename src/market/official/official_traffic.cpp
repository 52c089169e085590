#include "market/official/official_traffic.h"

#include <cassert>
#include <cmath>

#include "base/convert.h"
#include "bidding/day_shape.h"
#include "base/simd.h"
#include "numpy/numpy_sum.h"

namespace genbid::market::official {
namespace {

constexpr size_t kNumCategories = kNumSeats / kSeatsPerCategory;
constexpr size_t kTicks = kTicksPerPeriod;
constexpr size_t kSeats = kNumSeats;

// Every step starts a stream of its own from the episode's number, so all steps see the same random numbers.
numpy::Pcg64 episode_stream(int64_t episode) { return numpy::Pcg64(static_cast<uint64_t>(episode)); }

// The same uniform holds for `length` ticks at a time.
template <size_t length>
std::array<double, kTicks> factors_in_pieces(numpy::Pcg64 stream, double low, double high) {
  std::array<double, kTicks> factors{};
  for (size_t t = 0; t < kTicks; t += length) {
    const double factor = stream.uniform(low, high);
    for (size_t k = 0; k < length; ++k) factors[t + k] = factor;
  }
  return factors;
}

// The official generator clips ratios of deviations so that a negative one becomes 0.1, not 0.
double clip_ratio(double ratio) {
  if (ratio < 0.0) return 0.1;
  return ratio > 1.0 ? 1.0 : ratio;
}

double clip_mean(double mean) {
  if (mean < 0.0) return kBaseValue * 0.01;
  return mean > 1.0 ? 1.0 : mean;
}

// A ratio above 0.3 becomes 0.2, not 0.3.
double clip_sigma_ratio(double ratio) {
  const double positive = ratio < 0.0 ? -ratio : ratio;
  return positive > 0.3 ? 0.2 : positive;
}

// finish(standard normals of a row, index of its first element) for all rows in turn. Drawing is serial, and a copy
// of the stream keeps its state in registers; what follows is done to many seats at once.
template <typename Finish>
void for_rows(numpy::Pcg64& stream, size_t size, const Finish& finish) {
  numpy::Pcg64 local = stream;
  alignas(64) SeatValues row;
  for (size_t first = 0; first < size; first += kSeats) {
    for (double& value : row) value = local.standard_normal();
    finish(row, first);
  }
  stream = local;
}

GENBID_SIMD_CLONES
void finish_pvalues(const SeatValues& row, const SeatValues& mean, const SeatValues& deviation, double* out) {
  for (size_t seat = 0; seat < kSeats; ++seat) {
    const double value = mean[seat] + deviation[seat] * row[seat];
    const double not_negative = value > 0.0 ? value : 0.0;
    out[seat] = not_negative < 1.0 ? not_negative : 1.0;
  }
}

GENBID_SIMD_CLONES
void finish_sigma_ratios(const SeatValues& row, const SeatValues& mean, const SeatValues& deviation, double* out) {
  for (size_t seat = 0; seat < kSeats; ++seat) {
    const double ratio = std::abs(mean[seat] + deviation[seat] * row[seat]);
    out[seat] = ratio < 0.3 ? ratio : 0.3;
  }
}

}  // namespace

std::array<double, kTicksPerPeriod> tick_shares(int64_t episode) {
  std::array<double, kTicks> shares = factors_in_pieces<4>(episode_stream(episode), 1 - 0.4, 1 + 0.4);
  const double base = numpy::pairwise_sum(kTicksPerPeriod, [](int64_t t) { return at(kBaseShares, t); });
  const double scaled =
      numpy::pairwise_sum(kTicksPerPeriod, [&shares](int64_t t) { return at(shares, t) * at(kBaseShares, t); });
  const double scale = base / scaled;
  for (size_t t = 0; t < kTicks; ++t) shares[t] = shares[t] * scale * kBaseShares[t];
  return shares;
}

EpisodeFactors episode_factors(int64_t episode, int64_t impressions) {
  assert(episode >= 0);
  EpisodeFactors out;
  out.episode = episode;

  // Step A.
  const std::array<double, kTicks> shares = tick_shares(episode);
  for (size_t t = 0; t < kTicks; ++t) {
    out.num_pv[t] = static_cast<int64_t>(shares[t] * as_double(impressions));
  }

  // Step B: the category's level. Step C: the seat's own, but for the first seat of a category. The seeds of seats
  // 1 to 5 are those of categories 1 to 5.
  const auto seed = [episode](size_t number) { return 11111 * static_cast<uint64_t>(episode) + number; };
  for (size_t category = 0; category < kNumCategories; ++category) {
    const auto level = factors_in_pieces<8>(numpy::Pcg64(seed(category)), 1 - 0.7, 1 + 0.7);
    for (size_t i = 0; i < kSeatsPerCategory; ++i) {
      const size_t seat = category * kSeatsPerCategory + i;
      std::array<double, kTicks> own{};
      own.fill(1.0);
      if (i > 0) own = factors_in_pieces<8>(numpy::Pcg64(seed(seat)), 0.5, 1.5);
      for (size_t t = 0; t < kTicks; ++t) out.mean[t][seat] = clip_mean(own[t] * level[t] * kBaseValue);
    }
  }

  // Step D.
  numpy::Pcg64 spread = episode_stream(episode);
  SeatValues level{};
  for (double& value : level) value = clip_ratio(spread.normal(0.5, 0.1));
  for (size_t seat = 0; seat < kSeats; ++seat) {
    for (size_t t = 0; t < kTicks; ++t) {
      const double ratio = clip_ratio(spread.normal(level[seat], 0.2 * level[seat]));
      out.deviation[t][seat] = ratio * out.mean[t][seat];
    }
  }

  // Step F, first part.
  numpy::Pcg64 uncertainty = episode_stream(episode);
  for (double& value : out.sigma_ratio) value = clip_sigma_ratio(uncertainty.normal(0.15, 0.06));
  return out;
}

PvalueStream::PvalueStream(const EpisodeFactors& factors)
    : factors_(factors), stream_(episode_stream(factors.episode)) {}

// Step E. Some 3 % of the values are negative and become exact zeros, on which the conversion draws depend.
void PvalueStream::fill_next(std::span<double> pvalues) {
  assert(tick_ < kTicksPerPeriod && pvalues.size() == factors_.tick_size(tick_));
  const auto t = to_size(tick_++);
  for_rows(stream_, pvalues.size(), [&](const SeatValues& row, size_t first) {
    finish_pvalues(row, factors_.mean[t], factors_.deviation[t], pvalues.data() + first);
  });
}

// Step F, second part.
void fill_sigma_ratios(const EpisodeFactors& factors, int tick, std::span<double> ratios) {
  assert(ratios.size() == factors.tick_size(tick));
  numpy::Pcg64 stream(static_cast<uint64_t>(120000 * factors.episode + tick));
  SeatValues deviation{};
  for (size_t seat = 0; seat < kSeats; ++seat) deviation[seat] = factors.sigma_ratio[seat] / 2.0;
  for_rows(stream, ratios.size(), [&](const SeatValues& row, size_t first) {
    finish_sigma_ratios(row, factors.sigma_ratio, deviation, ratios.data() + first);
  });
}

void fill_sigmas(const EpisodeFactors& factors, int tick, std::span<const double> pvalues, std::span<double> sigmas) {
  assert(sigmas.size() == pvalues.size());
  fill_sigma_ratios(factors, tick, sigmas);
  for (size_t i = 0; i < sigmas.size(); ++i) sigmas[i] *= pvalues[i];
}

}  // namespace genbid::market::official
