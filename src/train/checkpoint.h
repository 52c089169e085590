#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bidding/advertiser.h"
#include "policy/policy.h"
#include "train/dataset.h"
#include "train/ema.h"
#include "train/optimizer.h"

// A checkpoint is a folder, renamed into place when it is whole:
//   model.safetensors    parameters ("policy.NAME"), their averages ("ema.NAME"), buffers ("policy.NAME")
//   trainer.safetensors  optimizer moments ("moment1.NAME", "moment2.NAME", "steps.NAME")
//   config.yaml          the resolved training config
//   state.json           CheckpointInfo, and sizes and hashes of the other files

namespace genbid::train {

struct CheckpointInfo {
  int64_t step = 0;
  policy::PolicyShape shape;
  int64_t ticks = kTicksPerPeriod;  // of the days it has learned from
  ObservationSpec observation;
  std::vector<int64_t> train_periods;
  std::vector<int64_t> held_out_periods;
  std::string sources;  // of the store: names, sizes and hashes of the files it was made from
  std::string data;     // what the store holds (dataset.h, content_of); empty in checkpoints that do not say it
  std::string program;  // which one made it; likewise
  int64_t threads = 0;  // of LibTorch; likewise 0
};

enum class Weights { kEma, kRaw };

void save_checkpoint(const std::string& path, const CheckpointInfo& info, const std::string& config_yaml,
                     const policy::Policy& policy, const Ema& ema, const std::vector<AdamW>& optimizers);

// Error if `path` is no checkpoint, is damaged (a file is missing or not what was written), or is of another version.
CheckpointInfo read_checkpoint_info(const std::string& path);
// Error where names or shapes do not fit the policy, or a number is not finite.
void load_policy(const std::string& path, policy::Policy& policy, Weights weights);
// Everything a resumed run needs: raw weights, averages, moments.
void load_trainer(const std::string& path, policy::Policy& policy, Ema& ema, const std::vector<AdamW>& optimizers);

}  // namespace genbid::train
