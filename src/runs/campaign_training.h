#pragma once

#include <memory>
#include <string>
#include <vector>

#include "perbid/agent_training.h"
#include "perbid/drlb.h"
#include "perbid/profile_training.h"
#include "policy/saved_policy.h"
#include "runs/campaign_days_config.h"
#include "runs/training.h"
#include "train/best_checkpoint.h"
#include "train/train_config.h"

namespace genbid::runs {

// `kind: train` with `protocol: campaigns`, without these two keys.
struct CampaignTrainConfig {
  std::string run;  // folder of the run
  CampaignDaysConfig days;
  // What is trained: "agents" that bid; "drlb", which bids in another way; or the network of profiles that agents read,
  // "profile".
  std::string model = "agents";
  int64_t days_each = 1;  // of each campaign that are trained on: the sample's, and those before it that are known
  perbid::ProfileConfig profile;
  perbid::LessonConfig lesson;
  std::string profile_run;  // of agents: whose profiles they read; empty: none
  bool conditions = false;  // they read how tight limits are, in place of profiles (perbid/agent_play.h)
  perbid::AgentsConfig agents;
  perbid::EpisodesConfig episodes;
  perbid::DrlbConfig drlb;
  train::TrainConfig train;
  train::SelectConfig select;  // agents: judged by their Res on the validation set
  int64_t threads = 0;         // that play days; results do not depend on it

  // What agents read of a campaign beside its status. `network` is that of profile_run, or null.
  at::Tensor read_of(const perbid::PreparedDays& of, perbid::ProfileNetwork* network) const;
  bool trains_profiles() const { return model == "profile"; }
  void fields(ConfigVisitor& v);
};

TrainingSummary train_campaigns(const CampaignTrainConfig& config);

// The settings that draws of one training share: all but the seed, places, and what may change where a run goes on.
std::string recipe_of(CampaignTrainConfig config);

// A checkpoint or a bundle, and days that it was trained on: days_text().
struct SeenDays {
  std::string where;
  std::string days;
};

// A network of profiles, or agents, as a training leaves them.
template <typename Model>
struct LoadedCampaignModel {
  std::shared_ptr<Model> model;
  std::shared_ptr<perbid::ProfileNetwork> network;  // whose profiles agents read; null: none
  CampaignTrainConfig config;
  policy::CheckpointInfo info;
  std::string checkpoint;
  std::vector<SeenDays> seen;  // its own days, then those of the profiles that agents read
};
// Error unless it is for days of so many slots; of agents also if their network of profiles is no longer the one that
// they were trained with.
LoadedCampaignModel<perbid::ProfileNetwork> load_profile_network(const std::string& path, int64_t slots);
LoadedCampaignModel<perbid::CampaignAgents> load_agents(const std::string& path, int64_t slots,
                                                        policy::Weights weights = policy::Weights::kEma);

}  // namespace genbid::runs
