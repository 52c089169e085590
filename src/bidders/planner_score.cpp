#include "bidders/planner_score.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/convert.h"
#include "bidding/score.h"

namespace genbid::bidders {
namespace {

// Values from 2^-4 to 2^16, `kParts` an octave in equal steps, as the bits of a float have them; ratios of what is
// needed to the value from 0 to 4.
constexpr int kFirstOctave = -4;
constexpr int kOctaves = 20;
constexpr int kPartBits = 2;
constexpr int kParts = 1 << kPartBits;
constexpr int kPerRatio = 64;
constexpr int kRatios = 4 * kPerRatio + 2;

constexpr float lowest() { return std::bit_cast<float>(static_cast<uint32_t>(127 + kFirstOctave) << 23U); }

}  // namespace

ScoreTable::ScoreTable() {
  for (int i = 0; i <= kOctaves * kParts; ++i) {
    const double value = std::ldexp(1.0 + as_double(i % kParts) / kParts, kFirstOctave + i / kParts);
    for (int j = 0; j < kRatios; ++j) {
      share_.push_back(as_float(expected_score(value, value * j / kPerRatio, 1.0) / value));
    }
  }
}

const ScoreTable& ScoreTable::shared() {
  static const ScoreTable table;
  return table;
}

float ScoreTable::score(float value, float needed) const {
  if (!(value > lowest()) || needed <= 1.0F) return value;
  const float ratio = needed / value;
  if (ratio >= 4.0F) return value * (value * (value + 3.0F) + 1.0F) / (needed * needed);  // hardly ever the whole need
  constexpr int kShift = 23 - kPartBits;
  const uint32_t steps = std::bit_cast<uint32_t>(value) - std::bit_cast<uint32_t>(lowest());
  const uint32_t row = steps >> kShift;
  if (row >= kOctaves * kParts) return ratio <= 1.0F ? value : value / (ratio * ratio);
  const float across = as_float(steps & ((1U << kShift) - 1)) * (1.0F / as_float(1U << kShift));
  const float place = ratio * kPerRatio;
  const auto column = static_cast<uint32_t>(place);
  const float along = place - as_float(column);
  const float* const a = &share_[size_t{row} * kRatios + column];
  const float* const b = a + kRatios;
  const float low = a[0] + along * (a[1] - a[0]);
  const float high = b[0] + along * (b[1] - b[0]);
  return value * (low + across * (high - low));
}

}  // namespace genbid::bidders
