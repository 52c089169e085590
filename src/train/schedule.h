#pragma once

#include <cstdint>

namespace genbid::train {

// Learning rate of a step (0-based) as a share of the peak: linear warm-up over `warmup_steps`, then a half
// cosine down to `final_share` at `steps` (Loshchilov and Hutter, ICLR 2017, without restarts).
double schedule_share(int64_t step, int64_t warmup_steps, int64_t steps, double final_share);

}  // namespace genbid::train
