#include "train/dataset.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <type_traits>

#include "base/files/content_hash.h"
#include "base/error.h"
#include "base/config/period_text.h"
#include "bidding/score.h"
#include "bidding/state_features.h"
#include "data/action_outliers.h"

namespace genbid::train {
namespace {

constexpr double kMaxCpaRatio = 10.0;  // where almost nothing was won

// What a day paid for a conversion, over the limit. A day that spent nothing says nothing about what it would have
// paid.
double cpa_ratio(double won, double cost, double limit) {
  return cost > 0.0 ? std::min(cpa(won, cost) / limit, kMaxCpaRatio) : 1.0;
}

template <typename T>
at::Tensor to_tensor(const std::vector<T>& values, at::IntArrayRef shape, at::ScalarType type, c10::Device device) {
  return at::from_blob(const_cast<T*>(values.data()), shape, at::TensorOptions(type)).to(device, type, false, true);
}

at::Tensor indices(const std::vector<int64_t>& values, c10::Device device) {
  return to_tensor(values, {static_cast<int64_t>(values.size())}, at::kLong, device);
}

void check_periods(const LoadedStore& store, const std::set<int64_t>& wanted) {
  const std::set<int64_t> present(store.columns.period.begin(), store.columns.period.end());
  for (const int64_t period : wanted) {
    if (present.contains(period)) continue;
    throw Error(store.path + ": found periods " + period_ranges({present.begin(), present.end()}) +
                ", expected period " + std::to_string(period) + " among them");
  }
}

// Ticks in which the seat bid: all up to the first that is marked done. That one counts if it is the period's last;
// where it began without money the seat may not bid, and its action of 0 is no decision.
size_t num_played(const data::TrajectoryColumns& columns, size_t begin, size_t end, size_t features, double budget) {
  for (size_t row = begin; row < end; ++row) {
    if (columns.done[row] == 0) continue;
    const double left = budget * static_cast<double>(columns.state[row * features + kFeatureBudgetLeft]);
    const size_t before = row - begin;
    return left < kMinRemainingBudget ? std::max<size_t>(before, 1) : before + 1;
  }
  return end - begin;
}

}  // namespace

const std::vector<std::string>& reward_names() {
  static const std::vector<std::string> names = {"expected", "realised"};
  return names;
}

Reward parse_reward(const std::string& name) {
  return name == reward_names()[0] ? Reward::kExpected : Reward::kRealised;
}

std::string content_of(const LoadedStore& store) {
  ContentHash hash;
  const auto add = [&](const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    const auto count = static_cast<int64_t>(values.size());
    hash.add_values(std::span(&count, 1));
    hash.add_values(std::span<const T>(values));
  };
  const data::TrajectoryColumns& c = store.columns;
  hash.add_values(std::span(&store.info.ticks, 1));
  add(store.info.feature_set);
  for (const std::string& name : store.info.features) add(name);
  add(c.period);
  add(std::vector<int64_t>(c.advertiser.begin(), c.advertiser.end()));
  add(c.category);
  for (const std::vector<double>* one : {&c.budget, &c.cpa, &c.cost, &c.conversions}) add(*one);
  add(c.first_row);
  add(c.tick);
  for (const std::vector<float>* one : {&c.state, &c.action, &c.reward, &c.reward_continuous}) add(*one);
  add(c.done);
  return hash.digits();
}

LoadedStore load_store(const std::string& path) {
  const data::TrajectoryStore store(path);
  return {path, store.info(), store.read()};
}

int64_t clip_actions(LoadedStore& store, double max_action) {
  int64_t count = 0;
  for (float& action : store.columns.action) {
    if (static_cast<double>(action) <= max_action) continue;
    action = static_cast<float>(max_action);
    ++count;
  }
  return count;
}

Dataset::Dataset(const LoadedStore& store, const std::vector<int64_t>& periods, Reward reward, c10::Device device)
    : device_(device),
      num_features_(static_cast<int64_t>(store.info.features.size())),
      ticks_(store.info.ticks),
      features_(store.info.features) {
  const data::TrajectoryColumns& columns = store.columns;
  const std::set<int64_t> wanted(periods.begin(), periods.end());
  check_periods(store, wanted);

  const auto features = static_cast<size_t>(num_features_);
  const bool realised = reward == Reward::kRealised;
  std::vector<float> states;
  std::vector<float> actions;
  std::vector<float> earned;
  std::vector<int64_t> ticks;
  std::vector<float> returns;
  std::vector<float> constraint;
  std::vector<float> cpa_ratios;
  std::vector<int64_t> next_rows;
  const size_t all_rows = columns.tick.size();
  for (size_t m = 0; m < columns.period.size(); ++m) {
    if (!wanted.contains(columns.period[m])) continue;
    const auto begin = static_cast<size_t>(columns.first_row[m]);
    const size_t end = m + 1 < columns.period.size() ? static_cast<size_t>(columns.first_row[m + 1]) : all_rows;
    const double budget = columns.budget[m];
    const double limit = columns.cpa[m];
    const double par = budget / limit;

    // Money is spent budget: remaining shares of consecutive states; the last tick closes at the total cost.
    double spent = 0.0;
    double won = 0.0;
    const size_t length = num_played(columns, begin, end, features, budget);
    for (size_t row = begin; row < end; ++row) {
      earned.push_back(static_cast<float>(earned_score(won, realised, spent, limit) / par));
      const double next_left =
          row + 1 < end ? static_cast<double>(columns.state[(row + 1) * features + kFeatureBudgetLeft]) : -1.0;
      spent = next_left >= 0.0 ? budget * (1.0 - next_left) : columns.cost[m];
      won += static_cast<double>(realised ? columns.reward[row] : columns.reward_continuous[row]);
      ticks.push_back(columns.tick[row]);
      actions.push_back(columns.action[row]);
      next_rows.push_back(num_rows_ + static_cast<int64_t>(std::min(row + 1, end - 1) - begin));
    }
    states.insert(states.end(), columns.state.begin() + static_cast<std::ptrdiff_t>(begin * features),
                  columns.state.begin() + static_cast<std::ptrdiff_t>(end * features));
    returns.push_back(static_cast<float>(earned_score(won, realised, columns.cost[m], limit) / par));
    const auto finite = [](float value) { return std::isfinite(value); };
    if (!(budget > 0.0 && limit > 0.0) ||
        !std::all_of(earned.end() - static_cast<std::ptrdiff_t>(end - begin), earned.end(), finite) ||
        !finite(returns.back())) {
      throw Error(store.path + ": period " + std::to_string(columns.period[m]) + ", advertiser " +
                  std::to_string(columns.advertiser[m]) + ": found a budget of " + std::to_string(budget) +
                  " and a CPA limit of " + std::to_string(limit) +
                  ", for which returns are no numbers; expected amounts above 0");
    }
    constraint.push_back(static_cast<float>(budget));
    constraint.push_back(static_cast<float>(limit));
    cpa_ratios.push_back(static_cast<float>(cpa_ratio(won, columns.cost[m], limit)));
    lengths_.push_back(static_cast<int64_t>(length));
    periods_.push_back(columns.period[m]);
    seats_.push_back(columns.advertiser[m]);
    first_rows_.push_back(num_rows_);
    num_rows_ += static_cast<int64_t>(end - begin);
  }

  const auto trajectories = num_trajectories();
  states_NS_ = to_tensor(states, {num_rows_, num_features_}, at::kFloat, device);
  actions_NA_ = to_tensor(actions, {num_rows_, 1}, at::kFloat, device);
  earned_N_ = to_tensor(earned, {num_rows_}, at::kFloat, device);
  ticks_N_ = to_tensor(ticks, {num_rows_}, at::kLong, device);
  returns_M_ = to_tensor(returns, {trajectories}, at::kFloat, device);
  constraint_MC_ = to_tensor(constraint, {trajectories, 2}, at::kFloat, device);
  cpa_ratios_M_ = to_tensor(cpa_ratios, {trajectories}, at::kFloat, device);
  next_rows_N_ = indices(next_rows, device);
}

policy::Batch Dataset::batch(const std::vector<Window>& windows, int64_t padded_ticks) const {
  std::vector<int64_t> trajectories;
  std::vector<int64_t> rows;
  std::vector<int64_t> counts;
  for (const Window& window : windows) {
    trajectories.push_back(window.trajectory);
    rows.push_back(first_row(window.trajectory) + window.start);
    counts.push_back(window.count);
  }
  const at::Tensor trajectory_B = indices(trajectories, device_);
  const at::Tensor count_B1 = indices(counts, device_).unsqueeze(-1);
  const at::Tensor offset_T = at::arange(padded_ticks, at::TensorOptions(at::kLong).device(device_));
  // Beyond a row's count the last real row is read again and masked: no padding value reaches a loss.
  const at::Tensor row_BT = indices(rows, device_).unsqueeze(-1) + at::minimum(offset_T, count_B1 - 1);
  const at::Tensor flat = row_BT.flatten();
  const auto shape = row_BT.sizes();

  policy::Batch batch;
  batch.mask_BT = (offset_T < count_B1).to(at::kFloat);
  batch.states_BTS = states_NS_.index_select(0, flat).view({shape[0], shape[1], -1});
  batch.next_states_BTS = states_NS_.index_select(0, next_rows_N_.index_select(0, flat)).view({shape[0], shape[1], -1});
  batch.actions_BTA = actions_NA_.index_select(0, flat).view({shape[0], shape[1], -1});
  batch.ticks_BT = ticks_N_.index_select(0, flat).view(shape);
  batch.returns_to_go_BT =
      returns_M_.index_select(0, trajectory_B).unsqueeze(-1) - earned_N_.index_select(0, flat).view(shape);
  batch.constraint_BC = constraint_MC_.index_select(0, trajectory_B);
  batch.cpa_ratio_B1 = cpa_ratios_M_.index_select(0, trajectory_B).unsqueeze(-1);
  return batch;
}

std::string Dataset::describe_action_outliers() const {
  const at::Tensor actions_NA = actions_NA_.to(at::kCPU).contiguous();
  const data::ActionOutliers outliers =
      data::find_action_outliers({actions_NA.const_data_ptr<float>(), static_cast<size_t>(actions_NA.numel())});
  if (outliers.count == 0) return {};
  const auto row = static_cast<int64_t>(outliers.first);
  const auto m =
      static_cast<size_t>(std::upper_bound(first_rows_.begin(), first_rows_.end(), row) - first_rows_.begin() - 1);
  return describe(outliers, "period " + std::to_string(periods_[m]) + ", advertiser " + std::to_string(seats_[m]) +
                                ", tick " + std::to_string(row - first_rows_[m]));
}

policy::TrainingColumns Dataset::training_columns() const {
  std::vector<int64_t> rows;
  std::vector<int64_t> owners;
  for (size_t m = 0; m < lengths_.size(); ++m) {
    for (int64_t t = 0; t < lengths_[m]; ++t) {
      rows.push_back(first_rows_[m] + t);
      owners.push_back(static_cast<int64_t>(m));
    }
  }
  const at::Tensor row_N = indices(rows, device_);
  const at::Tensor owner_N = indices(owners, device_);
  policy::TrainingColumns columns;
  columns.states_NS = states_NS_.index_select(0, row_N);
  columns.actions_NA = actions_NA_.index_select(0, row_N);
  columns.returns_to_go_N = returns_M_.index_select(0, owner_N) - earned_N_.index_select(0, row_N);
  columns.ticks_N = ticks_N_.index_select(0, row_N);
  columns.returns_M = returns_M_;
  columns.cpa_ratios_M = cpa_ratios_M_;
  return columns;
}

}  // namespace genbid::train
