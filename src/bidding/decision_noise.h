#pragma once

#include <cstdint>
#include <span>

#include "base/random/random.h"

namespace genbid {

// Random numbers of decisions: the same for all policies of a size, wherever they are asked.
class DecisionNoise {
 public:
  explicit DecisionNoise(int64_t seed) : stream_(static_cast<uint64_t>(seed), "evaluate.noise") {}

  // Standard normals that depend on (seed, period, seat, tick, place) alone.
  void numbers(int64_t period, int seat, int64_t tick, std::span<float> out) const;

 private:
  RandomStream stream_;
};

}  // namespace genbid
