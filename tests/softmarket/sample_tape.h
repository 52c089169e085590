#pragma once

#include <cmath>
#include <cstdint>

#include "base/convert.h"
#include "base/random/random.h"
#include "data/tape_store.h"

namespace genbid::test {

// Days of made-up smooth markets: value a saturating curve of alpha, cost what it would be at a price that rises with
// the share won. Each tick of each day is another.
inline data::TapeColumns sample_tape(int64_t days, int64_t ticks, uint64_t seed = 1) {
  data::TapeColumns tape;
  tape.ticks = ticks;
  tape.octaves = 6;
  tape.knots_per_octave = 4;
  const RandomStream stream(seed, "test.tape");
  for (int64_t day = 0; day < days; ++day) {
    tape.period.push_back(day / 2);
    tape.seat.push_back(day % 2);
    tape.budget.push_back(3000.0 + 200.0 * as_double(day % 5));
    tape.cpa_limit.push_back(80.0 + 10.0 * as_double(day % 4));
    tape.lowest.push_back(16.0F);
    for (int64_t tick = 0; tick < ticks; ++tick) {
      const auto bits = stream.bits(static_cast<uint32_t>(day), static_cast<uint32_t>(tick));
      const double n = 2000.0 + 8000.0 * uniform_double(bits[0]);
      const double mean = 0.0005 * (0.3 + uniform_double(bits[1]));
      const double price = 60.0 * (0.5 + uniform_double(bits[2]));
      tape.num_pv.push_back(as_float(n));
      tape.mean_pvalue.push_back(as_float(mean));
      tape.price.push_back(as_float(price * mean));
      // share(a) = a^2 / (a^2 + p^2); cost = value x (price of the marginal one, about), both smooth in log a.
      const auto share = [&](double a) { return 0.4 * a * a / (a * a + price * price); };
      const auto cost = [&](double a) { return n * mean * share(a) * price * a / (a + price); };
      const auto numbers = [&](double a) { return std::array<double, 3>{n * mean * share(a), cost(a), n * share(a)}; };
      for (int64_t k = 0; k < tape.num_knots(); ++k) {
        const double knots = as_double(tape.knots_per_octave);
        const auto alpha = [&](double place) { return 16.0 * std::exp2(place / knots); };
        const auto here = numbers(alpha(as_double(k)));
        const double step = 1e-4;
        const auto up = numbers(alpha(as_double(k) + step));
        const auto down = numbers(alpha(as_double(k) - step));
        for (size_t i = 0; i < 3; ++i) {
          tape.knots.push_back(as_float(here[i]));
          tape.knots.push_back(as_float((up[i] - down[i]) / (2.0 * step)));
        }
      }
    }
  }
  return tape;
}

}  // namespace genbid::test
