#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bidding/advertiser.h"
#include "policy/policy.h"

// A policy as a training leaves it: what whoever uses one needs to read. A folder (train/checkpoint.h writes it):
//   model.safetensors    parameters ("policy.NAME"), their averages ("ema.NAME"), buffers ("policy.NAME")
//   config.yaml          the resolved training config, which names the model
//   state.json           CheckpointInfo, and sizes and hashes of the other files
// and what only a training reads again.

namespace genbid::policy {

// Where a policy's input comes from; live play follows it.
struct ObservationSpec {
  std::string feature_set;
  std::string reward = "expected";  // what earned returns count; or "realised"
  // What expected returns are (bidding/score.h): the mean of the score, or in checkpoints that do not say it the score
  // of the expectation, which is up to 8 % higher for days on the CPA limit.
  std::string returns = "mean of scores";
};

// A store of those that a policy has learned from, and which of its days.
struct SeenStore {
  std::string days;  // where they come from (runs/day_source.h); empty in checkpoints that do not say it
  std::vector<int64_t> train_periods;
  std::vector<int64_t> held_out_periods;
  std::string sources;  // of the store: names, sizes and hashes of the files it was made from
  std::string data;     // what it holds (train/stores.h, content_of); empty in checkpoints that do not say it
};

struct CheckpointInfo {
  int64_t step = 0;
  PolicyShape shape;
  int64_t ticks = kTicksPerPeriod;  // of the days it has learned from
  ObservationSpec observation;
  // Lowest and highest value of each state feature that it was fitted to; empty in checkpoints that do not say it.
  std::vector<std::pair<double, double>> feature_ranges;
  std::string labels = "logged";        // what it was taught to do (train/dataset.h)
  std::vector<SeenStore> stores;        // at least one
  std::string judged_days;              // where the days come from in whose market its best checkpoint was chosen
  std::vector<int64_t> judged_periods;  // and which; empty: none was
  std::string judge;                    // a hash of that market's seats; empty in checkpoints that do not say it
  std::string initial;                  // a hash of the weights that it started from; empty: drawn ones
  std::string program;                  // which one made it; empty in checkpoints that do not say it
  int64_t threads = 0;                  // of LibTorch; likewise 0
  int64_t ranks = 1;                    // processes that trained it as one
};

enum class Weights { kEma, kRaw };

// What state.json is.
inline constexpr int kCheckpointVersion = 2;  // 1: histories and wishes of another form
inline constexpr const char* kCheckpointFormat = "genbid-checkpoint";

// Throws an Error if `path` is no checkpoint, if it is damaged (a file is missing, or not as it was written), or if it
// has another version.
CheckpointInfo read_checkpoint_info(const std::string& path);
// Throws an Error where names or shapes do not fit the policy, or a number is not finite.
void load_policy(const std::string& path, Policy& policy, Weights weights);

}  // namespace genbid::policy
