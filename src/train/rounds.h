#pragma once

#include <cstdint>
#include <optional>

#include "base/metrics.h"

namespace genbid::train {

// A training in rounds: what steps learn from is made anew every so many of them, by the policy as it then is.
class Rounds {
 public:
  virtual ~Rounds() = default;

  // The round of step number `step`, counted from 0, lasts from its first step to before its end.
  virtual int64_t first_step(int64_t step) const = 0;
  virtual int64_t end(int64_t step) const = 0;
  // Makes what the steps of the round of `step` learn from, or reads it where a run goes on that made it before. The
  // policy has its averaged weights. Returns numbers that tell how the round was made, none where it was read; nothing
  // if a stop was asked for. What may be thrown away afterwards is what no checkpoint from first_step on needs.
  virtual std::optional<MetricValues> begin(int64_t step) = 0;
};

}  // namespace genbid::train
