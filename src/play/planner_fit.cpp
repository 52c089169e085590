#include "play/planner_fit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <set>
#include <vector>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::play {
namespace {

using bidders::PlannerKnowledge;
using data::TapeColumns;

// A tick of a tape.
class TapeTick {
 public:
  TapeTick(const TapeColumns& tape, int64_t day, int64_t tick)
      : tape_(tape),
        index_(to_size(day * tape.ticks + tick)),
        log_lowest_(std::log2(as_double(at(tape.lowest, day)))) {}

  double num_pv() const { return as_double(tape_.num_pv[index_]); }
  double mean_pvalue() const { return as_double(tape_.mean_pvalue[index_]); }
  double price() const { return as_double(tape_.price[index_]); }
  bool offers() const { return num_pv() > 0.0 && mean_pvalue() > 0.0; }
  double log_lowest() const { return log_lowest_; }
  double log_highest() const { return log_lowest_ + as_double(tape_.octaves); }
  // `first` is 0 for values, 2 for costs; log_alpha lies on the grid.
  double curve(double log_alpha, size_t first) const {
    const double place = (log_alpha - log_lowest_) * as_double(tape_.knots_per_octave);
    const auto knot = std::clamp<int64_t>(static_cast<int64_t>(std::floor(place)), 0, tape_.num_knots() - 2);
    const double u = std::clamp(place - as_double(knot), 0.0, 1.0);
    const size_t a = (index_ * to_size(tape_.num_knots()) + to_size(knot)) * to_size(TapeColumns::kNumbers) + first;
    const size_t b = a + to_size(TapeColumns::kNumbers);
    const auto number = [&](size_t i) { return as_double(tape_.knots[i]); };
    const double v = 1.0 - u;
    return v * v * ((1.0 + 2.0 * u) * number(a) + u * number(a + 1)) +
           u * u * ((1.0 + 2.0 * v) * number(b) - v * number(b + 1));
  }

 private:
  const TapeColumns& tape_;
  size_t index_;
  double log_lowest_;
};

// The nearest numbers that do not fall, by weight (pool adjacent violators).
void make_rising(std::vector<double>& values, const std::vector<double>& weights) {
  struct Pool {
    double sum, weight;
    size_t count;
  };
  std::vector<Pool> pools;
  for (size_t i = 0; i < values.size(); ++i) {
    Pool pool{values[i] * weights[i], weights[i], 1};
    while (!pools.empty() && pools.back().sum * pool.weight > pool.sum * pools.back().weight) {
      pool = {pool.sum + pools.back().sum, pool.weight + pools.back().weight, pool.count + pools.back().count};
      pools.pop_back();
    }
    pools.push_back(pool);
  }
  size_t i = 0;
  for (const Pool& pool : pools) {
    for (size_t k = 0; k < pool.count; ++k) values[i++] = pool.sum / pool.weight;
  }
}

class Fit {
 public:
  Fit(const TapeColumns& tape, const std::string& name, int64_t max_days) : tape_(tape), max_days_(max_days) {
    known_.name = name;
    known_.num_ticks = tape.ticks;
  }

  PlannerKnowledge make() {
    if (tape_.num_days() == 0) throw Error(known_.name + ": found no days, expected a response tape of one at least");
    const std::set<int64_t> periods(tape_.period.begin(), tape_.period.end());
    known_.periods.assign(periods.begin(), periods.end());
    fit_levels();
    for (int64_t tick = 0; tick < tape_.ticks; ++tick) fit_curves(tick);
    fill_empty_ticks();
    fit_days();
    fit_what_stays();
    known_.check();
    return std::move(known_);
  }

 private:
  double log_level(int64_t level) const {
    return std::log2(known_.lowest_level) + as_double(level) / as_double(known_.levels_per_octave);
  }

  // Levels between the lowest and the highest that a tick of the tape shows.
  void fit_levels() {
    double low = 1e300;
    double high = -1e300;
    for (int64_t day = 0; day < tape_.num_days(); ++day) {
      for (int64_t tick = 0; tick < tape_.ticks; ++tick) {
        const TapeTick one(tape_, day, tick);
        if (!one.offers()) continue;
        low = std::min(low, one.log_lowest() + std::log2(one.mean_pvalue()));
        high = std::max(high, one.log_highest() + std::log2(one.mean_pvalue()));
      }
    }
    if (low > high) throw Error(known_.name + ": found no impressions of any value, expected some to learn from");
    const auto per_octave = as_double(known_.levels_per_octave);
    known_.lowest_level = std::exp2(low);
    known_.num_levels = static_cast<int64_t>((high - low) * per_octave) + 2;
  }

  void fit_curves(int64_t tick) {
    const size_t levels = to_size(known_.num_levels);
    std::vector<double> value(levels), offered(levels), cost(levels), impressions(levels);
    double price = 0.0;
    for (int64_t day = 0; day < tape_.num_days(); ++day) {
      const TapeTick one(tape_, day, tick);
      price += one.price() / as_double(tape_.num_days());
      if (!one.offers()) continue;
      const double log_mean = std::log2(one.mean_pvalue());
      for (int64_t level = 0; level < known_.num_levels; ++level) {
        const double log_alpha = log_level(level) - log_mean;
        if (log_alpha < one.log_lowest() || log_alpha > one.log_highest()) continue;
        at(value, level) += one.curve(log_alpha, 0);
        at(cost, level) += one.curve(log_alpha, 2);
        at(offered, level) += one.num_pv() * one.mean_pvalue();
        at(impressions, level) += one.num_pv();
      }
    }
    known_.price.push_back(as_float(price));
    append(value, offered, known_.value_share);
    append(cost, impressions, known_.cost);
  }

  // Levels that no day of the tick has are as the nearest one that has some.
  static void append(std::vector<double>& sums, std::vector<double>& weights, std::vector<float>& to) {
    std::vector<double> mean(sums.size(), 0.0);
    for (size_t i = 0; i < sums.size(); ++i) mean[i] = weights[i] > 0.0 ? std::max(0.0, sums[i] / weights[i]) : 0.0;
    const double heaviest = *std::max_element(weights.begin(), weights.end());
    for (size_t i = 1; i < sums.size(); ++i) {
      if (!(weights[i] > 0.0)) mean[i] = mean[i - 1];
    }
    for (double& weight : weights) weight = std::max(weight, 1e-9 * heaviest + 1e-300);
    make_rising(mean, weights);
    for (const double one : mean) to.push_back(as_float(one));
  }

  // A tick without impressions on any day has the mean curves of the others.
  void fill_empty_ticks() {
    const size_t levels = to_size(known_.num_levels);
    std::vector<double> mean_value(levels), mean_cost(levels);
    std::vector<size_t> empty;
    double count = 0.0;
    for (size_t t = 0; t < to_size(known_.num_ticks); ++t) {
      if (known_.value_share[(t + 1) * levels - 1] == 0.0F) {
        empty.push_back(t);
        continue;
      }
      ++count;
      for (size_t j = 0; j < levels; ++j) {
        mean_value[j] += as_double(known_.value_share[t * levels + j]);
        mean_cost[j] += as_double(known_.cost[t * levels + j]);
      }
    }
    if (count == 0.0) throw Error(known_.name + ": found no bid that wins anything, expected some to learn from");
    for (const size_t t : empty) {
      for (size_t j = 0; j < levels; ++j) {
        known_.value_share[t * levels + j] = as_float(mean_value[j] / count);
        known_.cost[t * levels + j] = as_float(mean_cost[j] / count);
      }
    }
  }

  void fit_days() {
    const int64_t days = std::min(max_days_, tape_.num_days());
    for (int64_t i = 0; i < days; ++i) {
      const int64_t day = i * tape_.num_days() / days;
      for (int64_t tick = 0; tick < tape_.ticks; ++tick) {
        const TapeTick one(tape_, day, tick);
        known_.num_pv.push_back(as_float(one.num_pv()));
        known_.mean_pvalue.push_back(as_float(one.mean_pvalue()));
      }
    }
  }

  using Number = std::function<double(const TapeTick&)>;
  // Logarithms by day and tick, less each tick's mean over days; NaN where there is none.
  std::vector<double> deviations(const Number& number) const {
    std::vector<double> all(to_size(tape_.num_days() * tape_.ticks), std::nan(""));
    for (int64_t tick = 0; tick < tape_.ticks; ++tick) {
      double sum = 0.0;
      double count = 0.0;
      for (int64_t day = 0; day < tape_.num_days(); ++day) {
        const double found = number(TapeTick(tape_, day, tick));
        if (!(found > 0.0)) continue;
        at(all, day * tape_.ticks + tick) = std::log(found);
        sum += std::log(found);
        ++count;
      }
      for (int64_t day = 0; day < tape_.num_days(); ++day) at(all, day * tape_.ticks + tick) -= sum / count;
    }
    return all;
  }
  double correlation(const std::vector<double>& deviation, int64_t first, int64_t second) const {
    double product = 0.0, square_first = 0.0, square_second = 0.0;
    for (int64_t day = 0; day < tape_.num_days(); ++day) {
      const double a = at(deviation, day * tape_.ticks + first);
      const double b = at(deviation, day * tape_.ticks + second);
      if (std::isnan(a) || std::isnan(b)) continue;
      product += a * b;
      square_first += a * a;
      square_second += b * b;
    }
    // What never varies deviates by rounding alone.
    constexpr double kLeastSpread = 1e-6;
    const double least = kLeastSpread * kLeastSpread * as_double(tape_.num_days());
    return square_first > least && square_second > least ? product / std::sqrt(square_first * square_second) : 0.0;
  }
  // [T][T]
  std::vector<float> beyond_chance(const std::vector<double>& deviation) const {
    const double days = as_double(known_.periods.size());
    const double least = days > 3.0 ? std::tanh(3.0 / std::sqrt(days - 3.0)) : 1.0;
    std::vector<float> stays;
    for (int64_t t = 0; t < tape_.ticks; ++t) {
      for (int64_t later = 0; later < tape_.ticks; ++later) {
        const double found = later == t ? 1.0 : correlation(deviation, t, later);
        stays.push_back(found >= least ? as_float(std::min(found, 1.0)) : 0.0F);
      }
    }
    return stays;
  }

  void fit_what_stays() {
    known_.num_pv_stays = beyond_chance(deviations([](const TapeTick& one) { return one.num_pv(); }));
    known_.mean_pvalue_stays = beyond_chance(deviations([](const TapeTick& one) { return one.mean_pvalue(); }));
    known_.price_stays = beyond_chance(deviations([](const TapeTick& one) { return one.price(); }));
    known_.volume_spread = volume_spread();
  }

  double volume_spread() const {
    double sum = 0.0, squares = 0.0;
    for (int64_t day = 0; day < tape_.num_days(); ++day) {
      double volume = 0.0;
      for (int64_t tick = 0; tick < tape_.ticks; ++tick) volume += TapeTick(tape_, day, tick).num_pv();
      const double log_volume = std::log(std::max(volume, 1.0));
      sum += log_volume;
      squares += log_volume * log_volume;
    }
    const double mean = sum / as_double(tape_.num_days());
    return std::sqrt(std::max(0.0, squares / as_double(tape_.num_days()) - mean * mean));
  }

  const TapeColumns& tape_;
  int64_t max_days_;
  PlannerKnowledge known_;
};

}  // namespace

bidders::PlannerKnowledge fit_planner(const data::TapeColumns& tape, const std::string& name, int64_t max_days) {
  return Fit(tape, name, max_days).make();
}

}  // namespace genbid::play
