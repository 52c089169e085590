#include "bidders/planner_knowledge.h"

#include <cmath>
#include <cstddef>

#include "base/convert.h"
#include "base/error.h"
#include "bidding/advertiser.h"

namespace genbid::bidders {

void PlannerKnowledge::check() const {
  const auto fail = [&](const std::string& part, const std::string& fault) {
    throw Error(name + ": " + part + ": " + fault);
  };
  const auto sized = [&](const std::string& part, const std::vector<float>& values, int64_t expected) {
    if (std::ssize(values) != expected) {
      fail(part, "found " + std::to_string(values.size()) + " numbers, expected " + std::to_string(expected));
    }
    for (const float value : values) {
      if (!std::isfinite(value) || value < 0.0F) fail(part, "found a number that is not finite and at least 0");
    }
  };
  constexpr int64_t kMostLevels = 4096;
  constexpr int64_t kMostPerOctave = 64;
  if (num_ticks < 1 || num_ticks > kMaxTicks || num_levels < 2 || num_levels > kMostLevels || levels_per_octave < 1 ||
      levels_per_octave > kMostPerOctave) {
    fail("sizes", "found " + std::to_string(num_ticks) + " ticks and " + std::to_string(num_levels) + " levels, " +
                      std::to_string(levels_per_octave) + " an octave, expected 1 to " + std::to_string(kMaxTicks) +
                      ", 2 to " + std::to_string(kMostLevels) + " and 1 to " + std::to_string(kMostPerOctave));
  }
  if (!std::isfinite(lowest_level) || !(lowest_level > 0.0)) fail("lowest_level", "expected a number above 0");
  if (num_days() < 1) fail("num_pv", "found no days, expected at least one");
  sized("value_share", value_share, num_ticks * num_levels);
  sized("cost", cost, num_ticks * num_levels);
  sized("price", price, num_ticks);
  sized("num_pv", num_pv, num_days() * num_ticks);
  sized("mean_pvalue", mean_pvalue, num_days() * num_ticks);
  sized("num_pv_stays", num_pv_stays, num_ticks * num_ticks);
  sized("mean_pvalue_stays", mean_pvalue_stays, num_ticks * num_ticks);
  sized("price_stays", price_stays, num_ticks * num_ticks);
  if (!std::isfinite(volume_spread) || volume_spread < 0.0) fail("volume_spread", "expected a number of at least 0");
}

}  // namespace genbid::bidders
