#pragma once

#include <string>
#include <vector>

#include "policy/saved_policy.h"
#include "train/ema.h"
#include "train/optimizer.h"

// A checkpoint is a saved policy (policy/saved_policy.h) with what a training needs to go on, in a folder that is
// renamed into place when it is whole. Beside the policy's files there is
//   trainer.safetensors  optimizer moments ("moment1.NAME", "moment2.NAME", "steps.NAME"), and what the objective
//                        carries from step to step ("objective.NAME")

namespace genbid::train {

void save_checkpoint(const std::string& path, const policy::CheckpointInfo& info, const std::string& config_yaml,
                     const policy::Policy& policy, const Ema& ema, const std::vector<AdamW>& optimizers,
                     const policy::NamedTensors& objective = {});
// What a resumed run needs: weights, their averages, moments and the objective's state, which are copied into these.
void load_trainer(const std::string& path, policy::Policy& policy, Ema& ema, const std::vector<AdamW>& optimizers,
                  const policy::NamedTensors& objective = {});

}  // namespace genbid::train
