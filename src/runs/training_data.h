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
  std::string in_files;     // for people: that columns lie in files, where and why; empty: they lie in memory
};

// What the processes of a training on this machine may take together. It is measured before any of them takes of it.
struct Room {
  double memory = 0.0;  // bytes
  std::string scratch;  // data.scratch, or the system's folder for large temporary files (TMPDIR, /var/tmp)
  double disk = 0.0;    // bytes that are free there
  int64_t processes = 1;
};
Room room_for(const DataConfig& config);

// What section `data` asks for. Columns that have no room in memory lie in the scratch folder. Error for
// periods that a store lacks, for held-out periods that no store holds or that are days of another store's training,
// and whatever train::load_stores refuses.
TrainingData load_training_data(const DataConfig& config, const Room& room, c10::Device device);

}  // namespace genbid::runs
