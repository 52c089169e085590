#include "data/action_outliers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <vector>

#include "base/convert.h"

namespace genbid::data {
namespace {

constexpr size_t kFewest = 20;

std::string text(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.6g", value);
  return digits;
}

// Magnitudes rise as their bits do.
uint32_t bits_of(float action) { return std::bit_cast<uint32_t>(std::abs(action)); }

// The magnitude that `below` of the actions that are not 0 are smaller than or equal to, by counting their upper bits
// and then the lower ones of those whose upper bits it has: a copy of all might not fit.
float magnitude_at(std::span<const float> actions, size_t below) {
  constexpr uint32_t kHalf = 1U << 16;
  const auto find = [&](const auto& place_of) {
    std::vector<size_t> counts(kHalf);
    for (const float action : actions) {
      if (const std::optional<uint32_t> place = place_of(bits_of(action))) ++counts[*place];
    }
    uint32_t place = 0;
    for (; below >= counts[place]; ++place) below -= counts[place];
    return place;
  };
  const uint32_t upper =
      find([](uint32_t bits) { return bits == 0 ? std::nullopt : std::optional<uint32_t>(bits / kHalf); });
  const uint32_t lower = find([upper](uint32_t bits) {
    return bits == 0 || bits / kHalf != upper ? std::nullopt : std::optional<uint32_t>(bits % kHalf);
  });
  return std::bit_cast<float>(upper * kHalf + lower);
}

}  // namespace

ActionOutliers find_action_outliers(std::span<const float> actions) {
  ActionOutliers found;
  const auto decided = actions.size() - to_size(std::count(actions.begin(), actions.end(), 0.0F));
  if (decided < kFewest) return found;
  const size_t aside = std::max<size_t>(decided / 100, 1);
  found.usual = as_double(magnitude_at(actions, decided - aside - 1));
  found.limit = kOutlierFactor * found.usual;
  for (size_t i = 0; i < actions.size(); ++i) {
    const double size = std::abs(as_double(actions[i]));
    if (size <= found.limit) continue;
    if (found.count++ == 0) {
      found.first = i;
      found.value = as_double(actions[i]);
    }
    found.most = std::max(found.most, size);
  }
  return found;
}

std::string describe(const ActionOutliers& outliers, const std::string& place) {
  const std::string usual = ": 99 % of the actions have at most " + text(outliers.usual);
  if (outliers.count == 1) return "an action of " + text(outliers.value) + " in " + place + usual;
  return std::to_string(outliers.count) + " actions beyond " + text(outliers.limit) + ", the first of " +
         text(outliers.value) + " in " + place + ", the highest of " + text(outliers.most) + usual;
}

}  // namespace genbid::data
