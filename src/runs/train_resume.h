#pragma once

#include <string>
#include <vector>

#include "runs/train_run.h"
#include "base/files/run_dir.h"
#include "train/checkpoint.h"

namespace genbid::runs {

struct Resume {
  std::string checkpoint;          // to go on from; empty: the run begins
  std::vector<std::string> notes;  // what is allowed to differ and does, a line each
};

// The run's latest checkpoint. Error if it is damaged (naming the one before it), was made with other data, model or
// training settings (naming the first that differs), or has more steps than are asked for. More steps and other machine
// settings are allowed, and noted. `now`: what a checkpoint of this command would say.
Resume find_checkpoint(const RunDir& run, const TrainRunConfig& config, const policy::CheckpointInfo& now);

// `error`, met while the run's latest checkpoint was read, with what can be done about it.
std::string damaged_checkpoint_text(const RunDir& run, const std::string& error);

}  // namespace genbid::runs
