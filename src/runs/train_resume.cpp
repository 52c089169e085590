#include "runs/train_resume.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/config/config.h"
#include "base/error.h"
#include "base/config/settings_difference.h"
#include "train/schedule.h"

namespace genbid::runs {
namespace {

// What must be as it was: the rest is cleared.
std::string kept_settings(TrainRunConfig config) {
  config.run.clear();
  for (StoreConfig& store : config.data.store) store.path = "store";
  for (TapeFileConfig& store : config.tapes.store) store.path = "store";
  train::TrainConfig& train = config.train;
  train.log_every = train.eval_every = train.checkpoint_every = train.keep = train.steps = 1;
  train.stop_at = 0;
  train.threads = 0;
  train.device = "cpu";
  train.prometheus.clear();
  if (!train.initial.empty()) train.initial = "run";
  config.select.every = std::min<int64_t>(config.select.every, 1);
  config.select.patience = 0;
  return print_config(config, "train");
}

// Sizes and hashes of the files that a store was made from: what they were called is no matter.
std::string contents_of(const std::string& sources) {
  if (sources.empty()) return {};
  auto list = nlohmann::json::parse(sources, nullptr, false);
  if (!list.is_array()) return sources;
  std::vector<std::string> files;
  for (auto& one : list) {
    if (one.is_object()) one.erase("name");
    files.push_back(one.dump());
  }
  std::sort(files.begin(), files.end());
  std::string text;
  for (const std::string& one : files) text += one;
  return text;
}

bool has_other_data(const policy::SeenStore& seen, const policy::SeenStore& now, bool same_features) {
  if (!seen.data.empty()) return seen.data != now.data;
  return contents_of(seen.sources) != contents_of(now.sources) || !same_features;
}

// Of all that a run reads: logs, tapes, rounds, and behind them what its initial policy has read.
std::string store_path(const TrainRunConfig& config, size_t place) {
  const size_t logs = config.data.store.size();
  if (place < logs) return config.data.store[place].path;
  const size_t tapes = config.tapes.store.size();
  if (place < logs + tapes) return config.tapes.store[place - logs].path;
  return place == logs + tapes && config.rounds.on() ? "rounds.market" : config.train.initial;
}

std::string rate_text(const train::TrainConfig& train, int64_t step) {
  char text[32];
  std::snprintf(
      text, sizeof text, "%.2g",
      train.learning_rate * train::schedule_share(step, train.warmup_steps, train.steps, train.final_rate_share));
  return text;
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

}  // namespace

std::string damaged_checkpoint_text(const RunDir& run, const std::string& error) {
  const auto checkpoints = run.checkpoints();
  if (checkpoints.size() < 2) return error;
  return error + "; the checkpoint before it is " + checkpoints[checkpoints.size() - 2] + ": remove " +
         checkpoints.back() + " to go on from there";
}

Resume find_checkpoint(const RunDir& run, const TrainRunConfig& config, const policy::CheckpointInfo& now) {
  const auto checkpoints = run.checkpoints();
  if (checkpoints.empty()) return {};
  const std::string& path = checkpoints.back();
  policy::CheckpointInfo seen;
  TrainRunConfig before;
  try {
    seen = policy::read_checkpoint_info(path);
    if (run.checkpoint_path(seen.step) != path) {
      throw Error(path + ": found a checkpoint of step " + std::to_string(seen.step) +
                  ", expected the folder's name to say so");
    }
    ConfigFile::load(path + "/config.yaml").read(before);
  } catch (const Error& error) {
    throw Error(damaged_checkpoint_text(run, error.what()));
  }
  const std::string anew = " (take another run=NAME to start anew)";
  const std::string difference = settings_difference(kept_settings(before), kept_settings(config));
  if (!difference.empty()) {
    throw Error(path + "/config.yaml: found " + difference +
                "; a run can only be resumed with the data, model and train settings that it began with" + anew);
  }
  const bool same_features = seen.observation.feature_set == now.observation.feature_set;
  for (size_t i = 0; i < now.stores.size(); ++i) {
    if (i < seen.stores.size() && !has_other_data(seen.stores[i], now.stores[i], same_features)) continue;
    throw Error(store_path(config, i) + ": found other data than those that " + run.path() +
                " was trained on; expected the same" + anew);
  }
  if (seen.initial != now.initial) {
    throw Error(config.train.initial + ": found other weights than those that " + run.path() +
                " started from; expected the same" + anew);
  }
  if (config.data.reward == "expected" && seen.observation.returns != now.observation.returns) {
    throw Error(path + ": found a run whose expected returns are the " + seen.observation.returns +
                ", which an earlier program began; expected the " + now.observation.returns + anew);
  }
  if (seen.step > config.train.steps) {
    throw Error(path + ": found " + std::to_string(seen.step) + " steps done, expected at most train.steps, which is " +
                std::to_string(config.train.steps) + anew);
  }
  return {path, notes_on(seen, now, before.train, config.train)};
}

}  // namespace genbid::runs
