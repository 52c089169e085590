#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/bench.h"
#include "base/error.h"
#include "models/diffbid/diffbid.h"
#include "models/registry.h"
#include "train/optimizer.h"

// B rows, T ticks of the window, S features, N numbers of noise.

namespace genbid::bench {
namespace {

constexpr int64_t kFeatures = 22;
constexpr int64_t kSeats = 48;
constexpr int64_t kBatch = 64;
constexpr size_t kOperators = 6;

using Json = nlohmann::ordered_json;

struct Sized {
  std::string size;  // "default", "official"
  models::ModelConfig config;
};

// The official size is AuctionNet's network under genbid's sampler. A model whose default has that size is measured
// once.
std::vector<Sized> sizes_of(const std::string& model) {
  models::ModelConfig config = models::ModelConfig::named(model);
  std::vector<Sized> sizes = {{"default", config}};
  if (auto* const diffbid = config.get_if<models::DiffBidConfig>()) {
    diffbid->width = 128;
    diffbid->blocks = 2;
    diffbid->embedding = 128;
    sizes.push_back({"official", config});
  }
  return sizes;
}

// The days are made up, because the numbers do not change how long the work takes.
policy::Batch random_batch(int64_t rows, int64_t window, at::Generator& generator) {
  const at::Tensor states = at::randn({rows, window + 1, kFeatures}, generator);
  policy::Batch batch;
  batch.states_BTS = states.slice(1, 0, window).contiguous();
  batch.next_states_BTS = states.slice(1, 1).contiguous();
  batch.actions_BTA = 80.0 + 20.0 * at::randn({rows, window, 1}, generator);
  batch.returns_to_go_BT = at::rand({rows, window}, generator);
  batch.ticks_BT = at::arange(window).expand({rows, window}).contiguous();
  batch.mask_BT = at::ones({rows, window});
  batch.constraint_BC = at::full({rows, 2}, 100.0);
  batch.cpa_ratio_B1 = 0.5 + at::rand({rows, 1}, generator);
  return batch;
}

std::shared_ptr<policy::Policy> fitted_policy(const models::ModelConfig& config, at::Generator& generator) {
  auto policy = models::make_policy(config, {kFeatures, 1}, 1);
  const policy::Batch batch = random_batch(256, policy->window(), generator);
  policy->fit({batch.states_BTS.flatten(0, 1), batch.actions_BTA.flatten(0, 1), batch.returns_to_go_BT.flatten(),
               batch.ticks_BT.flatten(), batch.returns_to_go_BT.select(1, 0), batch.cpa_ratio_B1.flatten()});
  return policy;
}

Json settings_of(const Sized& sized, const policy::Policy& policy, int64_t batch, int threads) {
  return {{"model", sized.config.name()},
          {"size", sized.size},
          {"batch", batch},
          {"parameters", policy::num_parameters(policy)},
          {"threads", threads}};
}

// The time that this thread spends in each operator, without the operators that it calls.
class OperatorTimes {
 public:
  using Clock = std::chrono::steady_clock;

  OperatorTimes()
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(
                                               [](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> {
                                                 stack().push_back({Clock::now(), 0.0});
                                                 return nullptr;
                                               },
                                               [](const at::RecordFunction& function, at::ObserverContext*) {
                                                 const Frame frame = stack().back();
                                                 stack().pop_back();
                                                 const double seconds =
                                                     std::chrono::duration<double>(Clock::now() - frame.begin).count();
                                                 times()[function.name()] += seconds - frame.inner;
                                                 if (!stack().empty()) stack().back().inner += seconds;
                                               })
                                               .scopes({at::RecordScope::FUNCTION}))) {
    times().clear();
  }
  ~OperatorTimes() { at::removeCallback(handle_); }
  OperatorTimes(const OperatorTimes&) = delete;
  OperatorTimes& operator=(const OperatorTimes&) = delete;

  static std::map<std::string, double>& times() {
    thread_local std::map<std::string, double> result;
    return result;
  }

 private:
  struct Frame {
    Clock::time_point begin;
    double inner;
  };
  static std::vector<Frame>& stack() {
    thread_local std::vector<Frame> result;
    return result;
  }

  at::CallbackHandle handle_;
};

// A decision for 48 seats in the middle of a day.
void bench_act(const std::string& model, int threads) {
  at::set_num_threads(threads);
  for (const Sized& sized : sizes_of(model)) {
    at::Generator generator = at::detail::createCPUGenerator(1);
    const auto policy = fitted_policy(sized.config, generator);
    policy->eval();
    const c10::InferenceMode inference;
    const policy::Batch batch = random_batch(kSeats, policy->window(), generator);
    policy::History history = {batch.states_BTS, batch.actions_BTA, at::zeros_like(batch.returns_to_go_BT),
                               batch.ticks_BT, batch.mask_BT.clone()};
    if (policy->whole_period()) history.mask_BT.slice(1, policy->window() / 2).zero_();
    const policy::Condition condition = {at::full({kSeats, 1}, 0.5), at::ones({kSeats, 1}), batch.constraint_BC};
    const at::Tensor noise_BN = at::randn({kSeats, policy->noise_size()}, generator);
    const auto carry = policy->initial_carry(kSeats);
    const auto act = [&] { return policy->act(history, condition, noise_BN, carry).coefficients_BA; };

    const at::Tensor first = act();
    if (!at::isfinite(first).all().item<bool>() || !at::equal(first, act())) {
      throw Error("bench act." + model + ": two calls on the same input do not give the same finite actions");
    }
    Json settings = settings_of(sized, *policy, kSeats, threads);
    if (const auto* const diffbid = sized.config.get_if<models::DiffBidConfig>()) {
      settings["sampler"] = diffbid->sampler;
      settings["levels"] = diffbid->sampling_levels;
      settings["guidance"] = diffbid->guidance;
    }
    print_figure("act." + model, 1e3 * median_seconds(act), "ms", settings);

    constexpr int kCalls = 3;
    std::vector<std::pair<double, std::string>> operators;
    double total = 0.0;
    {
      const OperatorTimes recorded;
      act();  // observing starts up
      OperatorTimes::times().clear();
      for (int i = 0; i < kCalls; ++i) act();
      for (const auto& [name, seconds] : OperatorTimes::times()) {
        operators.emplace_back(seconds, name);
        total += seconds;
      }
    }
    std::sort(operators.rbegin(), operators.rend());
    for (size_t i = 0; i < std::min(kOperators, operators.size()); ++i) {
      Json part = settings;
      part["operator"] = operators[i].second;
      part["share"] = std::round(1e3 * operators[i].first / total) / 1e3;
      print_figure("act." + model + ".operator", 1e3 * operators[i].first / kCalls, "ms", part);
    }
  }
}

// An update of every parameter group, on a batch of 64 windows that has been gathered before.
void bench_train_step(const std::string& model, int threads) {
  at::set_num_threads(threads);
  const Sized sized = sizes_of(model).front();
  at::Generator generator = at::detail::createCPUGenerator(1);
  const auto policy = fitted_policy(sized.config, generator);
  policy->train();
  std::vector<train::AdamW> optimizers;
  for (const policy::NamedTensors& parameters : policy::grouped_parameters(*policy))
    optimizers.emplace_back(parameters, train::AdamWOptions{});
  const policy::Batch batch = random_batch(kBatch, policy->window(), generator);
  const auto step = [&] {
    double sum = 0.0;
    for (size_t group = 0; group < optimizers.size(); ++group) {
      at::Generator noise = at::detail::createCPUGenerator(2);
      at::Tensor total = at::zeros({});
      for (const policy::LossPart& part : policy->losses(group, batch, noise)) total = total + part.value;
      optimizers[group].backward(total);
      optimizers[group].step(1e-3);
      sum += total.item<double>();
    }
    return sum;
  };
  const double before = step();
  for (int i = 0; i < 9; ++i) step();
  if (!(step() < before)) throw Error("bench train_step." + model + ": ten steps on one batch do not lower its loss");
  print_figure("train_step." + model, 1e3 * median_seconds(step), "ms", settings_of(sized, *policy, kBatch, threads));
}

}  // namespace

std::vector<Benchmark> policy_benchmarks() {
  std::vector<Benchmark> benchmarks;
  for (const std::string& model : models::model_names()) {
    benchmarks.push_back({"act." + model, [model](int threads) { bench_act(model, threads); }});
  }
  for (const std::string& model : models::model_names()) {
    benchmarks.push_back({"train_step." + model, [model](int threads) { bench_train_step(model, threads); }});
  }
  return benchmarks;
}

}  // namespace genbid::bench
