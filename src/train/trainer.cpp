#include "train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/error.h"
#include "base/metrics.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/stop_signal.h"
#include "train/optimizer.h"
#include "train/sampler.h"
#include "train/schedule.h"

namespace genbid {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Sums of device tensors between two log lines; read once a window.
class LogWindow {
 public:
  void add(const std::vector<LossPart>& parts, const at::Tensor& total, const at::Tensor& norm) {
    const torch::NoGradGuard no_grad;
    std::vector<at::Tensor> values = {total.detach(), norm};
    names_ = {"loss", "gradient_norm"};
    for (const LossPart& part : parts) {
      values.push_back(part.value.detach());
      names_.push_back("loss/" + part.name);
    }
    const at::Tensor row = at::stack(values);
    sum_ = count_ == 0 ? row : sum_ + row;
    ++count_;
  }

  // Means of the window; the first is the loss.
  MetricValues take() {
    const at::Tensor mean = (sum_ / count_).to(at::kCPU, at::kDouble);
    MetricValues values;
    for (size_t i = 0; i < names_.size(); ++i) {
      values.emplace_back("train/" + names_[i], mean[static_cast<int64_t>(i)].item<double>());
    }
    count_ = 0;
    return values;
  }

 private:
  std::vector<std::string> names_;
  at::Tensor sum_;
  int64_t count_ = 0;
};

std::string format(const char* form, double value) {
  char text[64];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

}  // namespace

void TrainConfig::fields(ConfigVisitor& v) {
  v.field("steps", steps, {1, 1'000'000'000});
  v.field("stop_at", stop_at, {0, 1'000'000'000});
  v.field("batch_size", batch_size, {1, 1 << 20});
  v.field("learning_rate", learning_rate, {0.0, 10.0});
  v.field("warmup_steps", warmup_steps, {0, 1'000'000'000});
  v.field("final_rate_share", final_rate_share, {0.0, 1.0});
  v.field("weight_decay", weight_decay, {0.0, 10.0});
  v.field("clip_norm", clip_norm, {1e-12, 1e12});
  v.field("ema_decay", ema_decay, {0.0, 1.0});
  v.field("log_every", log_every, {1, 1'000'000'000});
  v.field("eval_every", eval_every, {1, 1'000'000'000});
  v.field("checkpoint_every", checkpoint_every, {1, 1'000'000'000});
  v.field("keep", keep, {1, 1'000'000});
  v.field("seed", seed, {0});
  v.field("device", device, {"cpu", "cuda"});
  v.field("threads", threads, {0, 1024});
}

struct Trainer::State {
  State(const TrainConfig& config_in, Policy& policy_in, const Dataset& training, const Dataset* held_out_in,
        const RunDir& run_in, CheckpointInfo info_in, std::string config_yaml_in)
      : config(config_in),
        policy(policy_in),
        held_out(held_out_in),
        run(run_in),
        info(std::move(info_in)),
        config_yaml(std::move(config_yaml_in)),
        sampler(training, policy.window(), config.batch_size, config.seed),
        ema(trainable_parameters(policy), config.ema_decay),
        optimizer(trainable_parameters(policy), {.weight_decay = config.weight_decay, .clip_norm = config.clip_norm}),
        noise(training.device().is_cpu() ? at::detail::createCPUGenerator(0)
                                         : at::globalContext().defaultGenerator(training.device())),
        first_bad_step(at::full({}, -1, at::TensorOptions(at::kLong).device(training.device()))) {}

  // Marks the first step whose loss or gradient is not finite, without waiting for the device.
  void watch(const at::Tensor& total, const at::Tensor& norm) {
    const torch::NoGradGuard no_grad;
    const at::Tensor bad = at::isfinite(total.detach() + norm).logical_not().logical_and(first_bad_step.lt(0));
    first_bad_step = at::where(bad, at::full_like(first_bad_step, info.step + 1), first_bad_step);
  }

  void stop_if_not_finite() const {
    const auto bad = first_bad_step.item<int64_t>();
    if (bad < 0) return;
    throw Error("step " + std::to_string(bad) +
                ": the loss or its gradient is not finite; nothing of that step was saved (a lower "
                "train.learning_rate or train.clip_norm may help)");
  }

  std::string save() {
    stop_if_not_finite();
    const std::string path = run.checkpoint_path(info.step);
    if (path != last_checkpoint) {
      save_checkpoint(path, info, config_yaml, policy, ema, optimizer);
      run.prune_checkpoints(config.keep);
      last_checkpoint = path;
    }
    return path;
  }

  std::vector<HeldOutPeriod> measure(MetricsWriter& metrics, bool write) {
    if (held_out == nullptr) return {};
    const Ema::Swap averaged(ema);
    const auto result = evaluate_held_out(policy, *held_out);
    MetricValues values;
    for (const HeldOutPeriod& one : result) {
      const std::string suffix = "/period_" + std::to_string(one.period);
      values.emplace_back("held_out/loss" + suffix, one.loss);
      values.emplace_back("held_out/action_error" + suffix, one.action_error);
    }
    if (write) metrics.write(info.step, values);
    return result;
  }

  TrainConfig config;
  Policy& policy;
  const Dataset* held_out;
  const RunDir& run;
  CheckpointInfo info;
  std::string config_yaml;
  WindowSampler sampler;
  Ema ema;
  AdamW optimizer;
  at::Generator noise;
  at::Tensor first_bad_step;
  std::string last_checkpoint;
};

Trainer::Trainer(const TrainConfig& config, Policy& policy, const Dataset& training, const Dataset* held_out,
                 const RunDir& run, CheckpointInfo info, std::string config_yaml)
    : state_(
          std::make_unique<State>(config, policy, training, held_out, run, std::move(info), std::move(config_yaml))) {}

Trainer::~Trainer() = default;

void Trainer::resume(const std::string& checkpoint) {
  load_trainer(checkpoint, state_->policy, state_->ema, state_->optimizer);
  state_->info.step = read_checkpoint_info(checkpoint).step;
  state_->last_checkpoint = state_->run.checkpoint_path(state_->info.step);
}

TrainSummary Trainer::run() {
  State& s = *state_;
  const TrainConfig& config = s.config;
  int64_t& step = s.info.step;
  MetricsWriter metrics(s.run.file("metrics.jsonl"), step > 0 ? step : -1);
  Progress progress("train", config.steps, "steps", step);
  LogWindow window;
  TrainSummary summary;
  double window_start = seconds_now();
  int64_t window_first = step;
  const int64_t first_step = step;

  s.policy.train();
  const int64_t last = config.stop_at > 0 ? std::min(config.stop_at, config.steps) : config.steps;
  while (step < last && !stop_signal::requested()) {
    const double rate =
        config.learning_rate * schedule_share(step, config.warmup_steps, config.steps, config.final_rate_share);
    s.noise.set_current_seed(
        derive_seed(static_cast<uint64_t>(config.seed), "train.noise", static_cast<uint64_t>(step)));
    const std::vector<LossPart> parts = s.policy.losses(s.sampler.batch(step), s.noise);
    at::Tensor total = parts.front().value;
    for (size_t i = 1; i < parts.size(); ++i) total = total + parts[i].value;
    s.optimizer.zero_grad();
    total.backward();
    const at::Tensor norm = s.optimizer.step(rate);
    s.ema.update(step);
    s.watch(total, norm);
    window.add(parts, total, norm);
    ++step;

    if (step % config.log_every == 0 || step == last) {
      s.stop_if_not_finite();
      MetricValues values = window.take();
      summary.loss = values.front().second;
      const double now = seconds_now();
      values.emplace_back("train/learning_rate", rate);
      values.emplace_back("train/steps_per_second",
                          static_cast<double>(step - window_first) / std::max(now - window_start, 1e-9));
      metrics.write(step, values);
      progress.update(step, "loss " + format("%.4f", *summary.loss));
      window_start = now;
      window_first = step;
    }
    if (step % config.eval_every == 0) {
      summary.held_out = s.measure(metrics, true);
      summary.held_out_step = step;
    }
    if (step % config.checkpoint_every == 0) s.save();
  }
  progress.finish();

  summary.step = step;
  summary.stopped = step < config.steps;
  summary.checkpoint = s.save();
  if (!summary.stopped && summary.held_out_step != step) {
    summary.held_out = s.measure(metrics, step > first_step);  // a run that was finished has its line already
    summary.held_out_step = step;
  }
  return summary;
}

}  // namespace genbid
