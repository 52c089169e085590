#include "campaigns/agent_moves.h"

#include <algorithm>

#include "base/convert.h"
#include "base/random/lanes.h"
#include "base/random/random.h"

namespace genbid::campaigns {

ClickBid start_with(const ClickBid& before, const ClickBid& middle) {
  if (before.alpha <= 0.0) return middle;
  return {std::clamp(before.alpha, kLeastAlpha, kMostAlpha), before.beta};
}

void move_noise(int64_t campaign, int64_t day, int64_t slot, std::span<float> normals) {
  const RandomStream stream(high_word(campaign), kMoveNoise);
  for (size_t z = 0; z < normals.size(); z += 2) {
    const auto bits = stream.bits(low_word(campaign), low_word(day), low_word(slot), low_word(z));
    const NormalPair pair = normal_pair(bits[0], bits[1]);
    normals[z] = pair.first;
    if (z + 1 < normals.size()) normals[z + 1] = pair.second;
  }
}

}  // namespace genbid::campaigns
