#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/cuda.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/convert.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random/random.h"
#include "bench/bench.h"
#include "bench/bench_models.h"
#include "bidding/advertiser.h"
#include "bidding/state_features.h"
#include "models/registry.h"
#include "train/dataset.h"
#include "train/device.h"
#include "train/objective.h"
#include "train/stepper.h"

// The parts of a training step, on any device.

namespace genbid::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

struct Sizes {
  int64_t days;
  int64_t windows;  // a step (bench_models.h, rows_of)
  int64_t steps;
};
Sizes sizes_of(bool small) { return small ? Sizes{16, 4, 5} : Sizes{512, 64, 50}; }

// Made-up days, whose numbers do not change how long the work takes.
train::LoadedStore made_up_days(int64_t days) {
  train::LoadedStore store;
  store.path = "made-up days";
  store.info.ticks = kTicksPerPeriod;
  for (int64_t f = 0; f < kFeatures; ++f) store.info.features.push_back("feature" + std::to_string(f));
  data::TrajectoryColumns& c = store.columns;
  const RandomStream stream(1, "bench.days");
  for (int64_t day = 0; day < days; ++day) {
    c.period.push_back(0);
    c.advertiser.push_back(static_cast<int32_t>(day));
    c.category.push_back(0);
    c.budget.push_back(100.0);
    c.cpa.push_back(20.0);
    c.cost.push_back(50.0);
    c.conversions.push_back(3.0);
    c.first_row.push_back(c.num_rows());
    for (int64_t tick = 0; tick < kTicksPerPeriod; ++tick) {
      c.tick.push_back(static_cast<int32_t>(tick));
      for (int64_t f = 0; f < kFeatures; ++f) {
        const auto bits = stream.bits(low_word(f), low_word(tick), low_word(day));
        const bool budget = to_size(f) == kFeatureBudgetLeft;
        c.state.push_back(budget ? as_float(1.0 - as_double(tick) / 96.0) : static_cast<float>(bits[0]) * 0x1p-32F);
      }
      c.action.push_back(80.0F + 20.0F * c.state.back());
      c.reward.push_back(0.0F);
      c.reward_continuous.push_back(0.06F);
      c.done.push_back(tick + 1 == kTicksPerPeriod ? 1 : 0);
    }
  }
  return store;
}

// Medians of named parts, each with the wait for the device that ends it.
class Parts {
 public:
  explicit Parts(c10::Device device) : device_(device) {}
  void wait() const {
    if (device_.is_cuda()) torch::cuda::synchronize(device_.index());
  }
  template <typename Work>
  auto time(const std::string& name, const Work& work) {
    wait();
    const auto begin = Clock::now();
    auto result = work();
    wait();
    times_[name].push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    return result;
  }
  void forget() { times_.clear(); }
  void print(const std::string& prefix, const Json& settings) {
    for (auto& [name, times] : times_) {
      const auto middle = times.begin() + to_signed(times.size() / 2);
      std::nth_element(times.begin(), middle, times.end());
      print_figure(prefix + "." + name, 1e3 * *middle, "ms", settings);
    }
  }

 private:
  c10::Device device_;
  std::map<std::string, std::vector<double>> times_;
};

at::Tensor sum_of(const std::vector<policy::LossPart>& losses) {
  at::Tensor sum;
  for (const policy::LossPart& one : losses) sum = sum.defined() ? sum + one.value : one.value;
  return sum;
}

// One after another, with a wait behind each.
void time_parts(const train::TrainConfig& config, policy::Policy& policy, train::LoggedWindows& windows, Parts& parts) {
  std::vector<train::AdamW> optimizers;
  for (const policy::NamedTensors& parameters : policy::grouped_parameters(policy)) {
    optimizers.emplace_back(parameters, train::AdamWOptions{}).set_rate(0.0);
  }
  at::Generator noise = train::generator_on(windows.device(), 1);
  const at::Tensor place_1 = at::zeros({1}, at::TensorOptions(at::kLong).device(windows.device()));
  constexpr int64_t kWarmUp = 5;
  for (int64_t step = 0; step < kWarmUp + config.steps; ++step) {
    if (step == kWarmUp) parts.forget();
    windows.draw(step, 1);
    parts.time("gather", [&] {
      windows.gather(place_1);
      return 0;
    });
    for (size_t group = 0; group < optimizers.size(); ++group) {
      const std::string suffix = optimizers.size() == 1 ? "" : "." + policy.parameter_groups()[group].name;
      const auto losses = [&] { return sum_of(windows.losses({step, noise}, policy, group, 0)); };
      parts.time("forward" + suffix, [&] {
        const torch::NoGradGuard no_grad;
        return losses();
      });
      const at::Tensor loss = parts.time("loss" + suffix, losses);
      parts.time("backward" + suffix, [&] {
        optimizers[group].backward(loss);
        return 0;
      });
      parts.time("optimizer" + suffix, [&] { return optimizers[group].step(); });
    }
  }
}

void bench_step(const std::string& model, const Setting& setting) {
  const c10::Device device = train::open_device(setting.device);  // before any other use of LibTorch
  at::set_num_threads(setting.threads);
  const Sizes sizes = sizes_of(setting.small);
  const train::Dataset days(made_up_days(sizes.days), {0}, train::Reward::kExpected, device);
  const models::ModelConfig model_config = models::ModelConfig::named(model);
  const auto policy = models::make_policy(model_config, kShape, 1);
  policy->to(device);
  policy->fit(days.training_columns());
  policy->train();
  train::TrainConfig config;
  config.steps = sizes.steps;
  const int64_t ticks = train::training_ticks(*policy, days.ticks());
  config.batch_size = rows_of(*policy, sizes.windows, ticks);
  train::LoggedWindows windows(days, *policy, config.batch_size, 1, 1);
  const Json settings = {{"model", model},
                         {"device", setting.device},
                         {"threads", setting.threads},
                         {"batch", config.batch_size},
                         {"ticks", config.batch_size * ticks},
                         {"parameters", policy::num_parameters(*policy)}};
  Parts parts(device);
  time_parts(config, *policy, windows, parts);
  parts.print("step." + model, settings);

  // Whole steps as the trainer makes them, in which nothing waits but behind the last; on a GPU also recorded.
  const auto whole = [&](const std::string& name, train::WorkRecorder* recorder) {
    train::Stepper stepper(config, *policy, windows, train::one_rank(), recorder);
    const auto all = [&] {
      for (int64_t step = 0; step < config.steps; ++step) stepper.run(step, config.steps);
      parts.wait();
    };
    all();
    parts.wait();
    const auto begin = Clock::now();
    all();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const double loss = stepper.window().take().front().second;
    if (stepper.first_bad_step() >= 0 || !std::isfinite(loss)) {
      throw Error("bench step." + model + ": found a loss that is not finite, expected one that is");
    }
    print_figure("step." + model + name, 1e3 * seconds / as_double(config.steps), "ms", settings);
  };
  whole(".whole", nullptr);
  if (!device.is_cuda()) return;
  std::unique_ptr<train::WorkRecorder> recorder;
  try {
    recorder = train::cuda_recorder(device);
  } catch (const Error& error) {
    log_warning("bench step." + model + ".whole.recorded is left out: " + error.what());
    return;
  }
  whole(".whole.recorded", recorder.get());
}

}  // namespace

std::vector<Benchmark> step_benchmarks(const Setting& setting) {
  std::vector<Benchmark> benchmarks;
  for (const std::string& model : models::model_names()) {
    benchmarks.push_back({"step." + model, [model, setting](int) { bench_step(model, setting); }});
  }
  return benchmarks;
}

}  // namespace genbid::bench
