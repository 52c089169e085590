#include "runs/resume.h"

#include <algorithm>

#include "base/config/settings_difference.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text_table.h"
#include "train/schedule.h"

namespace genbid::runs {
namespace {

std::string rate_text(const train::TrainConfig& train, int64_t step) {
  return number_text("%.2g", train.learning_rate *
                                 train::schedule_share(step, train.warmup_steps, train.steps, train.final_rate_share));
}

}  // namespace

std::optional<LatestCheckpoint> latest_checkpoint(const RunDir& run,
                                                  const std::function<void(const std::string& file)>& read) {
  const auto checkpoints = run.checkpoints();
  if (checkpoints.empty()) return std::nullopt;
  LatestCheckpoint latest{checkpoints.back(), {}};
  try {
    latest.info = policy::read_checkpoint_info(latest.path);
    if (run.checkpoint_path(latest.info.step) != latest.path) {
      throw Error(latest.path + ": found a checkpoint of step " + std::to_string(latest.info.step) +
                  ", expected the folder's name to say so");
    }
    read(latest.path + "/config.yaml");
  } catch (const Error& error) {
    throw Error(damaged_checkpoint_text(run, error.what()));
  }
  return latest;
}

std::string damaged_checkpoint_text(const RunDir& run, const std::string& error) {
  const auto checkpoints = run.checkpoints();
  if (checkpoints.size() < 2) return error;
  return error + "; the checkpoint before it is " + checkpoints[checkpoints.size() - 2] + ": remove " +
         checkpoints.back() + " to go on from there";
}

void clear_free_settings(train::TrainConfig& train, train::SelectConfig& select) {
  train.log_every = train.eval_every = train.checkpoint_every = train.keep = train.steps = 1;
  train.stop_at = 0;
  train.save_patience = 0;
  train.threads = 0;
  train.ranks = 1;
  train.rank_timeout = 1;
  train.backend = "gloo";
  train.device = "cpu";
  train.graphs = {};
  train.prometheus.clear();
  if (!train.initial.empty()) train.initial = "run";
  select.every = std::min<int64_t>(select.every, 1);
  select.patience = 0;
}

void check_kept_settings(const LatestCheckpoint& latest, const std::string& before, const std::string& now,
                         const std::string& of_what) {
  const std::string difference = settings_difference(before, now);
  if (difference.empty()) return;
  throw Error(latest.path + "/config.yaml: found " + difference + "; a run can only be resumed with the " + of_what +
              " settings that it began with" + kBeginAnew);
}

void check_steps(const LatestCheckpoint& latest, const train::TrainConfig& train) {
  if (latest.info.step <= train.steps) return;
  throw Error(latest.path + ": found " + std::to_string(latest.info.step) +
              " steps done, expected at most train.steps, which is " + std::to_string(train.steps) + kBeginAnew);
}

void go_on(train::Trainer& trainer, const Resume& resume, const RunDir& run) {
  try {
    trainer.resume(resume.checkpoint);
  } catch (const Error& error) {
    throw Error(damaged_checkpoint_text(run, error.what()));
  }
  log_info("resumed from " + resume.checkpoint);
  for (const std::string& note : resume.notes) log_info(note);
}

std::vector<std::string> notes_on(const policy::CheckpointInfo& seen, const policy::CheckpointInfo& now,
                                  const train::TrainConfig& before, const train::TrainConfig& train) {
  std::vector<std::string> notes;
  if (train.steps != before.steps) {
    notes.push_back("train.steps is " + std::to_string(train.steps) + " in place of " + std::to_string(before.steps) +
                    ": the learning rate goes on along the new schedule, at " + rate_text(train, seen.step) +
                    " (the old one had come to " + rate_text(before, seen.step) + ")");
  }
  if (seen.threads != 0 && seen.threads != now.threads) {
    notes.push_back("trained by " + std::to_string(seen.threads) + " threads until now, by " +
                    std::to_string(now.threads) + " from here: not the last bits of a run that was never stopped");
  }
  if (seen.ranks != now.ranks) {
    notes.push_back("trained by " + std::to_string(seen.ranks) + " ranks until now, by " + std::to_string(now.ranks) +
                    " from here: the same batches, not the same random numbers within them");
  }
  if (!seen.program.empty() && seen.program != now.program) {
    notes.push_back("begun by " + seen.program + "; this is " + now.program);
  }
  const bool unknown = std::all_of(seen.stores.begin(), seen.stores.end(), [](const policy::SeenStore& one) {
    return one.data.empty() && one.sources.empty();
  });
  if (unknown) {
    notes.emplace_back("the checkpoint does not say which data it was trained on: not checked");
  }
  return notes;
}

}  // namespace genbid::runs
