#include "market/stress.h"

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "base/random/lanes.h"
#include "market/traffic/traffic.h"

namespace genbid::market {

void StressConfig::fields(ConfigVisitor& v) {
  v.field("value_bias", value_bias, {-0.99, 9.0});
  v.field("value_noise", value_noise, {0.0, 1.0});
  v.field("late_traffic", late_traffic, {-1.0, 1.0});
}

std::string StressConfig::label() const {
  std::string text;
  const auto add = [&](const char* what, double value) {
    if (value != 0.0) text += (text.empty() ? "" : ", ") + std::string(what) + " " + shortest(value);
  };
  add("value bias", value_bias);
  add("value noise", value_noise);
  add("late traffic", late_traffic);
  return text;
}

void shift_traffic(double late_traffic, std::vector<int64_t>& num_pv) {
  if (num_pv.size() < 2) return;
  const auto last = as_double(num_pv.size() - 1);
  std::vector<double> weights;
  double sum = 0.0;
  double weighted = 0.0;
  for (size_t tick = 0; tick < num_pv.size(); ++tick) {
    const auto count = as_double(num_pv[tick]);
    weights.push_back(count * (1.0 + late_traffic * (2.0 * as_double(tick) / last - 1.0)));
    sum += count;
    weighted += weights.back();
  }
  if (weighted <= 0.0) return;
  // The running sum is rounded rather than each tick, so that the day's number of impressions stays.
  double so_far = 0.0;
  int64_t given = 0;
  for (size_t tick = 0; tick < num_pv.size(); ++tick) {
    so_far += weights[tick];
    const int64_t until = std::llround(sum * std::min(1.0, so_far / weighted));
    num_pv[tick] = until - given;
    given = until;
  }
}

float Beliefs::believed(float value, int64_t period, int tick, int64_t pv, int seat) const {
  float factor = 1.0F + as_float(stress_.value_bias);
  if (stress_.value_noise > 0.0) {
    const PhiloxBits bits =
        philox(noise_.key0(), noise_.key1(), low_word(pv), place_of(tick, seat), low_word(period), high_word(period));
    const float z = normal_pair(bits.w0, bits.w1).first;
    factor *= std::max(0.0F, 1.0F + as_float(stress_.value_noise) * z);
  }
  return std::min(1.0F, value * factor);
}

double Beliefs::sum(const TickTraffic& truth, int64_t period, int seat) const {
  double sum = 0.0;
  for (int64_t pv = 0; pv < truth.num_pv; ++pv) {
    sum += as_double(believed(truth.value(pv, seat), period, truth.tick, pv, seat));
  }
  return sum;
}

void Beliefs::fill(const TickTraffic& truth, int64_t period, uint64_t seats, TickTraffic& out) const {
  out.tick = truth.tick;
  out.num_seats = truth.num_seats;
  out.num_slots = truth.num_slots;
  out.num_pv = truth.num_pv;
  out.num_blocks = truth.num_blocks;
  out.num_chunks = truth.num_chunks;
  out.num_shown.assign(truth.num_shown.begin(), truth.num_shown.end());
  out.conversion_draw.assign(truth.conversion_draw.begin(), truth.conversion_draw.end());
  out.max_value = truth.max_value;
  out.sum_value = truth.sum_value;
  const auto size = to_size(truth.num_blocks * kBlockWidth * truth.num_seats);
  out.own_values.assign(truth.values.begin(), truth.values.begin() + to_signed(size));
  out.values = out.own_values;
  for (int seat = 0; seat < truth.num_seats; ++seat) {
    if ((seats >> seat & 1U) == 0) continue;
    double sum = 0.0;
    for (int64_t pv = 0; pv < truth.num_pv; ++pv) {
      const float value = believed(truth.value(pv, seat), period, truth.tick, pv, seat);
      const int64_t block = pv / kBlockWidth;
      at(out.own_values, (block * truth.num_seats + seat) * kBlockWidth + pv % kBlockWidth) = value;
      sum += as_double(value);
    }
    at(out.sum_value, seat) = sum;
    at(out.max_value, seat) = 1.0F;
  }
}

}  // namespace genbid::market
