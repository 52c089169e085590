#include "train/schedule.h"

#include <cmath>

namespace genbid::train {

double schedule_share(int64_t step, int64_t warmup_steps, int64_t steps, double final_share) {
  if (step < warmup_steps) return static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  if (steps <= warmup_steps) return 1.0;
  const double done = static_cast<double>(step - warmup_steps) / static_cast<double>(steps - warmup_steps);
  return final_share + (1.0 - final_share) * 0.5 * (1.0 + std::cos(M_PI * done));
}

}  // namespace genbid::train
