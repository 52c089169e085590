#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/files/run_dir.h"
#include "runs/train_run.h"

namespace genbid::runs {

struct TrainingSummary {
  train::TrainSummary training;
  // By held-out period: action errors of the seats' training means, and of the last alpha once more.
  std::map<int64_t, double> seat_mean_error;
  std::map<int64_t, double> copying_error;
  std::string run;
  std::string model;
  int64_t steps = 0;     // that were asked for
  double seconds = 0.0;  // of this call, from reading the store to the last checkpoint
  int64_t rank = 0;      // of this process; the first one tells what came of it

  // Losses and held-out errors for people, as wide as standard output, and where the last checkpoint is.
  std::string text() const;
  std::string json() const;  // the same, of every held-out period; one document
};

// One trainer a run folder: Error if another process trains in it. The lock goes with the process.
void take_run(const RunDir& run);

// Begins the training, or goes on from the run's last checkpoint (train_resume.h), and ends it at its last step, at
// train.stop_at, or at a signal, with a checkpoint. One process a run folder, or the ranks of one training
// (rank_start.h).
TrainingSummary train(const TrainRunConfig& config);

}  // namespace genbid::runs
