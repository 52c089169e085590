#pragma once

#include <memory>
#include <string>
#include <vector>

#include "eval/policy_bidder.h"
#include "policy/policy.h"
#include "policy/saved_policy.h"

namespace genbid::runs {

struct LoadedPolicy {
  std::shared_ptr<policy::Policy> policy;
  policy::CheckpointInfo info;
  std::string model;       // its name in the registry
  std::string checkpoint;  // the folder it came from
  std::string settings;    // the model's, as YAML
  std::string weights;     // a hash of the file that holds them
};

// The checkpoint that a path means: itself, or of a run folder the best one if it was judged as it was trained, else
// the latest.
std::string checkpoint_folder(const std::string& path);

// What an error of that checkpoint adds where it is the latest of the run at `path`: which one is before it. Empty
// where there is none.
std::string one_before(const std::string& path, const std::string& folder);

// `path`: a checkpoint, or a run folder: its best checkpoint if it was judged as it was trained
// (train/best_checkpoint.h), else its latest. `settings` (KEY=VALUE) are laid over those that its model was trained
// with; weights must fit what comes of it.
LoadedPolicy load_checkpoint(const std::string& path, policy::Weights weights,
                             const std::vector<std::string>& settings = {});

// How the policy of such a checkpoint, or of a training, is seated, with its own wishes. `name` stands in messages.
eval::PolicyBidderOptions bidder_options(const policy::CheckpointInfo& info, const std::string& name, int64_t seed,
                                         c10::Device device);

}  // namespace genbid::runs
