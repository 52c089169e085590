#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runs/train_run.h"

namespace genbid::runs {

struct TrainingSummary {
  train::TrainSummary training;
  std::map<int64_t, double> seat_mean_error;  // by held-out period: action error of the seats' training means

  // Losses and held-out errors for people, and where the last checkpoint is.
  std::string text() const;
};

// Begins the training, or goes on from the run's last checkpoint (train_resume.h), and ends it at its last step, at
// train.stop_at, or at a signal, with a checkpoint. One process a run folder.
TrainingSummary train(const TrainRunConfig& config);

}  // namespace genbid::runs
