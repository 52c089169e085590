#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/threads.h"
#include "campaigns/campaign_days.h"
#include "campaigns/campaign_laws.h"
#include "campaigns/click_day.h"

// The days that are played, wherever they come from: made by laws here, or stored (data/campaign_store.h).

namespace genbid::campaigns {

// One day of one campaign.
struct Sample {
  SetOfSamples set = SetOfSamples::kTrain;
  int64_t campaign = 0;
  int64_t day = 0;
  ClickLimits limits;
  int64_t days_before = 0;  // which are known, one behind the other; 0: the campaign begins on this day
};

class Samples {
 public:
  virtual ~Samples() = default;

  virtual int64_t num_slots() const = 0;
  // The day of a sample, 0 <= sample < all().size(), or one of those before it: 0 <= back <= days_before. The same at
  // every call, and from any thread.
  virtual ClickDay day(int64_t sample, int64_t back) const = 0;

  // Ordered by set, campaign and day.
  const std::vector<Sample>& all() const { return all_; }
  // Those of a set are [first, second).
  std::pair<int64_t, int64_t> range(SetOfSamples set) const;

 protected:
  std::vector<Sample> all_;
};

// Days by the laws; campaigns are numbered through, so that sets share none.
class MadeSamples : public Samples {
 public:
  // Draws the campaigns. `done`, if any, is told from any thread how many are drawn.
  MadeSamples(const CampaignLaws& laws, const SampleSets& sets, Threads& threads,
              const std::function<void(int64_t)>& done = {});

  int64_t num_slots() const override { return population_.laws().slots; }
  ClickDay day(int64_t sample, int64_t back) const override;

 private:
  CampaignPopulation population_;
  std::vector<Campaign> campaigns_;
};

}  // namespace genbid::campaigns
