#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <array>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/random/random.h"
#include "bench/bench.h"
#include "bidding/advertiser.h"
#include "bidding/state_features.h"
#include "models/registry.h"
#include "softmarket/tapes.h"
#include "train/optimizer.h"
#include "train/policy_gradient.h"
#include "train/tape_days.h"

namespace genbid::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kDays = 48;
constexpr int64_t kOctaves = 5;
constexpr int64_t kKnotsPerOctave = 4;

// Value, cost and slots at an alpha, where half of what can be had is had at the alpha `price`.
std::array<double, 3> bought(double alpha, double offered, double price, double num_pv) {
  const double share = 0.3 * alpha * alpha / (alpha * alpha + price * price);
  return {offered * share, offered * share * price * alpha / (alpha + price), num_pv * share};
}

// Made-up days, because the numbers do not change how long the work takes.
data::TapeColumns made_up_days() {
  const RandomStream stream(1, "bench.tape");
  data::TapeColumns tape;
  tape.ticks = kTicksPerPeriod;
  tape.octaves = kOctaves;
  tape.knots_per_octave = kKnotsPerOctave;
  for (int64_t day = 0; day < kDays; ++day) {
    tape.period.push_back(0);
    tape.seat.push_back(day);
    tape.budget.push_back(2900.0);
    tape.cpa_limit.push_back(100.0);
    tape.lowest.push_back(16.0F);
    for (int64_t tick = 0; tick < tape.ticks; ++tick) {
      const auto bits = stream.bits(static_cast<uint32_t>(day), static_cast<uint32_t>(tick));
      const double num_pv = 5000.0 + 10000.0 * uniform_double(bits[0]);
      const double mean_pvalue = 0.001 * uniform_double(bits[1]);
      const double price = 50.0 + 50.0 * uniform_double(bits[2]);
      tape.num_pv.push_back(as_float(num_pv));
      tape.mean_pvalue.push_back(as_float(mean_pvalue));
      tape.price.push_back(as_float(mean_pvalue * price));
      for (int64_t k = 0; k < tape.num_knots(); ++k) {
        const auto at_place = [&](double place) {
          return bought(16.0 * std::exp2(place / kKnotsPerOctave), num_pv * mean_pvalue, price, num_pv);
        };
        const auto here = at_place(as_double(k));
        const auto up = at_place(as_double(k) + 1e-3);
        for (size_t i = 0; i < here.size(); ++i) {
          tape.knots.push_back(as_float(here[i]));
          tape.knots.push_back(as_float((up[i] - here[i]) / 1e-3));
        }
      }
    }
  }
  return tape;
}

// A step of a training in the market: whole days played, gradients through them or of what was drawn in them (four
// samples a day), optimizers. The value is milliseconds a step; the settings say how many cells (days of seats that are
// played) that is, and a second.
void bench_step(const std::string& model, bool sampled, int threads) {
  at::set_num_threads(threads);
  data::TapeColumns columns = made_up_days();
  const std::vector<train::TapeDay> days = train::days_of(columns);
  const softmarket::Tapes tapes(std::move(columns), at::kCPU);
  std::vector<int64_t> chosen(days.size());
  std::iota(chosen.begin(), chosen.end(), 0);
  models::ModelConfig config = models::ModelConfig::named(model);
  if (sampled) {
    ConfigFile::parse(model == "diffbid" ? "deviation: 0.1" : "{head: gaussian, deviation: 0.1}", model).read(config);
  }
  const auto policy = models::make_policy(config, policy::shape_for(feature_names(FeatureSet::kConstraint)), 1);
  const int64_t days_played = policy->whole_period() ? 4 : policy->window() == 1 ? 256 : 32;
  train::TapeDaysOptions options;
  options.day.drawn_conversions = false;  // so that steps on the same cells can be compared
  train::PolicyGradientConfig gradient;
  gradient.group_size = 4;
  std::unique_ptr<train::TapeDays> objective;
  if (sampled) {
    objective = std::make_unique<train::PolicyGradient>(tapes, days, chosen, options, gradient, *policy,
                                                        days_played / gradient.group_size, 1, 1);
  } else {
    objective = std::make_unique<train::TapeDays>(tapes, days, chosen, options, days_played, 1, 1);
  }
  policy->fit(objective->training_columns());
  policy->train();
  std::vector<train::AdamW> optimizers;
  for (const policy::NamedTensors& parameters : policy::grouped_parameters(*policy)) {
    optimizers.emplace_back(parameters, train::AdamWOptions{}).set_rate(1e-3);
  }
  std::vector<train::AdamW*> all;
  for (train::AdamW& one : optimizers) all.push_back(&one);
  objective->draw(0, 1);
  const auto step = [&] {
    objective->gather(at::zeros({1}, at::kLong));
    at::Generator noise = at::detail::createCPUGenerator(2);
    const std::vector<policy::LossPart> losses = objective->losses({0, noise}, *policy, 0, 0);
    train::AdamW::backward(losses.back().value, false, all);
    for (train::AdamW& one : optimizers) one.step();
    return losses.front().value.item<double>();  // what days brought
  };
  const double before = step();
  for (int i = 0; i < 9; ++i) step();
  const std::string name = (sampled ? "train_step.policy_gradient." : "train_step.market.") + model;
  if (!(step() < before)) throw Error("bench " + name + ": ten steps on the same days do not help");
  const double seconds = median_seconds(step, 3);
  print_figure(name, 1e3 * seconds, "ms",
               Json{{"model", model},
                    {"cells", days_played},
                    {"cells_per_second", std::round(as_double(days_played) / seconds)},
                    {"parameters", policy::num_parameters(*policy)},
                    {"threads", threads}});
}

}  // namespace

std::vector<Benchmark> tape_benchmarks() {
  std::vector<Benchmark> benchmarks;
  for (const std::string& model : models::model_names()) {
    benchmarks.push_back({"train_step.market." + model, [model](int threads) { bench_step(model, false, threads); }});
  }
  for (const std::string model : {"perceptron", "decision_transformer", "diffbid"}) {
    benchmarks.push_back(
        {"train_step.policy_gradient." + model, [model](int threads) { bench_step(model, true, threads); }});
  }
  return benchmarks;
}

}  // namespace genbid::bench
