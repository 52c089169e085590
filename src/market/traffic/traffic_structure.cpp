#include "market/traffic/traffic_structure.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/convert.h"
#include "base/random/random.h"
#include "bidding/day_shape.h"
#include "base/random/lanes.h"
#include "numpy/numpy_random.h"
#include "market/official/official_traffic.h"

namespace genbid::market {
namespace {

// A day has twelve pieces that differ in their impressions and six that differ in their values.
constexpr int kCountPieces = 12;
constexpr int kValuePieces = 6;
constexpr double kOfficialSpread = 0.5;
constexpr double kOfficialUncertainty = 0.15;
constexpr double kMaxSigmaRatio = 0.3;

PeriodFactors empty_factors(int64_t period, const MarketShape& shape) {
  PeriodFactors out;
  out.period = period;
  out.shape = shape;
  const auto ticks = to_size(shape.ticks);
  const auto seats = to_size(shape.seats);
  out.num_pv.resize(ticks);
  out.mean.resize(ticks * seats);
  out.deviation.resize(ticks * seats);
  out.sigma_ratio.resize(seats);
  out.shift.resize(seats);
  return out;
}

// Draws of one period from a stream. `index` is the number of the draw, and `sub` is whose it is (a seat's or a
// category's).
class PeriodDraws {
 public:
  PeriodDraws(uint64_t seed, int64_t period, std::string_view name) : stream_(seed, name), period_(period) {}

  double uniform(int sub, int index, double from, double to) const {
    return from + (to - from) * uniform_double(bits(sub, index)[0]);
  }
  // A factor in [1 - swing, 1 + swing].
  double factor(int sub, int index, double swing) const { return uniform(sub, index, 1.0 - swing, 1.0 + swing); }
  double normal(int sub, int index, double mean, double deviation) const {
    const auto words = bits(sub, index);
    return mean + deviation * as_double(normal_pair(words[0], words[1]).first);
  }

 private:
  std::array<uint32_t, 4> bits(int sub, int index) const {
    return stream_.bits(low_word(index), low_word(sub), low_word(period_), high_word(period_));
  }
  RandomStream stream_;
  int64_t period_;
};

// The official generator clips ratios of deviations in its own way: one below 0 does not become 0.
double std_ratio_clip(double ratio) { return ratio < 0.0 ? 0.1 : std::min(ratio, 1.0); }

// exp(-y) for y in [0, 2], and the integral of exp(-t^2 / 2) from 0 to x for x in [0, 2], by their series. These give
// the same bits everywhere, which exp and erf of the C library do not promise.
double exp_minus(double y) {
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; k <= 30; ++k) {
    term *= -y / k;
    sum += term;
  }
  return sum;
}

double bell_integral(double x) {
  double power = x;
  double sum = x;
  for (int k = 1; k <= 30; ++k) {
    power *= -x * x / (2.0 * k);
    sum += power / (2.0 * k + 1.0);
  }
  return sum;
}

}  // namespace

double truncated_normal_mean(double v1, double v2) {
  const double width = 2.0 * (v1 + v2);
  if (width < 1e-6) return v2 - v1;
  return (exp_minus(2.0 * v1 * v1) - exp_minus(2.0 * v2 * v2)) / (bell_integral(2.0 * v1) + bell_integral(2.0 * v2));
}

PeriodFactors official_episode_factors(int64_t period, int64_t impressions) {
  const official::EpisodeFactors episode = official::episode_factors(period, impressions);
  PeriodFactors out = empty_factors(period, MarketShape());
  std::copy(episode.num_pv.begin(), episode.num_pv.end(), out.num_pv.begin());
  for (size_t seat = 0; seat < kNumSeats; ++seat) {
    for (size_t t = 0; t < kTicksPerPeriod; ++t) {
      out.mean[t * kNumSeats + seat] = as_float(episode.mean[t][seat]);
      out.deviation[t * kNumSeats + seat] = as_float(episode.deviation[t][seat]);
    }
    out.sigma_ratio[seat] = as_float(episode.sigma_ratio[seat]);
    const auto [v1, v2] = numpy::truncation_values(to_int(seat), period);
    out.shift[seat] = as_float(truncated_normal_mean(v1, v2));
  }
  return out;
}

namespace {

// A distribution as a few points and their weights, which sum to 1.
struct Weighted {
  double value = 0.0;
  double weight = 0.0;
};

// The standard normal. Means of smooth functions over these points are within 1e-6.
template <int kCount>
std::array<Weighted, kCount> normal_points() {
  constexpr double kReach = 6.0;
  std::array<Weighted, kCount> points;
  double sum = 0.0;
  for (int i = 0; i < kCount; ++i) {
    const double z = kReach * ((2.0 * i + 1.0) / kCount - 1.0);
    double weight = exp_minus(z * z / 32.0);
    for (int square = 0; square < 4; ++square) weight *= weight;  // exp(-z^2 / 2)
    at(points, i) = {z, weight};
    sum += weight;
  }
  for (Weighted& point : points) point.weight /= sum;
  return points;
}

// Standard deviations over means of a seat's values in a tick, as own_factors draws them, in classes of equal width.
std::vector<Weighted> spread_points(const TrafficConfig& config) {
  constexpr size_t kClasses = 32;
  const auto normals = normal_points<48>();
  std::vector<Weighted> classes(kClasses);
  for (const auto& [of_seat, seat_weight] : normals) {
    const double level = std_ratio_clip(0.5 + 0.1 * of_seat);
    for (const auto& [of_tick, tick_weight] : normals) {
      const double spread = std_ratio_clip(level + 0.2 * level * of_tick);
      const auto at = std::min(static_cast<size_t>(spread * kClasses), kClasses - 1);
      classes[at].value += spread * seat_weight * tick_weight;
      classes[at].weight += seat_weight * tick_weight;
    }
  }
  for (Weighted& one : classes) {
    if (one.weight > 0.0) one.value *= config.value_spread / kOfficialSpread / one.weight;
  }
  return classes;
}

// Factors on the level of a seat: its category's, and for all but the category's first seat also its own.
std::vector<Weighted> ratio_points(const TrafficConfig& config) {
  constexpr int kPoints = 12;
  const int64_t first_seats = (config.seats + kSeatsPerCategory - 1) / kSeatsPerCategory;
  const double first_share = as_double(first_seats) / as_double(config.seats);
  const auto factor = [](int i, double swing) { return 1.0 + swing * ((2.0 * i + 1.0) / kPoints - 1.0); };
  std::vector<Weighted> points;
  for (int c = 0; c < kPoints; ++c) {
    const double category = factor(c, config.category_swing);
    points.push_back({category, first_share / kPoints});
    for (int s = 0; s < kPoints; ++s) {
      points.push_back({category * factor(s, config.seat_swing), (1.0 - first_share) / (kPoints * kPoints)});
    }
  }
  return points;
}

}  // namespace

double level_before_clipping(const TrafficConfig& config) {
  constexpr double kTolerance = 0.02;
  const auto normals = normal_points<64>();
  const std::vector<Weighted> spreads = spread_points(config);
  const std::vector<Weighted> ratios = ratio_points(config);
  const auto clipped_mean = [&](double level) {
    double sum = 0.0;
    for (const Weighted& ratio : ratios) {
      for (const Weighted& spread : spreads) {
        const double weight = ratio.weight * spread.weight;
        if (weight < 1e-9) continue;
        const double mean = level * ratio.value;
        double inner = 0.0;
        for (const Weighted& normal : normals) {
          inner += normal.weight * std::clamp(mean * (1.0 + spread.value * normal.value), 0.0, 1.0);
        }
        sum += weight * inner;
      }
    }
    return sum;
  };
  const double wanted = config.value_level;
  if (std::abs(clipped_mean(wanted) - wanted) <= kTolerance * wanted) return wanted;
  // The answer lies between half and twice the level, for all values that the config's fields may have.
  double low = 0.25 * wanted;
  double high = 4.0 * wanted;
  for (int halving = 0; halving < 24; ++halving) {
    const double middle = 0.5 * (low + high);
    (clipped_mean(middle) < wanted ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

PeriodFactors own_factors(const TrafficConfig& config, uint64_t seed, int64_t period, int64_t impressions) {
  PeriodFactors out = empty_factors(period, config.shape());
  const int ticks = out.shape.ticks;

  // Step A: shares scaled back to a sum of 1.
  const PeriodDraws counts(seed, period, "market.traffic.counts");
  std::vector<double> shares = day_shares(config.day_shape, ticks);
  double sum = 0.0;
  for (int tick = 0; tick < ticks; ++tick) {
    double& share = at(shares, tick);
    share *= counts.factor(0, tick * kCountPieces / ticks, config.count_swing);
    sum += share;
  }
  for (size_t t = 0; t < shares.size(); ++t) {
    out.num_pv[t] = static_cast<int64_t>(shares[t] / sum * as_double(impressions));
  }

  const PeriodDraws categories(seed, period, "market.traffic.categories");
  const PeriodDraws seats(seed, period, "market.traffic.seats");
  const PeriodDraws spreads(seed, period, "market.traffic.spread");
  const PeriodDraws uncertainties(seed, period, "market.traffic.uncertainty");
  for (int seat = 0; seat < out.shape.seats; ++seat) {
    const int category = seat / kSeatsPerCategory;
    // Step D: the seat's level of spread around which its ticks vary.
    const double level = std_ratio_clip(spreads.normal(seat, 0, 0.5, 0.1));
    for (int tick = 0; tick < ticks; ++tick) {
      // Step B: the category's level. Step C: the seat's own.
      const int piece = tick * kValuePieces / ticks;
      double ratio = categories.factor(category, piece, config.category_swing);
      if (seat % kSeatsPerCategory != 0) ratio *= seats.factor(seat, piece, config.seat_swing);
      const double mean = config.value_level * ratio;
      const double spread = std_ratio_clip(spreads.normal(seat, 1 + tick, level, 0.2 * level));
      const auto place = to_size(tick * out.shape.seats + seat);
      out.mean[place] = as_float(mean);
      out.deviation[place] = as_float(spread * mean * (config.value_spread / kOfficialSpread));
    }
    // Step F, first part: a ratio above 0.3 becomes 0.2.
    const auto s = to_size(seat);
    double sigma_ratio = std::abs(uncertainties.normal(seat, 0, 0.15, 0.06));
    sigma_ratio = (sigma_ratio > 0.3 ? 0.2 : sigma_ratio) * (config.uncertainty / kOfficialUncertainty);
    out.sigma_ratio[s] = as_float(std::min(sigma_ratio, kMaxSigmaRatio));
    out.shift[s] = as_float(
        truncated_normal_mean(uncertainties.uniform(seat, 1, 0.0, 1.0), uncertainties.uniform(seat, 2, 0.0, 1.0)));
  }
  return out;
}

}  // namespace genbid::market
