#include "data/action_outliers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
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

}  // namespace

ActionOutliers find_action_outliers(std::span<const float> actions) {
  ActionOutliers found;
  std::vector<float> sizes;
  sizes.reserve(actions.size());
  for (const float action : actions) {
    if (action != 0.0F) sizes.push_back(std::abs(action));
  }
  if (sizes.size() < kFewest) return found;
  const size_t aside = std::max<size_t>(sizes.size() / 100, 1);
  const auto usual = sizes.end() - to_signed(aside) - 1;
  std::nth_element(sizes.begin(), usual, sizes.end());
  found.usual = as_double(*usual);
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
