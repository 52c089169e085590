#include "train/held_out.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <span>
#include <utility>

#include "base/convert.h"
#include "base/stop_signal.h"
#include "bidding/state_features.h"
#include "train/device.h"
#include "train/objective.h"

namespace genbid::train {
namespace {

constexpr size_t kRows = 256;

struct Sum {
  double total = 0.0;
  double ticks = 0.0;
};

// How wrong act() is, summed over windows.
struct ActErrors {
  double action = 0.0;
  double ticks = 0.0;     // with a label
  at::Tensor forecast_S;  // |forecast - next state|, f64; undefined: no forecast
  at::Tensor copying_S;   // |state - next state|
};

// The policy's action at the last tick of each window, against the label; its forecast against what came. Returns what
// it carries to the next tick.
std::vector<at::Tensor> add_act_errors(policy::Policy& policy, const Dataset& dataset,
                                       const std::vector<Window>& windows, const std::vector<at::Tensor>& carry,
                                       at::Generator& noise, ActErrors& errors) {
  const policy::Batch batch = dataset.batch(windows, policy.window());
  const auto rows = std::ssize(windows);
  const at::Tensor last_B1 = batch.seen.mask_BT.sum(1, /*keepdim=*/true).to(at::kLong) - 1;
  const at::Tensor last_B11 = last_B1.unsqueeze(-1);
  const auto at_last = [&](const at::Tensor& x_BTX) {
    return x_BTX.gather(1, last_B11.expand({-1, 1, x_BTX.size(-1)})).squeeze(1);
  };

  policy::Ticks history = batch.seen;
  history.actions_BTA = history.actions_BTA.scatter(1, last_B11, 0.0);
  const at::Tensor noise_BN = at::randn({rows, policy.noise_size()}, noise).to(dataset.device());
  policy::Action action;
  {
    const torch::AutoGradMode gradients(policy.act_needs_gradients());
    action = policy.act(history, batch.outcome_BO, noise_BN, carry);
  }
  action.coefficients_BA = action.coefficients_BA.detach();
  const at::Tensor error_B1 = (action.coefficients_BA - at_last(batch.label_BTA)).slice(1, 0, 1).abs();
  const at::Tensor weight_B1 = at_last(batch.label_weight_BT.unsqueeze(-1));
  errors.action += (error_B1 * weight_B1).sum().item<double>();
  errors.ticks += weight_B1.sum().item<double>();

  if (!action.next_states_BS.defined()) return action.carry;
  const at::Tensor next_BS = at_last(batch.next_states_BTS);
  const at::Tensor has_next_B1 = at_last(batch.seen.ticks_BT.unsqueeze(-1)).lt(dataset.ticks() - 1);
  const auto add = [&](at::Tensor& sum_S, const at::Tensor& forecast_BS) {
    const at::Tensor error_S = ((forecast_BS - next_BS).abs() * has_next_B1).to(at::kDouble).sum(0).to(at::kCPU);
    sum_S = sum_S.defined() ? sum_S + error_S : error_S;
  };
  add(errors.forecast_S, action.next_states_BS);
  add(errors.copying_S, at_last(batch.seen.states_BTS));
  return action.carry;
}

// Goes through the days of some trajectories tick by tick, as they are played.
void add_days(policy::Policy& policy, const Dataset& dataset, std::span<const int64_t> trajectories,
              at::Generator& noise, ActErrors& errors) {
  std::vector<int64_t> playing(trajectories.begin(), trajectories.end());
  std::vector<at::Tensor> carry = policy.initial_carry(std::ssize(playing));
  for (int64_t tick = 0;; ++tick) {
    std::vector<int64_t> going_on;
    std::vector<int64_t> places;  // where each stood among those that played the tick before
    for (size_t i = 0; i < playing.size(); ++i) {
      if (at(dataset.lengths(), playing[i]) <= tick) continue;
      going_on.push_back(playing[i]);
      places.push_back(to_signed(i));
    }
    if (going_on.empty()) return;
    if (going_on.size() < playing.size()) {
      for (at::Tensor& one : carry) one = one.index_select(0, at::tensor(places, at::kLong).to(one.device()));
    }
    playing = std::move(going_on);
    std::vector<Window> windows;
    for (const int64_t m : playing) {
      const int64_t start = std::max<int64_t>(0, tick + 1 - policy.window());
      windows.push_back({m, start, tick + 1 - start});
    }
    carry = add_act_errors(policy, dataset, windows, carry, noise, errors);
  }
}

std::map<std::string, double> by_feature_group(const ActErrors& errors, const std::vector<std::string>& features) {
  std::map<std::string, Sum> groups;
  for (size_t i = 0; errors.forecast_S.defined() && i < features.size(); ++i) {
    const auto s = to_signed(i);
    const auto copying = errors.copying_S[s].item<double>();
    if (copying == 0.0) continue;
    Sum& group = groups[feature_group(features[i])];
    group.total += errors.forecast_S[s].item<double>() / copying;
    group.ticks += 1.0;
  }
  std::map<std::string, double> result;
  for (const auto& [name, sum] : groups) result[name] = sum.total / sum.ticks;
  return result;
}

// Calls fn(part) for parts of at most kRows.
template <typename T, typename Fn>
void in_batches(const std::vector<T>& all, const Fn& fn) {
  for (size_t begin = 0; begin < all.size(); begin += kRows) {
    fn(std::vector<T>(all.begin() + to_signed(begin), all.begin() + to_signed(std::min(begin + kRows, all.size()))));
  }
}

// Each rank has filled in its periods of the same list.
void share(std::vector<HeldOutPeriod>& periods, const std::vector<std::string>& features, Ranks& ranks) {
  std::set<std::string> groups;
  for (const std::string& feature : features) groups.insert(feature_group(feature));
  const at::Tensor table_PX =
      at::zeros({std::ssize(periods), 2 + 2 * std::ssize(groups)}, at::TensorOptions(at::kDouble));
  auto table = table_PX.accessor<double, 2>();
  for (int64_t p = 0; p < std::ssize(periods); ++p) {
    const HeldOutPeriod& one = at(periods, p);
    table[p][0] = one.loss;
    table[p][1] = one.action_error;
    int64_t column = 2;
    for (const std::string& group : groups) {
      const auto found = one.forecast_error.find(group);
      table[p][column++] = found != one.forecast_error.end() ? 1.0 : 0.0;
      table[p][column++] = found != one.forecast_error.end() ? found->second : 0.0;
    }
  }
  ranks.sum(table_PX);
  for (int64_t p = 0; p < std::ssize(periods); ++p) {
    HeldOutPeriod& one = at(periods, p);
    one.loss = table[p][0];
    one.action_error = table[p][1];
    int64_t column = 2;
    for (const std::string& group : groups) {
      if (table[p][column] > 0.0) one.forecast_error[group] = table[p][column + 1];
      column += 2;
    }
  }
}

}  // namespace

std::vector<HeldOutPeriod> evaluate_held_out(policy::Policy& policy, const Dataset& dataset, Ranks& ranks) {
  const torch::NoGradGuard no_grad;
  const bool was_training = policy.is_training();
  policy.eval();
  struct Period {
    std::vector<Window> cover;  // every tick once, for the loss
    std::vector<int64_t> trajectories;
  };
  const int64_t window = training_ticks(policy, dataset.ticks());
  std::map<int64_t, Period> by_period;
  for (int64_t m = 0; m < dataset.num_trajectories(); ++m) {
    const int64_t length = at(dataset.lengths(), m);
    Period& period = by_period[at(dataset.periods(), m)];
    for (int64_t t = 0; t < length; t += window) period.cover.push_back({m, t, std::min(window, length - t)});
    period.trajectories.push_back(m);
  }

  std::vector<HeldOutPeriod> result;
  bool stopped = false;
  for (const auto& [number, period] : by_period) {
    if (std::ssize(result) % ranks.size() != ranks.rank()) {
      result.push_back({number, 0.0, 0.0, {}});
      continue;
    }
    at::Generator noise = generator_on(dataset.device(), 0);
    Sum loss;
    in_batches(period.cover, [&](const std::vector<Window>& part) {
      stopped = stopped || stop_signal::requested();
      if (stopped) return;
      const policy::Batch batch = dataset.batch(part, window);
      const double ticks = batch.seen.mask_BT.sum().item<double>();
      for (const policy::LossPart& one : policy.held_out_losses(batch, noise))
        loss.total += one.value.item<double>() * ticks;
      loss.ticks += ticks;
    });
    at::Generator act_noise = generator_on(c10::kCPU, 0);
    ActErrors errors;
    in_batches(period.trajectories, [&](const std::vector<int64_t>& part) {
      stopped = stopped || stop_signal::requested();
      if (!stopped) add_days(policy, dataset, part, act_noise, errors);
    });
    if (stopped) break;
    result.push_back({number, loss.total / loss.ticks, errors.action / std::max(errors.ticks, 1.0),
                      by_feature_group(errors, dataset.features())});
  }
  policy.train(was_training);
  if (ranks.any(stopped)) return {};
  if (!ranks.alone()) share(result, dataset.features(), ranks);
  return result;
}

HeldOutPeriod mean_of_periods(const std::vector<HeldOutPeriod>& periods) {
  HeldOutPeriod mean;
  std::map<std::string, Sum> forecasts;
  for (const HeldOutPeriod& one : periods) {
    mean.loss += one.loss / as_double(periods.size());
    mean.action_error += one.action_error / as_double(periods.size());
    for (const auto& [group, error] : one.forecast_error) {
      forecasts[group].total += error;
      forecasts[group].ticks += 1.0;
    }
  }
  for (const auto& [group, sum] : forecasts) mean.forecast_error[group] = sum.total / sum.ticks;
  return mean;
}

namespace {

// Mean |guess - label| by period.
std::map<int64_t, double> action_error_of(const Dataset& dataset,
                                          const std::function<at::Tensor(int64_t m, int64_t count)>& guess) {
  std::map<int64_t, Sum> by_period;
  for (int64_t m = 0; m < dataset.num_trajectories(); ++m) {
    Sum& error = by_period[at(dataset.periods(), m)];
    const at::Tensor labels = dataset.labels(m);
    error.total += (labels - guess(m, labels.size(0))).abs().sum().item<double>();
    error.ticks += as_double(labels.size(0));
  }
  std::map<int64_t, double> result;
  for (const auto& [period, error] : by_period) result[period] = error.total / std::max(error.ticks, 1.0);
  return result;
}

// A seat of a store: the same number is somebody else's in another.
using Seat = std::pair<int64_t, int64_t>;
Seat seat_of(const Dataset& dataset, int64_t m) { return {dataset.store_of(m), at(dataset.seats(), m)}; }

// By seat, of the training days; 0 for a seat that had none.
std::map<Seat, double> mean_labels(const Dataset& training) {
  std::map<Seat, Sum> by_seat;
  for (int64_t m = 0; m < training.num_trajectories(); ++m) {
    const at::Tensor seen = training.labels(m);
    Sum& sum = by_seat[seat_of(training, m)];
    sum.total += seen.sum().item<double>();
    sum.ticks += as_double(seen.size(0));
  }
  std::map<Seat, double> means;
  for (const auto& [seat, sum] : by_seat) means[seat] = sum.ticks > 0.0 ? sum.total / sum.ticks : 0.0;
  return means;
}

}  // namespace

std::map<int64_t, double> seat_mean_action_error(const Dataset& training, const Dataset& held_out) {
  std::map<Seat, double> means = mean_labels(training);
  return action_error_of(
      held_out, [&](int64_t m, int64_t count) { return at::full({count}, means[seat_of(held_out, m)], at::kDouble); });
}

std::map<int64_t, double> copying_action_error(const Dataset& training, const Dataset& held_out) {
  std::map<Seat, double> means = mean_labels(training);
  return action_error_of(held_out, [&](int64_t m, int64_t count) {
    const at::Tensor first = at::full({1}, means[seat_of(held_out, m)], at::kDouble);
    return at::cat({first, held_out.alphas(m)}).slice(0, 0, count);
  });
}

}  // namespace genbid::train
