#include "campaigns/samples.h"

#include <algorithm>
#include <atomic>

#include "base/convert.h"

namespace genbid::campaigns {

std::pair<int64_t, int64_t> Samples::range(SetOfSamples set) const {
  const auto in_set = [set](const Sample& sample) { return sample.set < set; };
  const auto up_to_set = [set](const Sample& sample) { return sample.set <= set; };
  const auto first = std::partition_point(all_.begin(), all_.end(), in_set);
  const auto end = std::partition_point(first, all_.end(), up_to_set);
  return {first - all_.begin(), end - all_.begin()};
}

MadeSamples::MadeSamples(const CampaignLaws& laws, const SampleSets& sets, Threads& threads,
                         const std::function<void(int64_t)>& done)
    : population_(laws), campaigns_(to_size(sets.count())) {
  constexpr int64_t kGrain = 8;
  constexpr int64_t kTold = 64;
  all_.resize(campaigns_.size());
  std::atomic<int64_t> drawn = 0;
  threads.parallel_for(std::ssize(all_), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Campaign& one = at(campaigns_, i) = population_.campaign(i);
      at(all_, i) = {sets.set_of(i), i, sets.day, one.limits, one.cold_start ? 0 : sets.day};
      const int64_t so_far = ++drawn;
      if (done && so_far % kTold == 0) done(so_far);
    }
  });
}

ClickDay MadeSamples::day(int64_t sample, int64_t back) const {
  return population_.day(at(campaigns_, sample), at(all_, sample).day - back);
}

}  // namespace genbid::campaigns
