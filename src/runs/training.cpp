#include "runs/training.h"

#include <ATen/Parallel.h>

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/run_dir.h"
#include "base/log.h"
#include "runs/day_source.h"
#include "runs/program.h"
#include "runs/train_resume.h"
#include "train/device.h"
#include "train/memory_check.h"

namespace genbid::runs {
namespace {

// One trainer a run folder; the lock goes with the process.
void take_run(const RunDir& run) {
  const int file = ::open(run.file(".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) throw Error(run.file(".lock") + ": cannot be opened: " + std::strerror(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    throw Error(run.path() + ": another process is training in this folder; expected none (take another run=NAME)");
  }
}

}  // namespace

std::string TrainingSummary::text() const {
  std::string text;
  const auto add = [&]<typename... Values>(const char* form, Values... values) {
    char line[512];
    std::snprintf(line, sizeof line, form, values...);
    text += line;
  };
  add("step %lld", static_cast<long long>(training.step));
  if (training.loss) add(", training loss %.4f", *training.loss);
  add("\n");
  constexpr size_t kListed = 4;  // more periods are in metrics.jsonl
  const auto step = static_cast<long long>(training.held_out_step);
  const auto print = [&](const std::string& what, const train::HeldOutPeriod& one, double seat_mean) {
    add("%s held out, at step %lld: loss %.4f, ", what.c_str(), step, one.loss);
    add("action error %.2f (mean |alpha - logged alpha|; seat's training mean: %.2f)\n", one.action_error, seat_mean);
    if (one.forecast_error.empty()) return;
    add("  forecast of the next state, error over that of copying the last:");
    for (const auto& [group, error] : one.forecast_error) add(" %s %.2f", group.c_str(), error);
    add("\n");
  };
  const std::vector<train::HeldOutPeriod>& periods = training.held_out;
  for (size_t i = 0; periods.size() <= kListed && i < periods.size(); ++i) {
    print("period " + std::to_string(periods[i].period), periods[i], seat_mean_error.at(periods[i].period));
  }
  if (periods.size() > 1) {
    double seat_mean = 0.0;
    for (const train::HeldOutPeriod& one : periods) seat_mean += seat_mean_error.at(one.period);
    print("mean of " + std::to_string(periods.size()) + " periods", train::mean_of_periods(periods),
          seat_mean / static_cast<double>(periods.size()));
  }
  if (periods.size() > kListed) add("  each period's own: metrics.jsonl\n");
  return text + "checkpoint: " + training.checkpoint + "\n";
}

TrainingSummary train(const TrainRunConfig& config) {
  const c10::Device device = train::open_device(config.train.device);  // before any other use of LibTorch
  const auto processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(config.train.threads > 0 ? static_cast<int>(config.train.threads) : processors);

  train::check_tensor_memory();
  train::LoadedStore store = train::load_store(config.data.store);
  const int64_t clipped = config.data.max_action > 0.0 ? train::clip_actions(store, config.data.max_action) : 0;
  const train::Reward reward = train::parse_reward(config.data.reward);
  const train::Dataset training(store, config.data.train_periods.values, reward, device);
  const bool holds_out = !config.data.held_out_periods.values.empty();
  const std::unique_ptr<train::Dataset> held_out =
      holds_out ? std::make_unique<train::Dataset>(store, config.data.held_out_periods.values, reward, device)
                : nullptr;

  policy::CheckpointInfo info;
  info.shape.num_features = training.num_features();
  info.ticks = training.ticks();
  info.observation = {store.info.feature_set, config.data.reward};
  info.days = day_source_of_store(store.info.config);
  info.train_periods = config.data.train_periods.values;
  info.held_out_periods = config.data.held_out_periods.values;
  info.sources = store.info.sources;
  info.data = train::content_of(store);
  info.program = program_name();
  info.threads = at::get_num_threads();
  const std::shared_ptr<policy::Policy> policy = [&] {
    const train::ModelMemory memory(train::kTrainingCopies);
    return models::make_policy(config.model, info.shape, config.train.seed);
  }();

  const std::string yaml = print_config(config, "train");
  const RunDir run = RunDir::open_or_create(config.run, yaml);
  take_run(run);
  remove_leftovers(run.file("checkpoints"));  // of a training that was killed, which this one may not prune
  log_to_file(run.file("log.txt"));
  const Resume resume = find_checkpoint(run, config, info);
  const std::string& checkpoint = resume.checkpoint;
  write_file(run.file("config.yaml"), yaml);
  policy->to(device);  // before fit(), whose columns are there
  if (checkpoint.empty()) policy->fit(training.training_columns());
  log_info("train " + config.model.name() + ": " + std::to_string(policy::num_parameters(*policy)) + " parameters, " +
           std::to_string(training.num_trajectories()) + " trajectories, " + std::to_string(training.num_rows()) +
           " ticks, on " + config.train.device + ", " + std::to_string(at::get_num_threads()) + " threads");

  if (clipped > 0) {
    log_info("data.max_action: " + std::to_string(clipped) + " actions of the store were lowered to " +
             shortest(config.data.max_action));
  }
  for (const train::Dataset* dataset : {&training, static_cast<const train::Dataset*>(held_out.get())}) {
    const std::string outliers = dataset != nullptr ? dataset->describe_action_outliers() : "";
    if (outliers.empty()) continue;
    log_warning(config.data.store + ": found " + outliers + "; the loss will look better and the policy be worse " +
                "(data.max_action lowers actions above a limit)");
  }

  train::Trainer trainer(config.train, *policy, training, held_out.get(), run, info, yaml);
  if (!checkpoint.empty()) {
    try {
      trainer.resume(checkpoint);
    } catch (const Error& error) {
      throw Error(damaged_checkpoint_text(run, error.what()));
    }
    log_info("resumed from " + checkpoint);
    for (const std::string& note : resume.notes) log_info(note);
  }
  TrainingSummary summary{trainer.run(), {}};
  if (held_out) summary.seat_mean_error = train::seat_mean_action_error(training, *held_out);
  return summary;
}

}  // namespace genbid::runs
