#pragma once

#include <random>

#include "base/convert.h"
#include "campaigns/click_day.h"

namespace genbid::campaigns::test {

// A small day of so many impressions in each slot, by a generator that is not the program's.
inline ClickDay made_day(uint32_t seed, int64_t slots, int64_t in_each) {
  std::mt19937 random(seed);
  const auto uniform = [&random] { return (as_float(random() >> 8) + 0.5F) * 0x1p-24F; };
  ClickDay day;
  day.slot_begins.push_back(0);
  for (int64_t slot = 0; slot < slots; ++slot) {
    for (int64_t i = 0; i < in_each; ++i) {
      const float ctr = 0.01F + 0.1F * uniform();
      day.ctr.push_back(ctr);
      day.value.push_back(ctr * 4.0F * uniform());
      day.cost.push_back(ctr * (0.2F + uniform()));
    }
    day.slot_begins.push_back(day.num_impressions());
  }
  return day;
}

}  // namespace genbid::campaigns::test
