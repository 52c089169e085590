#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/saved_policy.h"
#include "runs/train_run.h"
#include "train/dataset.h"

namespace genbid::runs {

struct TrainingData {
  train::Dataset training;
  std::optional<train::Dataset> held_out;
  std::vector<policy::SeenStore> stores;  // as a checkpoint names them, in the config's order
  std::string feature_set;
  int64_t num_clipped = 0;  // actions that were lowered to data.max_action
  std::string scratch;      // the folder that columns lie in; empty: in memory
};

// What section `data` asks for, read by so many processes of this machine at the same time. Columns that have no room
// in memory lie in data.scratch, or in the system's folder for large temporary files (TMPDIR, /var/tmp). Error for
// periods that a store lacks, for held-out periods that no store holds or that are days of another store's training,
// and whatever train::load_stores refuses.
TrainingData load_training_data(const DataConfig& config, int64_t processes, c10::Device device);

}  // namespace genbid::runs
