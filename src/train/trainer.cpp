#include "train/trainer.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>

#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/metrics.h"
#include "base/progress.h"
#include "base/stop_signal.h"
#include "train/run_metrics.h"
#include "train/stepper.h"

namespace genbid::train {
namespace {

constexpr auto kLongestPause = std::chrono::milliseconds(5000);

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string format(const char* form, double value) {
  char text[64];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

}  // namespace

struct Trainer::State {
  State(const TrainConfig& config_in, policy::Policy& policy_in, Objective& objective_in, const Dataset* held_out_in,
        const RunDir* run_in, policy::CheckpointInfo info_in, std::string config_yaml_in, Ranks& ranks_in)
      : config(config_in),
        policy(policy_in),
        objective(objective_in),
        held_out(held_out_in),
        run(run_in),
        info(std::move(info_in)),
        config_yaml(std::move(config_yaml_in)),
        ranks(ranks_in),
        recorder(config.graphs.on ? cuda_recorder(objective_in.device()) : nullptr),
        stepper(config, policy, objective_in, ranks_in, recorder.get()) {
    if (held_out != nullptr) check_window(policy, *held_out);
  }

  // Names the first weight, average or constant of the policy that is not finite; empty where all are finite.
  std::string tensor_not_finite() const {
    const auto finite = [](const at::Tensor& value) { return at::isfinite(value).all().item<bool>(); };
    const auto parameters = policy.named_parameters();
    for (const auto& item : parameters) {
      if (!finite(item.value())) return "weight '" + item.key() + "'";
    }
    for (const auto& item : policy.named_buffers()) {
      if (!finite(item.value())) return "constant '" + item.key() + "'";
    }
    size_t i = 0;
    const std::vector<at::Tensor>& averages = stepper.ema().averages();
    for (const auto& item : parameters) {
      if (item.value().requires_grad() && !finite(averages[i++])) return "average of weight '" + item.key() + "'";
    }
    return {};
  }

  void check_weights() {
    if (!tensor_not_finite().empty()) fail(info.step, "a number of the policy is not finite");
    finite_until = info.step;
  }

  // The weights are looked at too, because in the last step before this they may have left the range of floats although
  // its loss was finite.
  void stop_if_not_finite() {
    const int64_t bad = stepper.first_bad_step();
    if (bad < 0) return check_weights();
    fail(bad, "the loss or its gradient is not finite");
  }

  [[noreturn]] void fail(int64_t step, const std::string& what) const {
    const std::string name = tensor_not_finite();
    std::string why =
        "the data and all weights are finite: the loss alone is not, which a lower train.learning_rate or "
        "train.clip_norm may mend";
    if (!name.empty() && finite_until < 0) {
      why = name + " was not finite before the first step";
    } else if (!name.empty()) {
      why = name + " is not finite; all were after step " + std::to_string(finite_until) +
            ", so that training has diverged (train.learning_rate " + format("%g", config.learning_rate) +
            ", train.weight_decay " + format("%g", config.weight_decay) + ": lower ones may help)";
    }
    throw Error("step " + std::to_string(step) + ": " + what + "; nothing of that step was saved (" + why + ")");
  }

  // Whether a checkpoint may come later where it cannot be written now.
  enum class Save { kNowOrLater, kNow };

  // Returns the checkpoint's path; nothing at other ranks than the first.
  std::string save(Save when = Save::kNow) {
    stop_if_not_finite();
    const stop_signal::Unhurried saving;
    if (!ranks.alone()) {
      check_same_weights();
      objective.collect_state(ranks);
    }
    if (run == nullptr) return {};
    const std::string path = run->checkpoint_path(info.step);
    const auto write = [&] {
      if (path != last_checkpoint) {
        run->require();
        save_checkpoint(path, info, config_yaml, policy, stepper.ema(), stepper.optimizers(), objective.state());
      }
      last_checkpoint = path;
      run->prune_checkpoints(config.keep, best_path());  // a run that was killed before this may have nothing to save
    };
    unsaved.clear();
    try {
      when == Save::kNow ? patiently(write) : write();
    } catch (const Error& error) {
      if (when == Save::kNow) throw;
      unsaved = error.what();
    }
    // Its files have temporary names, which nobody knows.
    if (!unsaved.empty()) unsaved = path + unsaved.substr(std::min(unsaved.size(), unsaved.find(": ")));
    tell_of_trouble();
    return path;
  }

  // Does what must be done before training goes on or ends, again and again where it fails.
  void patiently(const std::function<void()>& fn) {
    const auto start = std::chrono::steady_clock::now();
    for (auto pause = std::chrono::milliseconds(100);; pause = std::min(2 * pause, kLongestPause)) {
      try {
        fn();
        unsaved.clear();
        return;
      } catch (const Error& error) {
        // A full disk is cleared by somebody, a limit of a file's size is not.
        if (std::string_view(error.what()).find(std::strerror(EFBIG)) != std::string_view::npos) throw;
        if (std::chrono::steady_clock::now() - start + pause > std::chrono::seconds(config.save_patience)) throw;
        unsaved = error.what();
      }
      tell_of_trouble();
      std::this_thread::sleep_for(pause);
    }
  }

  // Numbers are worth waiting for as a checkpoint is, and no error.
  void finish_metrics() {
    try {
      patiently([&] {
        const std::string kept = metrics ? metrics->retry() : std::string();
        if (!kept.empty()) throw Error(kept);
      });
    } catch (const Error& error) {
      if (tell) tell(std::string(error.what()) + "; some of the run's numbers are lost");
    }
    tell_of_trouble();
  }

  // A line when something cannot be written, and one when all could be.
  void tell_of_trouble() {
    const std::string kept = metrics ? metrics->retry() : std::string();
    const std::string now = !unsaved.empty() ? unsaved : kept;
    if (now.empty() != told_trouble) return;
    if (tell) {
      tell(now.empty()
               ? "step " + std::to_string(info.step) + ": what could not be written is written now"
               : "step " + std::to_string(info.step) + ": " + now + "; training goes on, and it is tried again");
    }
    told_trouble = !now.empty();
  }

  void check_same_weights() const {
    ContentHash hash;
    const auto add = [&hash](const at::Tensor& values) {
      const at::Tensor here = values.detach().to(at::kCPU).contiguous();
      hash.add({static_cast<const std::byte*>(here.const_data_ptr()), here.nbytes()});
    };
    for (const at::Tensor& one : policy.parameters()) add(one);
    for (const at::Tensor& one : policy.buffers()) add(one);
    for (const at::Tensor& one : stepper.ema().averages()) add(one);
    const std::vector<std::string> all = ranks.gather(hash.digits());
    for (size_t r = 1; r < all.size(); ++r) {
      if (all[r] == all.front()) continue;
      throw Error("step " + std::to_string(info.step) + ": rank " + std::to_string(r) +
                  " has other weights than the first rank; expected the same (do the machines, or the files that they "
                  "read, differ?); nothing was saved");
    }
  }

  // What a signal asked of any rank; all of them call it.
  void hear() { stop = ranks.alone() ? stop_signal::requested() : ranks.any(stop_signal::requested()); }

  void write(int64_t step, const MetricValues& values) {
    if (!metrics) return;
    metrics->write(step, values);
    tell_of_trouble();
  }

  // The best checkpoint so far; empty: nothing is judged.
  std::string best_path() const {
    const auto best = judgements ? judgements->best() : std::nullopt;
    return best ? run->checkpoint_path(best->step) : std::string();
  }

  // Judges the averaged weights as they are, in the market. The checkpoint is there before the judgement, so that the
  // best one always is. Nothing comes of it if a stop is asked for.
  void judge_now() {
    save();
    std::optional<double> score;
    {
      const Ema::Swap averaged(stepper.ema());
      score = judge->expected_score();
    }
    hear();
    if (!score) return;
    if (judgements) {
      patiently([&] { judgements->add({info.step, *score}); });
      write(info.step, {{"market/expected_score", *score}});
      run->prune_checkpoints(config.keep, best_path());
    }
    patience_gone = ranks.copy_from_first(judgements && judgements->patience_is_gone() ? 1 : 0) != 0;
  }

  // Has a round's days made as the round begins, or read as a run goes on within it. A checkpoint is there before they
  // are played, so that nobody asks for what earlier rounds alone learned from. False if a stop was asked for.
  bool enter_round() {
    if (rounds == nullptr || info.step < round_end) return true;
    const bool begins = info.step == rounds->first_step(info.step);
    if (begins && info.step > 0) save();
    std::optional<MetricValues> values;
    stepper.forget_recorded();  // the days of the round before are gone
    {
      const Ema::Swap averaged(stepper.ema());
      values = rounds->begin(info.step);
    }
    hear();
    if (!values) return false;
    if (!values->empty()) write(info.step, *values);
    round_end = rounds->end(info.step);
    return true;
  }

  // Whether step is one to be judged at and not yet judged, which the first rank knows.
  bool is_due(int64_t step) const {
    if (judge == nullptr || step == 0 || (step % select.every != 0 && step != config.steps)) return false;
    return ranks.copy_from_first(judgements && judgements->has(step) ? 0 : 1) != 0;
  }

  // What averaged weights are worth on days that they do not learn from, put into the summary. Nothing of it changes if
  // a stop was asked for.
  void measure(TrainSummary& summary, bool to_metrics) {
    if (held_out == nullptr && !tape_scores) return;
    check_weights();  // before the swap, while names are right
    const Ema::Swap averaged(stepper.ema());
    MetricValues values;
    if (held_out != nullptr) {
      const auto result = evaluate_held_out(policy, *held_out, ranks);
      hear();
      if (result.empty()) return;
      add_losses(result, values);
      summary.held_out = result;
    }
    if (tape_scores) {
      const auto scores = tape_scores();
      hear();
      if (scores.empty()) return;
      for (const auto& [period, score] : scores) {
        if (!std::isfinite(score))
          fail(info.step, "the score on the tape of period " + std::to_string(period) + " is not finite");
        values.emplace_back("held_out/expected_score/period_" + std::to_string(period), score);
      }
      summary.tape_scores = scores;
    }
    summary.held_out_step = info.step;
    if (to_metrics) write(info.step, values);
  }

  void add_losses(const std::vector<HeldOutPeriod>& result, MetricValues& values) const {
    for (const HeldOutPeriod& one : result) {
      if (!std::isfinite(one.loss) || !std::isfinite(one.action_error)) {
        fail(info.step,
             "the loss or the action error of held-out period " + std::to_string(one.period) + " is not finite");
      }
      const std::string suffix = "/period_" + std::to_string(one.period);
      values.emplace_back("held_out/loss" + suffix, one.loss);
      values.emplace_back("held_out/action_error" + suffix, one.action_error);
      for (const auto& [group, error] : one.forecast_error) {
        values.emplace_back("held_out/forecast_error/" + group + suffix, error);
      }
    }
  }

  TrainConfig config;
  policy::Policy& policy;
  Objective& objective;
  const Dataset* held_out;
  const RunDir* run;
  policy::CheckpointInfo info;
  std::string config_yaml;
  Ranks& ranks;
  std::unique_ptr<WorkRecorder> recorder;  // where steps are recorded
  Stepper stepper;
  std::optional<RunMetrics> metrics;  // at the first rank
  std::function<void(const std::string&)> tell;
  std::string unsaved;        // why a checkpoint is not there that was due; empty: it is
  bool told_trouble = false;  // `tell` has heard of it, and not yet that it is over
  bool stop = false;          // a rank was asked to stop, as all know
  bool patience_gone = false;
  int64_t finite_until = -1;  // the last step after which all weights were found finite; -1: none yet
  std::string last_checkpoint;
  std::function<std::map<int64_t, double>()> tape_scores;
  Rounds* rounds = nullptr;
  int64_t round_end = 0;  // of the round that has begun; 0: none has
  Judge* judge = nullptr;
  SelectConfig select;
  std::optional<BestCheckpoint> judgements;  // at the first rank
};

Trainer::Trainer(const TrainConfig& config, policy::Policy& policy, Objective& objective, const Dataset* held_out,
                 const RunDir* run, policy::CheckpointInfo info, std::string config_yaml, Ranks& ranks)
    : state_(std::make_unique<State>(config, policy, objective, held_out, run, std::move(info), std::move(config_yaml),
                                     ranks)) {}

Trainer::~Trainer() = default;

void Trainer::judge_with(Judge& judge, const SelectConfig& config) {
  state_->judge = &judge;
  state_->select = config;
}

void Trainer::in_rounds(Rounds& rounds) { state_->rounds = &rounds; }

void Trainer::watch(std::function<std::map<int64_t, double>()> tape_scores) {
  state_->tape_scores = std::move(tape_scores);
}

void Trainer::on_trouble(std::function<void(const std::string& line)> tell) { state_->tell = std::move(tell); }

void Trainer::resume(const std::string& checkpoint) {
  load_trainer(checkpoint, state_->policy, state_->stepper.ema(), state_->stepper.optimizers(),
               state_->objective.state());
  state_->info.step = policy::read_checkpoint_info(checkpoint).step;
  if (state_->run != nullptr) state_->last_checkpoint = state_->run->checkpoint_path(state_->info.step);
}

TrainSummary Trainer::run() {
  State& s = *state_;
  const TrainConfig& config = s.config;
  int64_t& step = s.info.step;
  std::optional<Progress> progress;
  if (s.run != nullptr) {
    s.metrics.emplace(*s.run, step, config.prometheus);
    progress.emplace("train", config.steps, "steps", step);
  }
  TrainSummary summary;
  double window_start = seconds_now();
  int64_t window_first = step;
  const int64_t first_step = step;
  std::string told;

  s.policy.train();
  const stop_signal::Cooperative until_saved;
  s.check_weights();
  const int64_t last = config.stop_at > 0 ? std::min(config.stop_at, config.steps) : config.steps;
  if (s.judge != nullptr && s.run != nullptr) {
    s.judgements.emplace(*s.run, s.select, s.judge->num_cells(), s.info);
    s.patience_gone = s.judgements->patience_is_gone();
  }
  s.patience_gone = s.ranks.copy_from_first(s.patience_gone ? 1 : 0) != 0;
  s.hear();
  const auto goes_on = [&] {
    s.stop = s.stop || (s.ranks.alone() && stop_signal::requested());
    return !s.stop && !s.patience_gone;
  };
  // A run that was killed between a checkpoint and its judgement is judged first.
  if (s.is_due(step)) s.judge_now();
  while (step < last && goes_on()) {
    if (!s.enter_round()) break;
    s.stepper.run(step, s.rounds != nullptr ? std::min(last, s.round_end) : last);
    s.stop = s.stop || s.stepper.stop_heard();
    ++step;

    if (step % config.log_every == 0 || step == last) {
      s.stop_if_not_finite();
      MetricValues values = s.stepper.window().take();
      summary.loss = values.front().second;
      const double now = seconds_now();
      values.emplace_back("train/learning_rate", s.stepper.rate(step - 1));
      values.emplace_back("train/steps_per_second",
                          static_cast<double>(step - window_first) / std::max(now - window_start, 1e-9));
      s.write(step, values);
      told = "loss " + format("%.4f", *summary.loss);
      window_start = now;
      window_first = step;
    }
    if (progress) progress->update(step, told);
    if (step % config.eval_every == 0) s.measure(summary, true);
    if (step % config.checkpoint_every == 0 || (!s.unsaved.empty() && step % config.log_every == 0)) {
      s.save(State::Save::kNowOrLater);
    }
    if (s.is_due(step) && goes_on()) s.judge_now();
  }
  if (progress) progress->finish();

  summary.step = step;
  if (s.judgements) summary.best = s.judgements->best();
  summary.patience_gone = s.patience_gone;
  summary.stopped = (step < config.steps && !summary.patience_gone) || s.is_due(step);  // stopped while it was judged
  summary.checkpoint = s.save();
  if (!summary.stopped && summary.held_out_step != step) {
    s.measure(summary, step > first_step);  // a run that was finished has its line already
    s.hear();
    summary.stopped = s.stop;
  }
  summary.stopped_elsewhere = s.stop && !stop_signal::requested();
  if (s.metrics) s.metrics->ended(step);
  s.finish_metrics();
  if (!s.ranks.alone()) {
    // Launchers end what is left of a job once a process of it is gone: nobody goes before the first has saved.
    const stop_signal::Unhurried until_all_is_saved;
    s.ranks.copy_from_first(int64_t{1});
  }
  return summary;
}

}  // namespace genbid::train
