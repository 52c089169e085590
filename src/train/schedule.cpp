#include "train/schedule.h"

#include <cmath>

#include "base/convert.h"

namespace genbid::train {

double schedule_share(int64_t step, int64_t warmup_steps, int64_t steps, double final_share) {
  if (step < warmup_steps) return as_double(step + 1) / as_double(warmup_steps);
  if (steps <= warmup_steps) return 1.0;
  const double done = as_double(step - warmup_steps) / as_double(steps - warmup_steps);
  return final_share + (1.0 - final_share) * 0.5 * (1.0 + std::cos(M_PI * done));
}

}  // namespace genbid::train
