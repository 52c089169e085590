#pragma once

#include "base/files/run_dir.h"
#include "policy/saved_policy.h"
#include "runs/resume.h"
#include "runs/train_run.h"

namespace genbid::runs {

// The run's latest checkpoint. Error if it is damaged (naming the one before it), was made with other data, model or
// training settings (naming the first that differs), or has more steps than are asked for. More steps and other machine
// settings are allowed, and noted. `now`: what a checkpoint of this command would say.
Resume find_checkpoint(const RunDir& run, const TrainRunConfig& config, const policy::CheckpointInfo& now);

}  // namespace genbid::runs
