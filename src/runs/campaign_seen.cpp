#include "runs/campaign_seen.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::runs {
namespace {

using campaigns::Sample;
using campaigns::SetOfSamples;

// Other laws of the same seed draw the same numbers for a campaign: its days may be others, but it is no stranger.
bool same_campaigns(const CampaignDaysConfig& a, const CampaignDaysConfig& b) {
  return a.campaigns.seed == b.campaigns.seed;
}

const Sample& judged_sample(const JudgedSet& judged, int64_t i) { return at(judged.samples.all(), i); }

std::string judged_days(const JudgedSet& judged) { return days_text(judged.config, judged.samples); }

// Of made campaigns, which are known by their numbers.
void refuse_seen_numbers(const SeenDays& seen, const campaigns::SampleSets& trained, const JudgedSet& judged,
                         const campaigns::SampleSets& asked) {
  const bool is_test = judged.set == SetOfSamples::kTest;
  const int64_t first = asked.train + (is_test ? asked.validation : 0);
  const int64_t end = trained.train + (is_test ? trained.validation : 0);
  if (first >= end) return;
  throw Error(seen.where + ": found campaigns 0 to " + std::to_string(end - 1) + " in its training" +
              (is_test ? " and validation" : "") + ", and campaign " + std::to_string(first) +
              " is judged; expected samples.train and samples.validation as in the training (" +
              std::to_string(trained.train) + " and " + std::to_string(trained.validation) + ")");
}

void refuse_seen_in_store(const SeenDays& seen, const JudgedSet& judged) {
  const auto [begin, end] = judged.range();
  std::set<int64_t> campaigns;  // sets come in this order, so that those before the judged one are the earlier ones
  for (int64_t i = 0; i < begin; ++i) campaigns.insert(judged_sample(judged, i).campaign);
  for (int64_t i = begin; i < end; ++i) {
    const int64_t campaign = judged_sample(judged, i).campaign;
    if (!campaigns.contains(campaign)) continue;
    throw Error(seen.where + ": found campaign " + std::to_string(campaign) +
                " in its training or validation, which is judged; expected a store whose sets share no campaign");
  }
}

}  // namespace

std::vector<SeenDays> seen_by(const serve::ClickBundle& bundle) {
  const auto training = nlohmann::json::parse(bundle.info.training);
  std::vector<SeenDays> seen;
  for (const char* key : {"days", "profile_days"}) {
    const std::string days = training.value(key, "");
    if (!days.empty()) seen.push_back({bundle.folder, days});
  }
  return seen;
}

void refuse_seen(const SeenDays& seen, const JudgedSet& judged) {
  if (judged.set == SetOfSamples::kTrain) return;
  const std::string days = judged_days(judged);
  const auto made = made_days(seen.days);
  const auto made_judged = made_days(days);
  if (made && made_judged) {
    if (same_campaigns(*made, *made_judged)) refuse_seen_numbers(seen, made->samples, judged, made_judged->samples);
  } else if (seen.days == days) {
    refuse_seen_in_store(seen, judged);
  }
}

void refuse_matched_by_judged(const serve::ClickBundle& bundle, const JudgedSet& judged) {
  if (bundle.info.num_agents == 1) return;
  const auto matching = nlohmann::json::parse(bundle.info.matching);
  const std::string days = matching.value("days", "");
  const bool of_newest = matching.value("of", "") == "newest";
  const auto made = made_days(days);
  const auto [begin, end] = judged.range();
  std::map<int64_t, int64_t> last;  // day that each campaign was matched by
  if (made) {
    const auto made_judged = made_days(judged_days(judged));
    if (!made_judged || !same_campaigns(*made, *made_judged)) return;
    for (const auto& [campaign, agent] : bundle.agent_of) last[campaign] = made->samples.day - (of_newest ? 1 : 0);
  } else {
    if (days != judged_days(judged)) return;
    for (const Sample& sample : judged.samples.all()) {
      if (!bundle.agent_of.contains(sample.campaign)) continue;
      const auto found = last.emplace(sample.campaign, sample.day).first;
      found->second = std::max(found->second, sample.day);
    }
    if (of_newest) {
      for (auto& [campaign, day] : last) --day;
    }
  }
  for (int64_t i = begin; i < end; ++i) {
    const Sample& sample = judged_sample(judged, i);
    const auto found = last.find(sample.campaign);
    if (found == last.end() || found->second < sample.day) continue;
    throw Error(bundle.folder + ": found agents that are matched by day " + std::to_string(found->second) +
                " of campaign " + std::to_string(sample.campaign) + ", and its day " + std::to_string(sample.day) +
                " is judged; expected agents that are matched by the days before: export with matching.of=newest" +
                (made ? "" : ", of a store whose campaigns have one sample each"));
  }
}

void check_own(const LoadedCampaignModel<perbid::CampaignAgents>& training, const JudgedSet& judged,
               const std::string& name) {
  const auto refuse = [&](const std::string& found, const std::string& expected) {
    throw ConfigError("policy: " + name + ": found agent: own and " + found + ", expected " + expected);
  };
  if (training.config.episodes.clusters != "campaign") {
    refuse("a training of episodes.clusters: " + training.config.episodes.clusters, "campaign");
  }
  if (judged.set != SetOfSamples::kTrain || training.seen.front().days != judged_days(judged)) {
    refuse("other days than those of " + training.checkpoint,
           "set: train with its samples: an agent of its own is that of a campaign that was trained on");
  }
  const auto [begin, end] = judged.range();
  std::map<int64_t, int64_t> whose;  // campaign by agent
  for (int64_t i = begin; i < end; ++i) {
    const int64_t campaign = judged_sample(judged, i).campaign;
    const int64_t other = whose.emplace(campaign % training.model->num_agents(), campaign).first->second;
    if (other == campaign) continue;
    refuse("campaigns " + std::to_string(other) + " and " + std::to_string(campaign) + " with the same agent",
           "an agent for each");
  }
}

}  // namespace genbid::runs
