#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "policy/policy.h"
#include "policy/saved_policy.h"
#include "runs/train_run.h"
#include "train/best_checkpoint.h"
#include "train/ranks.h"

namespace genbid::runs {

// Judges a policy that is being trained in the market of `select.market`: it takes each seat of each period, one at a
// time, as in an evaluation, or all of them (select.protocol: platform). Null where nothing is to be judged. Error for
// days of another length than it is trained on, and for days of its training. Ranks share seats (or periods) out among
// them, and all get the whole.
std::unique_ptr<train::Judge> make_judge(const TrainRunConfig& config, std::shared_ptr<policy::Policy> policy,
                                         const policy::CheckpointInfo& info, c10::Device device, train::Ranks& ranks);

}  // namespace genbid::runs
