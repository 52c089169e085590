#include "runs/training.h"

#include <ATen/Parallel.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "base/files/atomic_file.h"
#include "base/files/file_lock.h"
#include "base/files/run_dir.h"
#include "base/log.h"
#include "base/convert.h"
#include "runs/day_source.h"
#include "runs/training_data.h"
#include "base/terminal.h"
#include "base/text_table.h"
#include "runs/program.h"
#include "runs/train_judge.h"
#include "runs/train_resume.h"
#include "train/device.h"
#include "train/memory_check.h"

namespace genbid::runs {
namespace {

// One trainer a run folder; the lock goes with the process. Who has it may be about to end: an experiment that was
// killed leaves trainings that save what they have, and the same command finds them at it.
void take_run(const RunDir& run) {
  const int file = ::open(run.file(".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) throw Error(run.file(".lock") + ": cannot be opened: " + std::strerror(errno));
  if (!lock_file(file, run.file(".lock"), std::chrono::seconds(5))) {
    throw Error(run.path() + ": another process is training in this folder; expected none (take another run=NAME)");
  }
}

// The mean over held-out periods of what a simple predictor is off by.
double mean_of(const std::map<int64_t, double>& by_period) {
  double sum = 0.0;
  for (const auto& [period, value] : by_period) sum += value;
  return by_period.empty() ? 0.0 : sum / static_cast<double>(by_period.size());
}

// Of LibTorch, where none are asked for. Its threads wait for each other in loops: a step of a small policy gains a
// tenth from a second one on a quiet machine, and on a busy one loses several times as much.
int threads_for(int64_t num_parameters) {
  constexpr int64_t kLarge = 4'000'000;
  return num_parameters < kLarge ? 1 : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

struct HeldOutRow {
  std::string name;
  train::HeldOutPeriod numbers;
  double seat_mean;
  double copying;
};

std::string errors_table(const std::vector<HeldOutRow>& rows, size_t width) {
  TextTable table({{"held out", TextColumn::Align::kLeft},
                   {"loss"},
                   {"action error"},
                   {"of the last alpha"},
                   {"of the seat's mean"}},
                  "  ");
  for (const HeldOutRow& row : rows) {
    table.add({row.name, number_text("%.4f", row.numbers.loss), number_text("%.2f", row.numbers.action_error),
               number_text("%.2f", row.copying), number_text("%.2f", row.seat_mean)});
  }
  return table.text(width) +
         wrapped("  ",
                 "action error: mean |alpha - what is taught|, beside that of the last alpha once more and of the "
                 "seat's mean in training",
                 width);
}

// Empty for a policy that forecasts nothing.
std::string forecasts_table(const std::vector<HeldOutRow>& rows, size_t width) {
  std::set<std::string> groups;
  for (const HeldOutRow& row : rows) {
    for (const auto& [group, error] : row.numbers.forecast_error) groups.insert(group);
  }
  if (groups.empty()) return {};
  std::vector<TextColumn> columns = {{"forecast", TextColumn::Align::kLeft}};
  for (const std::string& group : groups) columns.push_back({group});
  TextTable table(columns, "  ");
  for (const HeldOutRow& row : rows) {
    std::vector<std::string> cells = {row.name};
    for (const std::string& group : groups) {
      const auto error = row.numbers.forecast_error.find(group);
      cells.push_back(error == row.numbers.forecast_error.end() ? "" : number_text("%.2f", error->second));
    }
    table.add(cells);
  }
  return "\n" + table.text(width) + wrapped("  ", "error of the next state over that of copying the last", width);
}

}  // namespace

std::string TrainingSummary::text() const {
  const size_t width = terminal::width(STDOUT_FILENO);
  std::string text = "step " + std::to_string(training.step) + " of " + std::to_string(steps);
  if (training.loss) text += ", training loss " + number_text("%.4f", *training.loss);
  text += "\n";
  constexpr size_t kListed = 4;  // more periods are in metrics.jsonl
  const std::vector<train::HeldOutPeriod>& periods = training.held_out;
  std::vector<HeldOutRow> rows;
  for (size_t i = 0; periods.size() <= kListed && i < periods.size(); ++i) {
    const int64_t period = periods[i].period;
    rows.push_back(
        {"period " + std::to_string(period), periods[i], seat_mean_error.at(period), copying_error.at(period)});
  }
  if (periods.size() > 1) {
    rows.push_back({"mean of " + std::to_string(periods.size()) + " periods", train::mean_of_periods(periods),
                    mean_of(seat_mean_error), mean_of(copying_error)});
  }
  if (!rows.empty()) {
    text += "at step " + std::to_string(training.held_out_step) + ", with averaged weights:\n";
    text += errors_table(rows, width) + forecasts_table(rows, width);
  }
  if (periods.size() > kListed) text += "  each period's own: metrics.jsonl\n";
  if (training.best) {
    text += "in the market: expected score " + number_text("%.2f", training.best->expected_score) + " at step " +
            std::to_string(training.best->step) + ", the best that was judged" +
            (training.patience_gone ? "; no better one came, so the training has ended" : "") + "\n";
  }
  return text + "checkpoint: " + training.checkpoint + "\n";
}

std::string TrainingSummary::json() const {
  using Json = nlohmann::ordered_json;
  const auto errors = [](const train::HeldOutPeriod& one, double seat_mean, double copying) {
    Json json = {{"loss", one.loss},
                 {"action_error", one.action_error},
                 {"copying_action_error", copying},
                 {"seat_mean_action_error", seat_mean}};
    if (!one.forecast_error.empty()) json["forecast_error"] = one.forecast_error;
    return json;
  };
  Json json = {{"run", run},
               {"model", model},
               {"step", training.step},
               {"steps", steps},
               {"stopped", training.stopped},
               {"loss", training.loss ? Json(*training.loss) : Json(nullptr)}};
  const std::vector<train::HeldOutPeriod>& periods = training.held_out;
  if (!periods.empty()) {
    Json& held_out = json["held_out"] = {{"step", training.held_out_step}, {"periods", Json::array()}};
    for (const train::HeldOutPeriod& one : periods) {
      Json row = {{"period", one.period}};
      row.update(errors(one, seat_mean_error.at(one.period), copying_error.at(one.period)));
      held_out["periods"].push_back(row);
    }
    held_out["mean"] = errors(train::mean_of_periods(periods), mean_of(seat_mean_error), mean_of(copying_error));
  }
  if (training.best) {
    json["best"] = {{"step", training.best->step}, {"expected_score", training.best->expected_score}};
  }
  json["checkpoint"] = training.checkpoint;
  json["seconds"] = seconds;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

TrainingSummary train(const TrainRunConfig& config) {
  const auto start = std::chrono::steady_clock::now();
  const c10::Device device = train::open_device(config.train.device);  // before any other use of LibTorch
  train::set_arithmetic(device, config.train.tf32, config.train.deterministic);
  at::set_num_threads(std::max(1, static_cast<int>(config.train.threads)));

  train::check_tensor_memory();
  const TrainingData data = load_training_data(config.data, device);
  const train::Dataset& training = data.training;
  const train::Dataset* const held_out = data.held_out ? &*data.held_out : nullptr;
  policy::CheckpointInfo info;
  info.stores = data.stores;
  info.observation = {data.feature_set, config.data.reward};
  info.shape = policy::shape_for(training.features());
  info.labels = config.data.labels;
  info.ticks = training.ticks();
  if (config.select.every > 0) {
    info.judged_days = day_source(print_config(config.select.market, ""), config.select.market.seed);
    info.judged_periods = config.select.market.periods.values;
  }
  info.program = program_name();
  const std::shared_ptr<policy::Policy> policy = [&] {
    const train::ModelMemory memory(train::kTrainingCopies);
    return models::make_policy(config.model, info.shape, config.train.seed);
  }();
  const std::string no_optima = training.store_without_optima();
  if (policy->wishes().contains(policy::Outcome::kShareOfOptimum) && !no_optima.empty()) {
    throw Error("model.wishes: found share_of_optimum, and " + no_optima +
                " does not know the optimum of its days; expected a store with labels (genbid simulate with "
                "output.labels=true writes them)");
  }

  if (config.train.threads == 0) at::set_num_threads(threads_for(policy::num_parameters(*policy)));
  info.threads = at::get_num_threads();
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
  log_info(config.model.name() + ": " + grouped(policy::num_parameters(*policy)) + " parameters; " +
           grouped(training.num_trajectories()) + " trajectories, " + grouped(training.num_rows()) + " ticks; " +
           config.train.device + ", " + std::to_string(at::get_num_threads()) + " threads");

  if (data.num_clipped > 0) {
    log_info("data.max_action: " + std::to_string(data.num_clipped) + " actions of the store were lowered to " +
             shortest(config.data.max_action));
  }
  for (const train::Dataset* dataset : {&training, held_out}) {
    const std::string outliers = dataset != nullptr ? dataset->describe_action_outliers() : "";
    if (outliers.empty()) continue;
    log_warning((training.stores().size() == 1 ? config.data.store[0].path : "data.store") + ": found " + outliers +
                "; the loss will look better and the policy be worse " +
                "(data.max_action lowers actions above a limit)");
  }

  train::LoggedWindows windows(training, *policy, config.train.batch_size, config.train.accumulate, config.train.seed,
                               train::parse_starts(config.data.starts));
  for (int64_t i = 0; training.stores().size() > 1 && i < std::ssize(training.stores()); ++i) {
    const train::StoreTrajectories& store = at(training.stores(), i);
    log_info(at(config.data.store, i).path + ": " + grouped(store.end - store.begin) + " trajectories, " +
             number_text("%.1f", 100.0 * windows.sampler().share(i)) + " % of the windows");
  }
  train::Trainer trainer(config.train, *policy, windows, held_out, run, info, yaml);
  const std::unique_ptr<train::Judge> judge = make_judge(config, policy, info);
  if (judge) trainer.judge_with(*judge, config.select);
  if (!checkpoint.empty()) {
    try {
      trainer.resume(checkpoint);
    } catch (const Error& error) {
      throw Error(damaged_checkpoint_text(run, error.what()));
    }
    log_info("resumed from " + checkpoint);
    for (const std::string& note : resume.notes) log_info(note);
  }
  TrainingSummary summary;
  summary.training = trainer.run();
  if (held_out) {
    summary.seat_mean_error = train::seat_mean_action_error(training, *held_out);
    summary.copying_error = train::copying_action_error(training, *held_out);
  }
  summary.run = config.run;
  summary.model = config.model.name();
  summary.steps = config.train.steps;
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return summary;
}

}  // namespace genbid::runs
