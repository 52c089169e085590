#include "bidders/planner_forecast.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include "base/convert.h"
#include "base/random/random.h"

namespace genbid::bidders {
namespace {

constexpr size_t kMostStages = 8;
constexpr int kPad = 64;  // levels that the tables go on beyond those known, on either side: 8 octaves

// The tick of the knowledge at the middle of a tick of a day of another length.
size_t source_tick(size_t tick, size_t num_ticks, size_t known_ticks) {
  return std::min(known_ticks - 1, (2 * tick + 1) * known_ticks / (2 * num_ticks));
}

// How much of each known tick lies in a tick of a day of another length.
std::vector<double> overlaps(size_t tick, size_t num_ticks, size_t known_ticks) {
  const double from = as_double(tick * known_ticks) / as_double(num_ticks);
  const double to = as_double((tick + 1) * known_ticks) / as_double(num_ticks);
  std::vector<double> parts(known_ticks);
  for (size_t t = 0; t < known_ticks; ++t) {
    parts[t] = std::max(0.0, std::min(to, as_double(t + 1)) - std::max(from, as_double(t)));
  }
  return parts;
}

// A curve at a level between two known ones, or beyond them: a power of the level where both are above 0.
float between(std::span<const float> curve, double level) {
  const auto last = to_signed(curve.size()) - 1;
  if (level >= as_double(last)) return at(curve, last);
  const int64_t below = std::max<int64_t>(0, static_cast<int64_t>(std::floor(level)));
  const double share = level - as_double(below);
  const auto a = as_double(at(curve, below));
  const auto b = as_double(at(curve, below + 1));
  if (a > 0.0 && b > 0.0) return as_float(a * std::pow(b / a, share));
  return as_float(std::max(0.0, a + share * (b - a)));
}

}  // namespace

PlannerForecast::PlannerForecast(const PlannerKnowledge& knowledge, int num_ticks, int64_t num_futures, int64_t seed,
                                 double price_level)
    : num_ticks_(to_size(num_ticks)), volume_spread_(knowledge.volume_spread) {
  cut_curves(knowledge, price_level);
  cut_days(knowledge, num_futures, seed);
  cut_what_stays(knowledge);
  find_stages();
}

void PlannerForecast::cut_curves(const PlannerKnowledge& knowledge, double price_level) {
  const auto known_levels = to_size(knowledge.num_levels);
  const auto known_ticks = to_size(knowledge.num_ticks);
  const double step = as_double(knowledge.levels_per_octave) / kPerOctave;
  num_levels_ = static_cast<size_t>(as_double(known_levels - 1) / step) + 2 * kPad + 2;
  log_lowest_ = std::log2(knowledge.lowest_level * price_level) - as_double(kPad) / kPerOctave;
  for (size_t tick = 0; tick < num_ticks_; ++tick) {
    const size_t source = source_tick(tick, num_ticks_, known_ticks);
    const std::span value = std::span(knowledge.value_share).subspan(source * known_levels, known_levels);
    const std::span cost = std::span(knowledge.cost).subspan(source * known_levels, known_levels);
    for (size_t j = 0; j < num_levels_; ++j) {
      const double level = (as_double(j) - kPad) * step;
      value_share_.push_back(between(value, level));
      cost_.push_back(between(cost, level) * as_float(price_level));
    }
    price_.push_back(as_double(knowledge.price[source]) * price_level);
  }
}

void PlannerForecast::cut_days(const PlannerKnowledge& knowledge, int64_t num_futures, int64_t seed) {
  const auto known_ticks = to_size(knowledge.num_ticks);
  const auto known_days = to_size(knowledge.num_days());
  std::vector<double> num_pv(known_days * num_ticks_), value(known_days * num_ticks_);
  for (size_t tick = 0; tick < num_ticks_; ++tick) {
    const std::vector<double> parts = overlaps(tick, num_ticks_, known_ticks);
    for (size_t day = 0; day < known_days; ++day) {
      for (size_t t = 0; t < known_ticks; ++t) {
        const double part = parts[t] * as_double(knowledge.num_pv[day * known_ticks + t]);
        num_pv[place(day, tick)] += part;
        value[place(day, tick)] += part * as_double(knowledge.mean_pvalue[day * known_ticks + t]);
      }
    }
  }
  const auto keep = [&](double pv, double offered) {
    num_pv_.push_back(pv);
    mean_pvalue_.push_back(pv > 0.0 ? offered / pv : 0.0);
  };
  const size_t futures = std::min(to_size(num_futures), known_days);
  const auto first = to_size(derive_seed(static_cast<uint64_t>(seed), "planner.futures", 0) % known_days);
  for (size_t i = 0; i < futures; ++i) {
    const size_t day = (first + i * known_days / futures) % known_days;
    for (size_t tick = 0; tick < num_ticks_; ++tick) keep(num_pv[place(day, tick)], value[place(day, tick)]);
  }
  for (size_t tick = 0; futures == 0 && tick < num_ticks_; ++tick) {
    double pv = 0.0;
    double offered = 0.0;
    for (size_t day = 0; day < known_days; ++day) {
      pv += num_pv[place(day, tick)] / as_double(known_days);
      offered += value[place(day, tick)] / as_double(known_days);
    }
    keep(pv, offered);
  }
  num_futures_ = std::max<size_t>(1, futures);
  sum_volumes(num_pv, known_days);
}

void PlannerForecast::sum_volumes(const std::vector<double>& num_pv, size_t num_days) {
  std::vector<std::vector<double>> before(num_days, std::vector<double>(num_ticks_ + 1, 0.0));
  usual_before_.assign(num_ticks_ + 1, 0.0);
  for (size_t day = 0; day < num_days; ++day) {
    for (size_t t = 0; t < num_ticks_; ++t) before[day][t + 1] = before[day][t] + num_pv[place(day, t)];
    for (size_t t = 0; t <= num_ticks_; ++t) usual_before_[t] += before[day][t] / as_double(num_days);
  }
  spread_before_.assign(num_ticks_ + 1, 0.0);
  for (size_t t = 1; t <= num_ticks_; ++t) {
    double sum = 0.0;
    double squares = 0.0;
    double count = 0.0;
    for (size_t day = 0; day < num_days; ++day) {
      if (!(before[day][t] > 0.0)) continue;
      const double share = std::log(before[day][t] / before[day][num_ticks_]);
      sum += share;
      squares += share * share;
      ++count;
    }
    if (count > 0.0) spread_before_[t] = std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count)));
  }
}

void PlannerForecast::cut_what_stays(const PlannerKnowledge& knowledge) {
  const auto known = to_size(knowledge.num_ticks);
  for (size_t t = 0; t < num_ticks_; ++t) {
    for (size_t other = 0; other < num_ticks_; ++other) {
      const size_t source = source_tick(t, num_ticks_, known) * known + source_tick(other, num_ticks_, known);
      num_pv_stays_.push_back(as_double(knowledge.num_pv_stays[source]));
      mean_pvalue_stays_.push_back(as_double(knowledge.mean_pvalue_stays[source]));
      price_stays_.push_back(as_double(knowledge.price_stays[source]));
    }
  }
}

void PlannerForecast::find_stages() {
  constexpr double kStays = 0.5;
  for (size_t t = 0; t < num_ticks_;) {
    stages_.push_back(t);
    size_t end = t + 1;
    while (end < num_ticks_ && mean_pvalue_stays_[place(t, end)] > kStays) ++end;
    t = std::max(end, std::min(num_ticks_, t + (num_ticks_ + kMostStages - 1) / kMostStages));
  }
  stages_.push_back(num_ticks_);
}

double PlannerForecast::price_deviation(const Seen& seen) const {
  constexpr double kMost = 2.0;
  if (seen.tick == 0 || !(seen.last_price > 0.0)) return 0.0;
  const double usual = at(price_, seen.tick - 1);
  return usual > 0.0 ? std::clamp(std::log2(seen.last_price / usual), -kMost, kMost) : 0.0;
}

double PlannerForecast::volume(const Seen& seen) const {
  const double so_far = seen.num_pv_before + seen.num_pv;
  const size_t next = to_size(seen.tick) + 1;
  if (!(so_far > 0.0) || !(usual_before_[next] > 0.0)) return 1.0;
  const double deviation = std::log(so_far / usual_before_[next]);
  const double of_shares = spread_before_[next] * spread_before_[next];
  const double of_days = volume_spread_ * volume_spread_;
  double of_day = of_days + of_shares > 0.0 ? of_days / (of_days + of_shares) : 1.0;
  constexpr double kNever = 9.0;  // three standard deviations, squared
  if (deviation != 0.0) of_day = std::max(of_day, 1.0 - kNever * (of_shares + of_days) / (deviation * deviation));
  return std::exp(of_day * deviation);
}

void PlannerForecast::add(size_t tick, double num_pv, double mean_pvalue, double price_shift, double lowest_alpha,
                          float* value, float* cost) const {
  if (!(num_pv > 0.0) || !(mean_pvalue > 0.0)) return;
  const double level = (std::log2(lowest_alpha * mean_pvalue) - price_shift - log_lowest_) * kPerOctave;
  const double within = std::clamp(level, 1.0, as_double(num_levels_ - kAlphas) - 3.0);
  const auto first = static_cast<size_t>(within);
  // Catmull and Rom's cubic: four neighbours, of the same weights at all alphas.
  const double u = within - as_double(first);
  const std::array<double, 4> weight = {0.5 * u * (u * (2.0 - u) - 1.0), 0.5 * (u * u * (3.0 * u - 5.0) + 2.0),
                                        0.5 * u * (u * (4.0 - 3.0 * u) + 1.0), 0.5 * u * u * (u - 1.0)};
  const float* const values = &value_share_[tick * num_levels_ + first - 1];
  const float* const costs = &cost_[tick * num_levels_ + first - 1];
  std::array<float, 4> v{};
  std::array<float, 4> c{};
  const double price = std::exp2(price_shift);
  for (size_t i = 0; i < 4; ++i) {
    v[i] = as_float(weight[i] * num_pv * mean_pvalue);
    c[i] = as_float(weight[i] * num_pv * price);
  }
  for (size_t j = 0; j < kAlphas; ++j) {
    value[j] += v[0] * values[j] + v[1] * values[j + 1] + v[2] * values[j + 2] + v[3] * values[j + 3];
    cost[j] += c[0] * costs[j] + c[1] * costs[j + 1] + c[2] * costs[j + 2] + c[3] * costs[j + 3];
  }
}

void PlannerForecast::now(const Seen& seen, double lowest_alpha, Curves& curves) const {
  curves.value.assign(kAlphas, 0.0F);
  curves.cost.assign(kAlphas, 0.0F);
  const auto tick = to_size(seen.tick);
  const double shift = tick == 0 ? 0.0 : price_deviation(seen) * price_stays_[place(tick - 1, tick)];
  add(tick, seen.num_pv, seen.mean_pvalue, shift, lowest_alpha, curves.value.data(), curves.cost.data());
}

void PlannerForecast::later_impressions(const Seen& seen, size_t future, std::vector<double>& num_pv) const {
  const auto tick = to_size(seen.tick);
  const double* const usual = &num_pv_[place(future, 0)];
  const bool comparable = seen.num_pv > 0.0 && usual[tick] > 0.0;
  const double log_ratio = comparable ? std::log(seen.num_pv / usual[tick]) : 0.0;
  const auto stays = [&](size_t t) { return comparable ? num_pv_stays_[place(tick, t)] : 0.0; };
  double known = seen.num_pv_before + seen.num_pv;
  double open = 0.0;
  for (size_t t = tick + 1; t < num_ticks_; ++t) {
    num_pv[t] = usual[t] * std::exp(stays(t) * log_ratio);
    (stays(t) > 0.0 ? known : open) += num_pv[t];
  }
  if (!(open > 0.0)) return;
  // The rest makes up what the day is expected to have in all.
  constexpr double kMost = 3.0;
  const double factor = volume(seen);
  const double scale = std::clamp((factor * usual_before_[num_ticks_] - known) / open, factor / kMost, factor * kMost);
  for (size_t t = tick + 1; t < num_ticks_; ++t) {
    if (stays(t) == 0.0) num_pv[t] *= scale;
  }
}

void PlannerForecast::later(const Seen& seen, size_t end, double lowest_alpha, Curves& curves) const {
  curves.value.assign(num_futures_ * kAlphas, 0.0F);
  curves.cost.assign(num_futures_ * kAlphas, 0.0F);
  const auto tick = to_size(seen.tick);
  if (tick + 1 >= end) return;
  const double deviation = price_deviation(seen);
  std::vector<double> num_pv(num_ticks_);
  for (size_t f = 0; f < num_futures_; ++f) {
    const double* const means = &mean_pvalue_[place(f, 0)];
    const bool comparable = seen.num_pv > 0.0 && seen.mean_pvalue > 0.0 && means[tick] > 0.0;
    const double log_ratio = comparable ? std::log(seen.mean_pvalue / means[tick]) : 0.0;
    later_impressions(seen, f, num_pv);
    for (size_t t = tick + 1; t < end; ++t) {
      const double mean = means[t] * std::exp(mean_pvalue_stays_[place(tick, t)] * log_ratio);
      const double shift = tick == 0 ? 0.0 : deviation * price_stays_[place(tick - 1, t)];
      add(t, num_pv[t], mean, shift, lowest_alpha, &curves.value[f * kAlphas], &curves.cost[f * kAlphas]);
    }
  }
}

void PlannerForecast::stage(size_t index, double volume, double lowest_alpha, Curves& curves) const {
  curves.value.assign(num_futures_ * kAlphas, 0.0F);
  curves.cost.assign(num_futures_ * kAlphas, 0.0F);
  for (size_t f = 0; f < num_futures_; ++f) {
    for (size_t t = stages_[index]; t < stages_[index + 1]; ++t) {
      add(t, volume * num_pv_[place(f, t)], mean_pvalue_[place(f, t)], 0.0, lowest_alpha, &curves.value[f * kAlphas],
          &curves.cost[f * kAlphas]);
    }
  }
}

}  // namespace genbid::bidders
