#pragma once

#include <vector>

#include "perbid/agent_play.h"

namespace genbid::perbid::test {

inline campaigns::CampaignLaws small_laws(int64_t slots = 6) {
  campaigns::CampaignLaws laws;
  laws.slots = slots;
  laws.volume = {200.0, 600.0};
  return laws;
}

// So many campaigns, a day of each, and the day before where it is known.
struct SmallField {
  Threads threads;
  campaigns::MadeSamples samples;
  PreparedDays days;

  explicit SmallField(int64_t count, int num_threads = 2, int64_t slots = 6)
      : threads(num_threads),
        samples(small_laws(slots), {count, 0, 0, 7}, threads),
        days(prepare_days(samples, places(count), threads)) {}

  // Nothing binds one of the days any more.
  void release(int64_t day) {
    at(days.limits, day) = {1e6, 1e6};
    at(days.optima, day) = campaigns::click_optimum(samples.day(day, 0), at(days.limits, day));
  }

  Field field() const { return {samples, days, conditions_NT2(days)}; }
  Field blind() const { return {samples, days, {}}; }

 private:
  static std::vector<DayPlace> places(int64_t count) {
    std::vector<DayPlace> all;
    for (int64_t i = 0; i < count; ++i) all.push_back({i, 0});
    return all;
  }
};

}  // namespace genbid::perbid::test
