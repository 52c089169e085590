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
#include "bench/bench_models.h"
#include "bench/bench_serving.h"
#include "base/error.h"
#include "bidding/advertiser.h"
#include "models/diffbid/diffbid.h"
#include "models/registry.h"
#include "train/objective.h"
#include "train/optimizer.h"

// B rows, T ticks of the window, S features, N numbers of noise.

namespace genbid::bench {
namespace {

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
  policy::Ticks& seen = batch.seen;
  seen.states_BTS = states.slice(1, 0, window).contiguous();
  seen.actions_BTA = 80.0 + 20.0 * at::randn({rows, window, 1}, generator);
  seen.before_BTO =
      at::constant_pad_nd(at::rand({rows, window, kNumAdditive}, generator), {0, kNumOutcomes - kNumAdditive});
  seen.ticks_BT = at::arange(window).expand({rows, window}).contiguous();
  seen.mask_BT = at::ones({rows, window});
  seen.constraint_BC = at::full({rows, 2}, 100.0);
  batch.next_states_BTS = states.slice(1, 1).contiguous();
  batch.gained_BTO = seen.before_BTO / static_cast<double>(window);
  batch.goes_on_BT = batch.label_weight_BT = seen.mask_BT;
  batch.label_BTA = seen.actions_BTA;
  batch.outcome_BO = 0.5 + at::rand({rows, kNumOutcomes}, generator);
  batch.weight_B1 = at::ones({rows, 1});
  return batch;
}

Json settings_of(const Sized& sized, const policy::Policy& policy, int64_t batch, int threads) {
  return {{"model", sized.config.name()},
          {"size", sized.size},
          {"batch", batch},
          {"parameters", policy::num_parameters(policy)},
          {"threads", threads}};
}

policy::Ticks first_rows(const policy::Ticks& ticks, int64_t rows) {
  const auto part = [rows](const at::Tensor& x) { return x.slice(0, 0, rows); };
  return {part(ticks.states_BTS), part(ticks.actions_BTA), part(ticks.before_BTO),
          part(ticks.ticks_BT),   part(ticks.mask_BT),     part(ticks.constraint_BC)};
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

// A decision in the middle of a day, for one seat and for 48: by LibTorch, and by the exported graph, one thread. Both
// in turn, so that they meet the same noise.
void bench_act(const std::string& model, int threads) {
  at::set_num_threads(threads);
  for (const Sized& sized : sizes_of(model)) {
    at::Generator generator = at::detail::createCPUGenerator(1);
    const auto policy = fitted_policy(sized.config, generator);
    policy->eval();
    Json settings = settings_of(sized, *policy, kSeats, threads);  // before the export, which wants no gradients
    const auto program =
        std::make_shared<const graph::Program>(exported_graph(*policy), graph::best_target(), graph::Carries::kMoving);
    const c10::InferenceMode inference;
    const policy::Batch batch = random_batch(kSeats, policy->window(), generator);
    policy::Ticks history = batch.seen;
    history.mask_BT = batch.seen.mask_BT.clone();
    if (policy->whole_period()) history.mask_BT.slice(1, policy->window() / 2).zero_();
    const at::Tensor noise_BN = at::randn({kSeats, policy->noise_size()}, generator);
    const auto carry = policy->initial_carry(kSeats);
    const auto act = [&] { return policy->act(history, batch.outcome_BO, noise_BN, carry).coefficients_BA; };

    const at::Tensor first = act();
    if (!at::isfinite(first).all().item<bool>() || !at::equal(first, act())) {
      throw Error("bench act." + model + ": two calls on the same input do not give the same finite actions");
    }
    if (const auto* const diffbid = sized.config.get_if<models::DiffBidConfig>()) {
      settings["sampler"] = diffbid->sampler;
      settings["levels"] = diffbid->sampling_levels;
      settings["guidance"] = diffbid->guidance;
    }
    for (const int64_t rows : {int64_t{1}, kSeats}) {
      settings["batch"] = rows;
      bench_engines("act." + model, *policy, program,
                    {first_rows(history, rows), batch.outcome_BO.slice(0, 0, rows), noise_BN.slice(0, 0, rows),
                     policy->initial_carry(rows)},
                    settings);
    }

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

// An update of every parameter group, on a batch of 64 windows, or of days with as many ticks as 64 windows of 20, that
// has been gathered before.
void bench_train_step(const std::string& model, int threads) {
  at::set_num_threads(threads);
  const Sized sized = sizes_of(model).front();
  at::Generator generator = at::detail::createCPUGenerator(1);
  const auto policy = fitted_policy(sized.config, generator);
  policy->train();
  std::vector<train::AdamW> optimizers;
  for (const policy::NamedTensors& parameters : policy::grouped_parameters(*policy))
    optimizers.emplace_back(parameters, train::AdamWOptions{}).set_rate(1e-3);
  const int64_t ticks = train::training_ticks(*policy, kTicksPerPeriod);
  const int64_t rows = rows_of(*policy, kBatch, ticks);
  const policy::Batch batch = random_batch(rows, ticks, generator);
  const auto step = [&] {
    double sum = 0.0;
    for (size_t group = 0; group < optimizers.size(); ++group) {
      at::Generator noise = at::detail::createCPUGenerator(2);
      at::Tensor total = at::zeros({});
      for (const policy::LossPart& part : policy->losses({0, noise}, group, batch)) total = total + part.value;
      optimizers[group].backward(total);
      optimizers[group].step();
      sum += total.item<double>();
    }
    return sum;
  };
  const double before = step();
  for (int i = 0; i < 9; ++i) step();
  if (!(step() < before)) throw Error("bench train_step." + model + ": ten steps on one batch do not lower its loss");
  Json settings = settings_of(sized, *policy, rows, threads);
  settings["ticks"] = rows * ticks;
  print_figure("train_step." + model, 1e3 * median_seconds(step), "ms", settings);
}

}  // namespace

std::shared_ptr<policy::Policy> fitted_policy(const models::ModelConfig& config, at::Generator& generator) {
  auto policy = models::make_policy(config, kShape, 1);
  const policy::Batch batch = random_batch(256, train::training_ticks(*policy, kTicksPerPeriod), generator);
  policy->fit({batch.seen.states_BTS.flatten(0, 1), batch.seen.actions_BTA.flatten(0, 1), batch.label_BTA.flatten(0, 1),
               policy::to_go_BTO(batch.seen, batch.outcome_BO).flatten(0, 1), batch.seen.ticks_BT.flatten(),
               batch.seen.constraint_BC.repeat_interleave(batch.seen.ticks_BT.size(1), 0), batch.outcome_BO});
  return policy;
}

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
