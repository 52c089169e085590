#pragma once

#include <string>
#include <vector>

#include "runs/campaign_days_config.h"
#include "runs/campaign_training.h"
#include "serve/click_bundle.h"

// What agents have seen, and what they may not be judged on.

namespace genbid::runs {

// A set of days that candidates are judged on.
struct JudgedSet {
  const CampaignDaysConfig& config;
  const campaigns::Samples& samples;
  campaigns::SetOfSamples set;

  std::pair<int64_t, int64_t> range() const { return samples.range(set); }
};

// The days that a bundle's agents, and the profiles that they read, were trained on.
std::vector<SeenDays> seen_by(const serve::ClickBundle& bundle);

// Error where a campaign is judged that is in the training set of what was seen or, of a test, in its validation set,
// by which a training may have been chosen. Whoever asks for the training set asks for such campaigns. Campaigns are
// known by their seed and number, in a store of made days too, or by their store; those of other seeds or stores are
// taken for others.
void refuse_seen(const SeenDays& seen, const JudgedSet& judged);

// Error where agents of a bundle are matched by days that are judged or come after them: such a choice says nothing of
// what can be known before.
void refuse_matched_by_judged(const serve::ClickBundle& bundle, const JudgedSet& judged);

// Error unless each judged campaign has an agent of its own, trained on this very day. `name`: of the candidate.
void check_own(const LoadedCampaignModel<perbid::CampaignAgents>& training, const JudgedSet& judged,
               const std::string& name);

}  // namespace genbid::runs
