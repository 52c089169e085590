#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/columns.h"
#include "base/config/config.h"
#include "base/threads.h"
#include "campaigns/campaign_laws.h"
#include "campaigns/click_play.h"

// What is known of a day once it is over, for many campaigns: sizes, the optimum, and how the bid would have done that
// was best the day before, the simplest rule there is.

namespace genbid::campaigns {

enum class SetOfSamples { kTrain, kValidation, kTest };
inline constexpr std::array<std::string_view, 3> kSetNames{"train", "validation", "test"};
std::string name_of(SetOfSamples set);
std::optional<SetOfSamples> set_named(std::string_view name);

// How many samples there are of each set: one is one day of one campaign. Campaigns are numbered through, so the sets
// share none.
struct SampleSets {
  int64_t train = 3000;  // as many as the paper has
  int64_t validation = 663;
  int64_t test = 483;
  int64_t day = 7;  // the same for all; what was before it is known, but of campaigns that begin on it

  int64_t count() const { return train + validation + test; }
  // 0 <= sample < count()
  SetOfSamples set_of(int64_t sample) const {
    if (sample < train) return SetOfSamples::kTrain;
    return sample < train + validation ? SetOfSamples::kValidation : SetOfSamples::kTest;
  }
  void fields(ConfigVisitor& v);
};

struct CampaignDay {
  SetOfSamples set = SetOfSamples::kTrain;
  Campaign campaign;
  int64_t day = 0;
  int64_t impressions = 0;
  ClickOptimum optimum;
  ClickBid yesterday;     // the optimum of the day before; of a campaign that begins, its limit for every click
  ClickSums kept;         // what that bid buys on this day, over all slots
  double res_kept = 0.0;  // and how good that is (click_play.h)
};

// `done` is told how many are ready, from one thread at a time. Ordered by set and campaign; the same for any number of
// threads.
std::vector<CampaignDay> campaign_days(const CampaignLaws& laws, const SampleSets& sets, Threads& threads,
                                       const std::function<void(int64_t)>& done);

// The columns of samples.csv.
const std::vector<Column<CampaignDay>>& sample_columns();

}  // namespace genbid::campaigns
