#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files/run_dir.h"
#include "policy/saved_policy.h"
#include "train/best_checkpoint.h"
#include "train/train_config.h"
#include "train/trainer.h"

// What a training of any kind checks before it goes on from its last checkpoint.

namespace genbid::runs {

struct Resume {
  std::string checkpoint;          // to go on from; empty: the run begins
  std::vector<std::string> notes;  // what is allowed to differ and does, a line each
};

// Ends the errors of what differs.
inline constexpr const char* kBeginAnew = " (take another run=NAME to start anew)";

struct LatestCheckpoint {
  std::string path;
  policy::CheckpointInfo info;
};

// The run's latest checkpoint, if there is one; `read` reads the settings that it keeps, from the file it is given.
// Error if it is damaged, which names the one before it.
std::optional<LatestCheckpoint> latest_checkpoint(const RunDir& run,
                                                  const std::function<void(const std::string& file)>& read);
// `error`, met while the run's latest checkpoint was read, with what can be done about it.
std::string damaged_checkpoint_text(const RunDir& run, const std::string& error);

// Gives settings that may differ when a run goes on one and the same value.
void clear_free_settings(train::TrainConfig& train, train::SelectConfig& select);
// Error where settings differ of those that must not, printed, which names the first; or where more steps are done than
// are asked for. `of_what`: "data, model and train".
void check_kept_settings(const LatestCheckpoint& latest, const std::string& before, const std::string& now,
                         const std::string& of_what);
void check_steps(const LatestCheckpoint& latest, const train::TrainConfig& train);

// Goes on from the checkpoint, and says so in the log.
void go_on(train::Trainer& trainer, const Resume& resume, const RunDir& run);

// What may differ and does. `now`: what a checkpoint of this command would say.
std::vector<std::string> notes_on(const policy::CheckpointInfo& seen, const policy::CheckpointInfo& now,
                                  const train::TrainConfig& before, const train::TrainConfig& train);

}  // namespace genbid::runs
