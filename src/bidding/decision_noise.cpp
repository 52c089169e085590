#include "bidding/decision_noise.h"

#include <algorithm>

#include "base/convert.h"
#include "base/random/lanes.h"

namespace genbid {

void DecisionNoise::numbers(int64_t period, int seat, int64_t tick, std::span<float> out) const {
  const auto place = static_cast<uint32_t>(tick) << 16 | static_cast<uint32_t>(seat);
  const int64_t count = std::ssize(out);
  for (int64_t i = 0; i < count; i += 4) {
    const auto bits = stream_.bits(static_cast<uint32_t>(i / 4), place, static_cast<uint32_t>(period),
                                   static_cast<uint32_t>(period >> 32));
    const NormalPair first = normal_pair(bits[0], bits[1]);
    const NormalPair second = normal_pair(bits[2], bits[3]);
    const float normals[4] = {first.first, first.second, second.first, second.second};
    std::copy_n(normals, std::min<int64_t>(4, count - i), out.begin() + i);
  }
}

}  // namespace genbid
