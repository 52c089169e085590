#include "data/day_length.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/convert.h"

namespace genbid::data {

int day_length_by(int tick, double time_left) {
  // A number printed with three digits may be off by this much. In the first ticks of a long day it then tells a
  // neighbour of the day's length.
  constexpr double kTolerance = 6e-4;
  if (tick <= 0 || !(time_left > 0.0 && time_left < 1.0)) return 0;
  const double length = std::round(tick / (1.0 - time_left));
  if (!(length > tick && length <= kMaxTicks)) return 0;
  return std::abs(time_left - (1.0 - tick / length)) < kTolerance ? static_cast<int>(length) : 0;
}

int DayLengths::ticks() const {
  const auto most = std::max_element(rows.begin() + 1, rows.end());
  const int told = to_int(most - rows.begin());
  const int64_t all = std::accumulate(rows.begin() + 1, rows.end(), int64_t{0});
  const int needed = longest > 0 ? longest : highest;
  if (2 * *most > all && told >= needed) return told;
  if (needed > kTicksPerPeriod) return needed;
  return needed > 0 && all_end ? needed : kTicksPerPeriod;
}

}  // namespace genbid::data
