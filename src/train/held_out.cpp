#include "train/held_out.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

namespace genbid {
namespace {

constexpr size_t kRows = 256;

struct Sum {
  double total = 0.0;
  double ticks = 0.0;
};

// The policy's action at the last tick of each window, against the logged one.
Sum action_error(Policy& policy, const Dataset& dataset, const std::vector<Window>& windows) {
  const Batch batch = dataset.batch(windows, policy.window());
  const at::Tensor last_B1 = batch.mask_BT.sum(1, /*keepdim=*/true).to(at::kLong) - 1;
  const at::Tensor last_B11 = last_B1.unsqueeze(-1);
  const at::Tensor logged_B1 = batch.actions_BTA.gather(1, last_B11).squeeze(-1);
  const at::Tensor whole_B1 = batch.returns_to_go_BT.slice(1, 0, 1);

  History history;
  history.states_BTS = batch.states_BTS;
  history.actions_BTA = batch.actions_BTA.scatter(1, last_B11, 0.0);
  // Asked at the window's first tick for what was still to come; earned since then as logged.
  history.earned_BT = whole_B1 - batch.returns_to_go_BT;
  history.ticks_BT = batch.ticks_BT;
  history.mask_BT = batch.mask_BT;
  const Action action = policy.act(history, {whole_B1, batch.constraint_BC});
  const at::Tensor error_B1 = (action.coefficients_BA.slice(1, 0, 1) - logged_B1).abs();
  return {error_B1.sum().item<double>(), static_cast<double>(windows.size())};
}

template <typename Fn>
Sum in_batches(const std::vector<Window>& windows, const Fn& fn) {
  Sum sum;
  for (size_t begin = 0; begin < windows.size(); begin += kRows) {
    const size_t end = std::min(begin + kRows, windows.size());
    const Sum part =
        fn({windows.begin() + static_cast<std::ptrdiff_t>(begin), windows.begin() + static_cast<std::ptrdiff_t>(end)});
    sum.total += part.total;
    sum.ticks += part.ticks;
  }
  return sum;
}

}  // namespace

std::vector<HeldOutPeriod> evaluate_held_out(Policy& policy, const Dataset& dataset) {
  const torch::NoGradGuard no_grad;
  const bool was_training = policy.is_training();
  policy.eval();
  at::Generator noise = at::detail::createCPUGenerator(0);  // unused in evaluation mode

  struct PeriodWindows {
    std::vector<Window> cover;   // every tick once, for the loss
    std::vector<Window> prefix;  // one a tick, for the action
  };
  const int64_t window = policy.window();
  std::map<int64_t, PeriodWindows> by_period;
  for (int64_t m = 0; m < dataset.num_trajectories(); ++m) {
    const int64_t length = dataset.lengths()[static_cast<size_t>(m)];
    PeriodWindows& windows = by_period[dataset.periods()[static_cast<size_t>(m)]];
    for (int64_t t = 0; t < length; t += window) windows.cover.push_back({m, t, std::min(window, length - t)});
    for (int64_t t = 0; t < length; ++t) {
      const int64_t start = std::max<int64_t>(0, t + 1 - window);
      windows.prefix.push_back({m, start, t + 1 - start});
    }
  }

  std::vector<HeldOutPeriod> result;
  for (const auto& [period, windows] : by_period) {
    const Sum loss = in_batches(windows.cover, [&](const std::vector<Window>& part) -> Sum {
      const Batch batch = dataset.batch(part, window);
      const double ticks = batch.mask_BT.sum().item<double>();
      double total = 0.0;
      for (const LossPart& one : policy.losses(batch, noise)) total += one.value.item<double>();
      return {total * ticks, ticks};
    });
    const Sum error = in_batches(
        windows.prefix, [&](const std::vector<Window>& part) -> Sum { return action_error(policy, dataset, part); });
    result.push_back({period, loss.total / loss.ticks, error.total / error.ticks});
  }
  policy.train(was_training);
  return result;
}

std::map<int64_t, double> seat_mean_action_error(const Dataset& training, const Dataset& held_out) {
  const auto alphas = [](const Dataset& dataset, int64_t m) {
    const int64_t first = dataset.first_row(m);
    return dataset.actions_NA().slice(0, first, first + dataset.lengths()[static_cast<size_t>(m)]).to(at::kDouble);
  };
  std::map<int32_t, Sum> by_seat;
  for (int64_t m = 0; m < training.num_trajectories(); ++m) {
    const at::Tensor seen = alphas(training, m);
    Sum& sum = by_seat[training.seats()[static_cast<size_t>(m)]];
    sum.total += seen.sum().item<double>();
    sum.ticks += static_cast<double>(seen.size(0));
  }
  std::map<int64_t, Sum> by_period;
  for (int64_t m = 0; m < held_out.num_trajectories(); ++m) {
    const Sum& sum = by_seat[held_out.seats()[static_cast<size_t>(m)]];
    Sum& error = by_period[held_out.periods()[static_cast<size_t>(m)]];
    const at::Tensor seen = alphas(held_out, m);
    error.total += (seen - (sum.ticks > 0.0 ? sum.total / sum.ticks : 0.0)).abs().sum().item<double>();
    error.ticks += static_cast<double>(seen.size(0));
  }
  std::map<int64_t, double> result;
  for (const auto& [period, error] : by_period) result[period] = error.total / error.ticks;
  return result;
}

}  // namespace genbid
