#pragma once

#include <string>
#include <vector>

#include "policy/saved_policy.h"
#include "train/ema.h"
#include "train/optimizer.h"

// A checkpoint is a saved policy (policy/saved_policy.h) with what a training needs to go on, in a folder that is
// renamed into place when it is whole. Beside the policy's files there is
//   trainer.safetensors  optimizer moments ("moment1.NAME", "moment2.NAME", "steps.NAME")

namespace genbid::train {

void save_checkpoint(const std::string& path, const policy::CheckpointInfo& info, const std::string& config_yaml,
                     const policy::Policy& policy, const Ema& ema, const std::vector<AdamW>& optimizers);
// What a resumed run needs: weights, their averages and moments.
void load_trainer(const std::string& path, policy::Policy& policy, Ema& ema, const std::vector<AdamW>& optimizers);

}  // namespace genbid::train
