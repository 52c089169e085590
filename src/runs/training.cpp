#include "runs/training.h"

#include <ATen/Parallel.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/file_lock.h"
#include "base/files/run_dir.h"
#include "base/log.h"
#include "base/shown.h"
#include "base/text_table.h"
#include "base/threads.h"
#include "play/population.h"
#include "play/run_identity.h"
#include "runs/day_source.h"
#include "runs/load_policy.h"
#include "runs/program.h"
#include "runs/rank_start.h"
#include "runs/round_days.h"
#include "runs/tape_data.h"
#include "runs/train_judge.h"
#include "runs/train_resume.h"
#include "runs/training_data.h"
#include "train/device.h"
#include "train/memory_check.h"
#include "train/objectives.h"
#include "train/policy_gradient.h"

namespace genbid::runs {
namespace {

// Of LibTorch, where none are asked for. Its threads wait for each other in loops: a step of a small policy gains a
// tenth from a second one on a quiet machine, and on a busy one loses several times as much.
int threads_for(int64_t num_parameters) {
  constexpr int64_t kLarge = 4'000'000;
  return num_parameters < kLarge ? 1 : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

// What a policy learns from: logs, tapes, rounds of its own, or several of these.
struct Inputs {
  std::optional<TrainingData> logs;
  std::optional<TapeData> tapes;
  int64_t round_ticks = 0;  // of a day in the rounds' market; 0: there are none

  int64_t ticks() const {
    if (logs) return logs->training.ticks();
    return tapes ? tapes->tapes.ticks() : round_ticks;
  }
};

Inputs load_inputs(const TrainRunConfig& config, c10::Device device, const Room& room) {
  Inputs inputs;
  if (config.learns_from_logs()) inputs.logs.emplace(load_training_data(config.data, room, device));
  if (!config.tapes.store.empty()) {
    inputs.tapes.emplace(load_tape_data(config.tapes, room.memory / as_double(room.processes), device,
                                        config.train.objective == "teacher" && device.is_cpu()));
  }
  if (config.rounds.on()) {
    inputs.round_ticks = config.rounds.market.shape().ticks;
    if (inputs.round_ticks != inputs.ticks()) {
      throw Error("rounds.market.traffic.ticks: found " + std::to_string(inputs.round_ticks) + ", expected " +
                  std::to_string(inputs.ticks()) + " as in " + (inputs.logs ? "data.store" : "tapes.store"));
    }
  }
  if (!inputs.logs || !config.learns_in_market()) return inputs;
  if (inputs.logs->feature_set != config.tapes.features) {
    throw Error("tapes.features: found " + config.tapes.features + ", expected " + inputs.logs->feature_set +
                ", the features of data.store");
  }
  if (inputs.tapes && inputs.logs->training.ticks() != inputs.tapes->tapes.ticks()) {
    throw Error("tapes.store: found days of " + std::to_string(inputs.tapes->tapes.ticks()) + " ticks, expected " +
                std::to_string(inputs.logs->training.ticks()) + " as in data.store");
  }
  return inputs;
}

// Days that the policy plays in its rounds are days of its training, and none that it is held out from.
void add_rounds(const RoundsConfig& config, policy::CheckpointInfo& info) {
  const TuningMarketConfig& market = config.market;
  const policy::SeenStore rounds{day_source(print_config(market, ""), market.seed),
                                 market.periods.values,
                                 {},
                                 "",
                                 content_hash(identity_of(config))};
  for (const policy::SeenStore& store : info.stores) {
    refuse_seen_days("rounds.market.periods", "held_out_periods", "trained", rounds.days, rounds.train_periods,
                     store.days, store.held_out_periods, "");
  }
  info.stores.push_back(rounds);
}

// What a checkpoint of this training says of it.
policy::CheckpointInfo info_of(const TrainRunConfig& config, const Inputs& inputs) {
  policy::CheckpointInfo info;
  std::string feature_set = config.tapes.features;
  info.labels = config.train.objective;
  if (inputs.logs) {
    info.stores = inputs.logs->stores;
    feature_set = inputs.logs->feature_set;
    const std::string market = config.has_policy_gradient() ? " and policy_gradient" : " and market";
    info.labels = config.data.labels + (config.learns_in_market() ? market : "");
  }
  if (inputs.tapes) {
    info.stores.insert(info.stores.end(), inputs.tapes->stores.begin(), inputs.tapes->stores.end());
  }
  if (config.rounds.on()) add_rounds(config.rounds, info);
  info.observation = {feature_set, config.data.reward};
  info.shape =
      policy::shape_for(inputs.logs ? inputs.logs->training.features() : feature_names(parse_feature_set(feature_set)));
  info.ticks = inputs.ticks();
  if (config.select.every > 0) {
    info.judged_days = day_source(print_config(config.select.market, ""), config.select.market.seed);
    info.judged_periods = config.select.market.periods.values;
    const TuningMarketConfig& market = config.select.market;
    info.judge =
        content_hash(play::scenario_settings(market, play::load_population(market.population, market.shape().seats)));
  }
  info.program = program_name();
  return info;
}

// Days that ask for outcomes teach a policy that reads these and no other: what came of the student's day would stand
// for a wish that is not asked, and knows the future of what is taught.
void check_asked(const TrainRunConfig& config, const policy::Policy& policy, const Wishes& wishes) {
  const std::map<Outcome, RealInterval> asked = config.tapes.asked.ranges();
  if (asked.empty()) return;
  std::vector<std::string> asks, reads;
  for (const auto& [outcome, range] : asked) asks.push_back(outcome_name(outcome));
  for (const auto& [outcome, value] : wishes) reads.push_back(outcome_name(outcome));
  if (policy.whole_period()) {
    throw Error("tapes.asked: found " + listed(asks) + " for a " + config.model.name() +
                ", which plans the days that came of what it did; expected a model that learns alphas alone");
  }
  if (asks == reads) return;
  throw Error("tapes.asked: found " + listed(asks) + ", expected what this " + config.model.name() +
              " reads: " + (reads.empty() ? "nothing" : listed(reads)));
}

void check_policy(const TrainRunConfig& config, const policy::Policy& policy, const Inputs& inputs) {
  const bool plays_days = inputs.tapes || inputs.round_ticks > 0;
  if (plays_days && policy.whole_period() && policy.window() < inputs.ticks()) {
    throw Error(std::string(inputs.tapes ? "tapes.store" : "rounds.market") + ": found days of " +
                std::to_string(inputs.ticks()) + " ticks, expected at most " + std::to_string(policy.window()) +
                ", the whole period that this model plans (model.ticks)");
  }
  if (config.has_policy_gradient() && policy.choice_size().numbers == 0) {
    throw Error(
        "train.objective: found policy_gradient, and this " + config.model.name() +
        " does not sample; expected a model that does (model.head: gaussian, or a diffbid with a model.deviation)");
  }
  const Wishes wishes = policy.wishes();
  check_asked(config, policy, wishes);
  if (!wishes.contains(Outcome::kShareOfOptimum)) return;
  const std::string no_optima = inputs.logs ? inputs.logs->training.store_without_optima() : "a tape";
  if (no_optima.empty()) return;
  throw Error("model.wishes: found share_of_optimum, and " + no_optima +
              " does not know the optimum of its days; expected a store with labels (genbid simulate with "
              "output.labels=true writes them)");
}

void tell_of_data(const TrainRunConfig& config, const TrainingData& logs) {
  if (!logs.in_files.empty()) log_info(logs.in_files);
  if (logs.num_clipped > 0) {
    log_info("data.max_action: " + std::to_string(logs.num_clipped) + " actions of the store were lowered to " +
             shortest(config.data.max_action));
  }
  for (const train::Dataset* dataset : {&logs.training, logs.held_out ? &*logs.held_out : nullptr}) {
    const std::string outliers = dataset != nullptr ? dataset->describe_action_outliers() : "";
    if (outliers.empty()) continue;
    log_warning((logs.training.stores().size() == 1 ? config.data.store[0].path : "data.store") + ": found " +
                outliers + "; the loss will look better and the policy be worse " +
                "(data.max_action lowers actions above a limit)");
  }
}

// Error unless the run or checkpoint that the policy starts from is of this model and of what it will see. `info` then
// knows what has been learned, and the days that were seen for it. Returns the checkpoint.
std::string take_initial(const TrainRunConfig& config, policy::CheckpointInfo& info) {
  const LoadedPolicy loaded = load_checkpoint(config.train.initial, policy::Weights::kEma);
  const auto refuse = [&](const std::string& key, const std::string& found, const std::string& expected) {
    if (found == expected) return;
    throw Error("train.initial: " + loaded.checkpoint + ": found a policy with " + key + ": " + found + ", expected " +
                expected);
  };
  refuse("model.name", loaded.model, config.model.name());
  refuse("features", loaded.info.observation.feature_set, info.observation.feature_set);
  refuse("data.reward", loaded.info.observation.reward, info.observation.reward);
  for (const policy::SeenStore& seen : loaded.info.stores) {
    for (const policy::SeenStore& now : info.stores) {
      refuse_seen_days(loaded.checkpoint, "held_out_periods", "trained", seen.days, seen.train_periods, now.days,
                       now.held_out_periods, "");
    }
  }
  info.initial = loaded.weights;
  info.stores.insert(info.stores.end(), loaded.info.stores.begin(), loaded.info.stores.end());
  if (!loaded.info.judged_periods.empty()) {  // days that chose its best checkpoint have been seen as well
    info.stores.push_back({loaded.info.judged_days, loaded.info.judged_periods, {}, "", ""});
  }
  return loaded.checkpoint;
}

void start_from(const std::string& checkpoint, policy::Policy& policy) {
  try {
    policy::load_policy(checkpoint, policy, policy::Weights::kEma);
  } catch (const Error& error) {
    throw Error(std::string("train.initial: ") + error.what());
  }
}

// What the config's objective is made of. The sum refers to the others.
struct Objectives {
  std::unique_ptr<train::LoggedWindows> windows;
  std::unique_ptr<train::TapeDays> days;
  std::unique_ptr<RoundDays> rounds;
  std::unique_ptr<train::WeightedSum> sum;
  train::PolicyGradient* policy_gradient = nullptr;  // what `days` is, if it is

  train::Objective& whole() const {
    if (sum) return *sum;
    if (rounds) return *rounds;
    if (days) return *days;
    return *windows;
  }
  void ask_for(const Wishes& wishes) const {
    if (days) days->ask_for(wishes);
    if (rounds) rounds->ask_for(wishes);
  }
  policy::TrainingColumns training_columns(const Inputs& inputs) const {
    if (inputs.logs) return inputs.logs->training.training_columns();
    return days ? days->training_columns() : rounds->training_columns();
  }
};

// How many of a step's days are of the rounds' own; at least one, and one of tapes.store where there is one.
int64_t round_cells(const TrainRunConfig& config) {
  const int64_t all = config.tapes.cells;
  if (config.tapes.store.empty()) return all;
  const auto wanted = static_cast<int64_t>(std::llround(as_double(all) * config.rounds.share));
  return std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, all - 1));
}

Objectives make_objectives(const TrainRunConfig& config, const Inputs& inputs,
                           const std::shared_ptr<policy::Policy>& policy, const RunDir* run,
                           const policy::CheckpointInfo& info, c10::Device device, train::Ranks& ranks) {
  const train::TrainConfig& train = config.train;
  const int64_t parts = train.accumulate * ranks.size();
  const auto need_for_each = [&](const std::string& key, int64_t found) {
    if (found >= ranks.size()) return;
    throw Error(key + ": found " + std::to_string(found) + " a step, expected at least one for each of the " +
                std::to_string(ranks.size()) + " ranks");
  };
  if (inputs.logs) need_for_each("train.batch_size", train.batch_size);
  Objectives made;
  if (inputs.logs) {
    made.windows = std::make_unique<train::LoggedWindows>(inputs.logs->training, *policy, train.batch_size, parts,
                                                          train.seed, train::parse_starts(config.data.starts));
    const std::vector<train::StoreTrajectories>& stores = inputs.logs->training.stores();
    for (int64_t i = 0; stores.size() > 1 && i < std::ssize(stores); ++i) {
      log_info(at(config.data.store, i).path + ": " + grouped(at(stores, i).end - at(stores, i).begin) +
               " trajectories, " + number_text("%.1f", 100.0 * made.windows->sampler().share(i)) + " % of the windows");
    }
  }
  const int64_t of_rounds = config.rounds.on() ? round_cells(config) : 0;
  if (inputs.tapes) {
    const int64_t cells = std::max<int64_t>(1, config.tapes.cells - of_rounds);
    need_for_each("tapes.cells", cells);
    const TapeData& tapes = *inputs.tapes;
    if (config.has_policy_gradient()) {
      auto days = std::make_unique<train::PolicyGradient>(tapes.tapes, tapes.days, tapes.training,
                                                          tape_options(config.tapes, config.data.reward),
                                                          config.policy_gradient, *policy, cells, parts, train.seed);
      made.policy_gradient = days.get();
      made.days = std::move(days);
    } else {
      made.days = make_tape_days(config, tapes, tapes.training, cells, parts, train.seed);
    }
  }
  if (config.rounds.on()) {
    need_for_each("tapes.cells, of which rounds have rounds.share,", of_rounds);
    made.rounds = std::make_unique<RoundDays>(config, *run, policy, info, of_rounds, parts, device, ranks);
  }
  std::vector<train::WeightedSum::Term> terms;
  const double share = config.rounds.on() ? config.rounds.share : 0.0;
  if (made.windows) terms.push_back({made.windows.get(), 1.0});
  const double market = made.windows ? config.tapes.weight : 1.0;
  if (made.days) terms.push_back({made.days.get(), market * (1.0 - share)});
  if (made.rounds) terms.push_back({made.rounds.get(), market * share});
  if (terms.size() > 1) made.sum = std::make_unique<train::WeightedSum>(std::move(terms));
  return made;
}

std::string size_text(const Inputs& inputs) {
  std::string text;
  if (inputs.logs) {
    text = grouped(inputs.logs->training.num_trajectories()) + " trajectories, " +
           grouped(inputs.logs->training.num_rows()) + " ticks; ";
  }
  if (inputs.tapes) text += grouped(std::ssize(inputs.tapes->training)) + " days of seats on tapes; ";
  return text;
}

std::vector<std::pair<double, double>> ranges_of(const at::Tensor& states_NS) {
  const at::Tensor low_S = states_NS.amin(0).cpu();
  const at::Tensor high_S = states_NS.amax(0).cpu();
  std::vector<std::pair<double, double>> ranges;
  for (int64_t s = 0; s < low_S.size(0); ++s) ranges.emplace_back(low_S[s].item<double>(), high_S[s].item<double>());
  return ranges;
}

}  // namespace

// Who has it may be about to end: an experiment that was killed leaves trainings that save what they have, and the same
// command finds them at it.
void take_run(const RunDir& run) {
  const int file = ::open(run.file(".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) throw Error(run.file(".lock") + ": cannot be opened: " + std::strerror(errno));
  if (!lock_file(file, run.file(".lock"), std::chrono::seconds(5))) {
    throw Error(run.path() + ": another process is training in this folder; expected none (take another run=NAME)");
  }
}

TrainingSummary train(const TrainRunConfig& config) {
  const auto start = std::chrono::steady_clock::now();
  const c10::Device device = train::open_device_of_rank(
      config.train.device,
      train::place_from_environment().value_or(train::RankPlace()).local_rank);  // before any other use of LibTorch
  train::set_arithmetic(device, config.train.tf32, config.train.deterministic);
  at::set_num_threads(std::max(1, static_cast<int>(config.train.threads)));

  RankStart start_of_ranks(config, device);
  train::Ranks& ranks = start_of_ranks.ranks();
  if (config.train.graphs.on) {
    if (!ranks.alone()) {
      throw Error("train.graphs.on: found true with " + std::to_string(ranks.size()) +
                  " ranks, whose sums wait for the host; expected false, or one rank");
    }
    train::cuda_recorder(device);  // one that cannot be had is found out before the data are read
  }
  train::check_tensor_memory();
  Room room = room_for(config.data);
  room.processes = train::ranks_on_this_machine(ranks);  // each waits here until all have measured
  const Inputs inputs = load_inputs(config, device, room);
  const train::Dataset* const held_out = inputs.logs && inputs.logs->held_out ? &*inputs.logs->held_out : nullptr;
  policy::CheckpointInfo info = info_of(config, inputs);
  std::string initial;  // a checkpoint
  if (!config.train.initial.empty()) initial = take_initial(config, info);
  const std::shared_ptr<policy::Policy> policy = [&] {
    const train::ModelMemory memory(train::kTrainingCopies);
    return models::make_policy(config.model, info.shape, config.train.seed);
  }();
  check_policy(config, *policy, inputs);

  if (config.train.threads == 0) at::set_num_threads(threads_for(policy::num_parameters(*policy)));
  info.threads = at::get_num_threads();
  info.ranks = ranks.size();
  const std::string yaml = print_config(config, "train");
  check_same_training(ranks, config, info);
  std::optional<RunDir> run;
  Resume resume;
  if (ranks.first()) {
    run.emplace(RunDir::open_or_create(config.run, yaml));
    take_run(*run);
    remove_leftovers(run->file("checkpoints"));  // of a training that was killed, which this one may not prune
    log_to_file(run->file("log.txt"));
    resume = find_checkpoint(*run, config, info);
    write_file(run->file("config.yaml"), yaml);
  }
  SharedCheckpoint shared(ranks, resume.checkpoint);
  const std::string& checkpoint = shared.path();
  if (!ranks.first() && config.rounds.on()) run.emplace(RunDir::open(config.run));
  policy->to(device);  // before fit(), whose columns are there
  log_info(config.model.name() + ": " + grouped(policy::num_parameters(*policy)) + " parameters; " + size_text(inputs) +
           config.train.device + ", " + std::to_string(at::get_num_threads()) + " threads" +
           (ranks.alone() ? "" : ", " + std::to_string(ranks.size()) + " ranks"));
  if (inputs.logs && ranks.first()) tell_of_data(config, *inputs.logs);
  const Objectives objectives = make_objectives(config, inputs, policy, run ? &*run : nullptr, info, device, ranks);
  const std::unique_ptr<train::Judge> judge =
      make_judge(config, policy, info, device, ranks);  // its errors come before the work
  // The policy is fitted to the days of the first round, if there are no others.
  if (checkpoint.empty() && objectives.rounds) objectives.rounds->begin_anew();
  if (!initial.empty()) {
    start_from(initial, *policy);
    if (objectives.policy_gradient != nullptr && config.policy_gradient.kl_weight > 0.0) {
      const auto kept = models::make_policy(config.model, info.shape, config.train.seed);
      kept->to(device);
      start_from(initial, *kept);
      kept->eval();
      objectives.policy_gradient->stay_near(kept);
    }
  } else if (checkpoint.empty()) {
    const policy::TrainingColumns columns = objectives.training_columns(inputs);
    policy->fit(columns);
    info.feature_ranges = ranges_of(columns.states_NS);
  }
  const std::string& goes_on_from = checkpoint.empty() ? initial : checkpoint;
  if (!goes_on_from.empty()) info.feature_ranges = policy::read_checkpoint_info(goes_on_from).feature_ranges;

  train::Trainer trainer(config.train, *policy, objectives.whole(), held_out, ranks.first() ? &*run : nullptr, info,
                         yaml, ranks);
  if (objectives.rounds) trainer.in_rounds(*objectives.rounds);
  if (judge) trainer.judge_with(*judge, config.select);
  if (inputs.tapes && !inputs.tapes->held_out.empty()) {
    trainer.watch([&] {
      return train::tape_scores(*policy, inputs.tapes->tapes, inputs.tapes->days, inputs.tapes->held_out,
                                tape_options(config.tapes, config.data.reward).day, ranks);
    });
  }
  trainer.on_trouble([](const std::string& line) { log_warning(line); });
  if (!checkpoint.empty() && ranks.first()) {
    go_on(trainer, resume, *run);
  } else if (!checkpoint.empty()) {
    trainer.resume(checkpoint);
  }
  shared.release();
  objectives.ask_for(policy->wishes());
  TrainingSummary summary;
  summary.training = trainer.run();
  start_of_ranks.end();
  if (held_out != nullptr) {
    summary.seat_mean_error = train::seat_mean_action_error(inputs.logs->training, *held_out);
    summary.copying_error = train::copying_action_error(inputs.logs->training, *held_out);
  }
  summary.rank = ranks.rank();
  summary.run = config.run;
  summary.model = config.model.name();
  summary.steps = config.train.steps;
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return summary;
}

}  // namespace genbid::runs
