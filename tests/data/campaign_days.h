#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "campaigns/made_days.h"
#include "data/campaign_store.h"
#include "files.h"

// Small stores of campaigns' days.
namespace genbid::test {

using campaigns::ClickDay;
using campaigns::Sample;
using campaigns::SetOfSamples;

// Day `number` of a campaign: four slots of three impressions, not the same for any two.
inline ClickDay small_day(int64_t campaign, int64_t number) {
  return campaigns::test::made_day(static_cast<uint32_t>(100 * campaign + number), 4, 3);
}

inline void expect_equal(const ClickDay& found, const ClickDay& expected) {
  EXPECT_EQ(found.slot_begins, expected.slot_begins);
  EXPECT_EQ(found.value, expected.value);
  EXPECT_EQ(found.ctr, expected.ctr);
  EXPECT_EQ(found.cost, expected.cost);
}

// Campaigns 5, 3 and 4 000 000 000 in this order: with two days before, with one, and without.
inline std::vector<Sample> small_samples() {
  return {{SetOfSamples::kTest, 5, 7, {100.0, 2.5}, 2},
          {SetOfSamples::kTrain, 3, 9, {0.1, 1e-3}, 1},
          {SetOfSamples::kTrain, 4'000'000'000, 0, {1e9, 7.0}, 0}};
}

inline std::string write_small_days(const TempFolder& folder, int64_t memory_bytes = 1 << 20) {
  data::CampaignStoreWriter writer(folder.file("days.h5"), 4, memory_bytes);
  for (const Sample& sample : small_samples()) {
    for (int64_t back = sample.days_before; back >= 0; --back) {
      writer.add_day(small_day(sample.campaign, sample.day - back));
    }
    writer.add_sample(sample);
  }
  writer.finish({"[]", "kind: test\n"});
  return folder.file("days.h5");
}

}  // namespace genbid::test
