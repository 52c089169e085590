#include <ATen/Parallel.h>

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <thread>

#include "app/command.h"
#include "app/train_run.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/run_dir.h"
#include "base/stop_signal.h"
#include "train/device.h"

namespace genbid {
namespace {

TrainRunConfig read_config(const ConfigFile& file) {
  TrainRunConfig config;
  file.read(config);
  return config;
}

std::string resolve(const ConfigFile& file) { return print_config(read_config(file), "train"); }

// The step to go on from: the run's latest checkpoint, which must have been made by the same config (more steps,
// and other machine settings, are allowed).
std::string checkpoint_to_resume(const RunDir& run, const TrainRunConfig& config, const CheckpointInfo& info) {
  const auto checkpoints = run.checkpoints();
  if (checkpoints.empty()) return {};
  const std::string& path = checkpoints.back();
  TrainRunConfig before;
  ConfigFile::load(path + "/config.yaml").read(before);
  TrainRunConfig now = config;
  for (TrainRunConfig* one : {&before, &now}) {
    one->run.clear();
    one->data.store.clear();
    TrainConfig& train = one->train;
    train.log_every = train.eval_every = train.checkpoint_every = train.keep = train.steps = 1;
    train.stop_at = 0;
    train.threads = 0;
    train.device = "cpu";
  }
  if (print_config(before, "train") != print_config(now, "train")) {
    throw Error(path +
                "/config.yaml: found other settings than this config's; a run can only be resumed with the "
                "data, model and train settings that it began with (take another run=NAME to start anew)");
  }
  const CheckpointInfo seen = read_checkpoint_info(path);
  if (seen.sources != info.sources || seen.observation.feature_set != info.observation.feature_set) {
    throw Error(config.data.store + ": found a store made from other files or with other features than the one that " +
                run.path() + " was trained on; expected the same data (take another run=NAME to start anew)");
  }
  return path;
}

// One trainer a run folder; the lock goes with the process.
void take_run(const RunDir& run) {
  const int file = ::open(run.file(".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) throw Error(run.file(".lock") + ": cannot be opened: " + std::strerror(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    throw Error(run.path() + ": another process is training in this folder; expected none (take another run=NAME)");
  }
}

void print_summary(const TrainSummary& summary, const std::map<int64_t, double>& seat_mean_error) {
  std::printf("step %lld", static_cast<long long>(summary.step));
  if (summary.loss) std::printf(", training loss %.4f", *summary.loss);
  std::printf("\n");
  for (const HeldOutPeriod& one : summary.held_out) {
    std::printf("period %lld held out, at step %lld: loss %.4f, ", static_cast<long long>(one.period),
                static_cast<long long>(summary.held_out_step), one.loss);
    std::printf("action error %.2f (mean |alpha - logged alpha|; seat's training mean: %.2f)\n", one.action_error,
                seat_mean_error.at(one.period));
    if (one.forecast_error.empty()) continue;
    std::printf("  forecast of the next state, error over that of copying the last:");
    for (const auto& [group, error] : one.forecast_error) std::printf(" %s %.2f", group.c_str(), error);
    std::printf("\n");
  }
  std::printf("checkpoint: %s\n", summary.checkpoint.c_str());
}

int run_train(const ConfigFile& file) {
  const TrainRunConfig config = read_config(file);
  const c10::Device device = open_device(config.train.device);  // before any other use of LibTorch
  const auto processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(config.train.threads > 0 ? static_cast<int>(config.train.threads) : processors);

  const LoadedStore store = load_store(config.data.store);
  const Reward reward = parse_reward(config.data.reward);
  const Dataset training(store, config.data.train_periods.values, reward, device);
  const bool holds_out = !config.data.held_out_periods.values.empty();
  const std::unique_ptr<Dataset> held_out =
      holds_out ? std::make_unique<Dataset>(store, config.data.held_out_periods.values, reward, device) : nullptr;

  CheckpointInfo info;
  info.shape.num_features = training.num_features();
  info.observation = {store.info.feature_set, config.data.reward};
  info.train_periods = config.data.train_periods.values;
  info.held_out_periods = config.data.held_out_periods.values;
  info.sources = store.info.sources;
  const std::shared_ptr<Policy> policy = make_policy(config.model, info.shape, config.train.seed);

  const std::string yaml = print_config(config, "train");
  const RunDir run = RunDir::open_or_create(config.run, yaml);
  take_run(run);
  log_to_file(run.file("log.txt"));
  const std::string checkpoint = checkpoint_to_resume(run, config, info);
  write_file(run.file("config.yaml"), yaml);
  policy->to(device);  // before fit(), whose columns are there
  if (checkpoint.empty()) policy->fit(training.training_columns());
  log_info("train " + config.model.name + ": " + std::to_string(num_parameters(*policy)) + " parameters, " +
           std::to_string(training.num_trajectories()) + " trajectories, " + std::to_string(training.num_rows()) +
           " ticks, on " + config.train.device + ", " + std::to_string(at::get_num_threads()) + " threads");

  Trainer trainer(config.train, *policy, training, held_out.get(), run, info, yaml);
  if (!checkpoint.empty()) {
    trainer.resume(checkpoint);
    log_info("resumed from " + checkpoint);
  }
  const TrainSummary summary = trainer.run();
  print_summary(summary, held_out ? seat_mean_action_error(training, *held_out) : std::map<int64_t, double>());
  if (summary.stopped) {
    log_info("stopped at step " + std::to_string(summary.step) + " of " + std::to_string(config.train.steps) +
             "; the same command goes on from the checkpoint");
    return stop_signal::exit_status();  // 0 for train.stop_at
  }
  return 0;
}

}  // namespace

Command train_command() {
  return {"train", "train a policy on a trajectory store",
          "  genbid train configs/decision_transformer.yaml run=runs/mine train.steps=5000\n"
          "\n"
          "run           folder of the run: config.yaml, log.txt, metrics.jsonl, checkpoints/\n"
          "data.*        the store (genbid ingest), periods to train on and to hold out\n"
          "model.*       a model and its options; models/NAME/README.md\n"
          "train.*       steps, batch size, rates, seed, device (cpu, cuda), threads\n"
          "\n"
          "The same command goes on with a run that was stopped. Ctrl-C and SIGTERM save a checkpoint first and exit\n"
          "with 128 + the signal's number; a second one ends the process at once. `genbid config FILE` shows every\n"
          "option with its value.",
          run_train, resolve};
}

}  // namespace genbid
