#include "train/dataset.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <type_traits>

#include "base/convert.h"
#include "base/files/content_hash.h"
#include "base/error.h"
#include "base/config/period_text.h"
#include "base/random/random.h"
#include "base/shown.h"
#include "bidding/score.h"
#include "bidding/state_features.h"
#include "data/action_outliers.h"

namespace genbid::train {
namespace {

template <typename T>
constexpr at::ScalarType kTypeOf = std::is_same_v<T, float> ? at::kFloat : at::kLong;

// The vector lives on as the tensor's memory, where the device is the CPU.
template <typename Vector>
at::Tensor take(Vector&& values, at::IntArrayRef shape, c10::Device device) {
  static_assert(!std::is_lvalue_reference_v<Vector>);
  auto* const owner = new Vector(std::forward<Vector>(values));
  const at::Tensor tensor = at::from_blob(
      owner->data(), shape, [owner](void*) { delete owner; }, at::TensorOptions(kTypeOf<typename Vector::value_type>));
  return tensor.to(device);
}

template <typename T>
at::Tensor indices(std::vector<T> values, c10::Device device) {
  const int64_t count = std::ssize(values);
  return take(std::move(values), {count}, device);
}

// All ticks up to the first that is marked done. Where that one began without money the seat may not bid, and its
// action of 0 is no decision.
int64_t num_counted(const data::TrajectoryColumns& columns, size_t begin, size_t end, size_t features, double budget,
                    CountedTicks counted) {
  for (size_t row = begin; row < end; ++row) {
    if (columns.done[row] == 0) continue;
    const double left = budget * as_double(columns.state[row * features + kFeatureBudgetLeft]);
    const size_t before = row - begin;
    const bool may_bid = left >= kMinRemainingBudget || counted == CountedTicks::kDone;
    return to_signed(!may_bid ? std::max<size_t>(before, 1) : before + 1);
  }
  return to_signed(end - begin);
}

// Which of the parts holds trajectory m.
size_t part_of(const std::vector<StorePart>& parts, int64_t m) {
  const auto after = std::upper_bound(parts.begin(), parts.end(), m,
                                      [](int64_t place, const StorePart& part) { return place < part.end; });
  return to_size(after - parts.begin());
}

std::string trajectory_name(const LoadedStore& store, size_t m) {
  const std::string& path = store.parts.empty() ? store.path : store.parts[part_of(store.parts, to_signed(m))].path;
  return path + ": period " + std::to_string(store.columns.period[m]) + ", advertiser " +
         std::to_string(store.columns.advertiser[m]);
}

// The labels that are wanted; empty where they are the actions.
LargeVector<float> labels_of(LoadedStore& store, Labels labels) {
  data::TrajectoryColumns& columns = store.columns;
  if (labels == Labels::kLogged) return std::move(columns.asked);
  if (!columns.has_labels()) {  // of several, load_stores has found the one that lacks them
    throw Error("data.labels: " + store.path + ": found a store without labels, expected one with the best alphas in " +
                "hindsight (genbid simulate with output.labels=true writes them)");
  }
  if (labels == Labels::kBestRest) return std::move(columns.best_rest);
  if (labels == Labels::kRestConstant) return std::move(columns.rest_constant);
  LargeVector<float> best(columns.action.size(), columns.action.get_allocator());
  for (size_t m = 0; m < columns.period.size(); ++m) {
    const auto end = best.begin() + columns.end_row(to_signed(m));
    std::fill(best.begin() + columns.first_row[m], end, as_float(columns.best_constant[m]));
  }
  return best;
}

}  // namespace

// The tensors of the whole store, of N rows and M trajectories.
struct Dataset::Tensors {
  Tensors(LoadedStore store, Reward reward, c10::Device on, Labels wanted, CountedTicks counted);

  std::vector<StorePart> parts;
  std::shared_ptr<Scratch> scratch;  // in which the columns of ticks lie; null: they lie in memory, or on a GPU
  c10::Device device;
  int64_t ticks = 0;
  std::vector<std::string> features;
  // These have one entry for each trajectory.
  std::vector<int64_t> first_rows;
  std::vector<int64_t> last_rows;
  std::vector<int64_t> lengths;
  std::vector<int64_t> periods;
  std::vector<int64_t> seats;
  std::vector<uint8_t> exhausted;  // 1 where the last tick that counts spent the last of the budget and has no label
  at::Tensor outcome_MO;
  at::Tensor constraint_MC;
  // These have one entry for each tick.
  at::Tensor states_NS;
  at::Tensor actions_NA;
  at::Tensor labels_NA;
  at::Tensor before_NE;  // additive outcomes before the tick

  void fetch(int64_t first_row, int64_t count) const;
};

Dataset::Tensors::Tensors(LoadedStore store, Reward reward, c10::Device on, Labels wanted, CountedTicks counted)
    : parts(store.parts), scratch(store.scratch()), device(on), ticks(store.info.ticks), features(store.info.features) {
  data::TrajectoryColumns& columns = store.columns;
  const auto num_trajectories = columns.num_trajectories();
  const auto num_rows = columns.num_rows();
  const size_t num_features = features.size();
  if (parts.empty()) parts.push_back({store.path, 1.0, num_trajectories, columns.has_labels(), {}, {}, {}});
  const bool realised = reward == Reward::kRealised;
  LargeVector<float> labels = labels_of(store, wanted);
  std::vector<float> outcome;
  std::vector<float> constraint;
  LargeVector<float> before(to_size(num_rows * kNumAdditive), LargeAllocator<float>(scratch));
  for (size_t m = 0; m < to_size(num_trajectories); ++m) {
    const auto begin = to_size(columns.first_row[m]);
    const size_t end = to_size(columns.end_row(to_signed(m)));
    DayTotals day;
    day.budget = columns.budget[m];
    day.cpa_limit = columns.cpa[m];
    if (!columns.optimum.empty() && std::isfinite(columns.optimum[m])) day.optimum = columns.optimum[m];
    const auto score_day = [&] { day.score = earned_score(day.won, realised, day.cost, day.cpa_limit); };

    // What was spent so far follows from the share of the budget that is left in the next state; after the last tick it
    // is the total cost.
    for (size_t row = begin; row < end; ++row) {
      score_day();
      const OutcomeValues values = outcomes_before(day);
      std::copy_n(values.begin(), kNumAdditive, before.begin() + to_signed(row) * kNumAdditive);
      const double next_left =
          row + 1 < end ? as_double(columns.state[(row + 1) * num_features + kFeatureBudgetLeft]) : -1.0;
      day.cost = next_left >= 0.0 ? day.budget * (1.0 - next_left) : columns.cost[m];
      day.won += as_double(realised ? columns.reward[row] : columns.reward_continuous[row]);
    }
    day.cost = columns.cost[m];
    score_day();
    const OutcomeValues values = outcomes_of(day);
    const auto finite = [](float value) { return std::isfinite(value); };
    const auto first = before.begin() + to_signed(begin) * kNumAdditive;
    const auto last = before.begin() + to_signed(end) * kNumAdditive;
    if (!(day.budget > 0.0 && day.cpa_limit > 0.0) || !std::all_of(first, last, finite) ||
        !std::all_of(values.begin(), values.begin() + kNumAdditive, finite)) {
      throw Error(trajectory_name(store, m) + ": found a budget of " + std::to_string(day.budget) +
                  " and a CPA limit of " + std::to_string(day.cpa_limit) +
                  ", for which returns are no numbers; expected amounts above 0");
    }
    outcome.insert(outcome.end(), values.begin(), values.end());
    constraint.push_back(as_float(day.budget));
    constraint.push_back(as_float(day.cpa_limit));
    const int64_t length = num_counted(columns, begin, end, num_features, day.budget, counted);
    lengths.push_back(length);
    // Of a period's last tick the mark says nothing, since all have it; what was spent does.
    const bool spent = length < ticks || day.budget - day.cost < kMinRemainingBudget;
    exhausted.push_back(spent && counted == CountedTicks::kBid ? 1 : 0);
    last_rows.push_back(to_signed(end) - 1);
  }
  first_rows = std::move(columns.first_row);
  periods = std::move(columns.period);
  seats = {columns.advertiser.begin(), columns.advertiser.end()};
  states_NS = take(std::move(columns.state), {num_rows, to_signed(num_features)}, device);
  actions_NA = take(std::move(columns.action), {num_rows, 1}, device);
  labels_NA = labels.empty() ? actions_NA : take(std::move(labels), {num_rows, 1}, device);
  before_NE = take(std::move(before), {num_rows, kNumAdditive}, device);
  outcome_MO = take(std::move(outcome), {num_trajectories, kNumOutcomes}, device);
  constraint_MC = take(std::move(constraint), {num_trajectories, 2}, device);
  if (!device.is_cpu()) scratch.reset();
  if (scratch) scratch->expect_random_reads();
}

// Windows that are drawn are gathered a little later.
void Dataset::Tensors::fetch(int64_t first_row, int64_t count) const {
  for (const at::Tensor* column : {&states_NS, &actions_NA, &labels_NA, &before_NE}) {
    const int64_t width = column->size(1);
    Scratch::fetch(column->const_data_ptr<float>() + first_row * width, to_size(count * width) * sizeof(float));
  }
}

const std::vector<std::string>& reward_names() {
  static const std::vector<std::string> names = {"expected", "realised"};
  return names;
}

Reward parse_reward(const std::string& name) {
  return name == reward_names()[0] ? Reward::kExpected : Reward::kRealised;
}

const std::vector<std::string>& counted_ticks_names() {
  static const std::vector<std::string> names = {"bid", "done"};
  return names;
}

CountedTicks parse_counted_ticks(const std::string& name) {
  return name == counted_ticks_names()[0] ? CountedTicks::kBid : CountedTicks::kDone;
}

Dataset::Dataset(LoadedStore store, const PeriodsOfStores& periods, Reward reward, c10::Device device, Labels labels,
                 CountedTicks counted)
    : tensors_(std::make_shared<const Tensors>(std::move(store), reward, device, labels, counted)) {
  select(periods);
  check_labels();
}

Dataset::Dataset(LoadedStore store, const std::vector<int64_t>& periods, Reward reward, c10::Device device,
                 Labels labels, CountedTicks counted)
    : tensors_(std::make_shared<const Tensors>(std::move(store), reward, device, labels, counted)) {
  select(of_each(periods));
  check_labels();
}

Dataset Dataset::part(const PeriodsOfStores& periods) const {
  Dataset part;
  part.tensors_ = tensors_;
  part.select(periods);
  return part;
}

Dataset Dataset::part(const std::vector<int64_t>& periods) const { return part(of_each(periods)); }

PeriodsOfStores Dataset::of_each(const std::vector<int64_t>& periods) const {
  return {std::vector<std::vector<int64_t>>(tensors_->parts.size(), periods)};
}

void Dataset::select(const PeriodsOfStores& periods) {
  const Tensors& all = *tensors_;
  int64_t begin = 0;
  for (size_t i = 0; i < all.parts.size(); ++i) {
    const StorePart& part = all.parts[i];
    const std::set<int64_t> present(all.periods.begin() + begin, all.periods.begin() + part.end);
    const std::set<int64_t> wanted(periods.lists[i].begin(), periods.lists[i].end());
    for (const int64_t period : wanted) {
      if (present.contains(period)) continue;
      throw Error(part.path + ": found periods " + period_ranges({present.begin(), present.end()}) +
                  ", expected period " + std::to_string(period) + " among them");
    }
    const int64_t first = num_trajectories();
    for (int64_t m = begin; m < part.end; ++m) {
      if (!wanted.contains(at(all.periods, m))) continue;
      trajectories_.push_back(m);
      lengths_.push_back(at(all.lengths, m));
      periods_.push_back(at(all.periods, m));
      seats_.push_back(at(all.seats, m));
      num_rows_ += at(all.last_rows, m) + 1 - at(all.first_rows, m);
    }
    stores_.push_back({first, num_trajectories(), part.weight});
    begin = part.end;
  }
}

// A policy that is fitted to no decision at all is none.
void Dataset::check_labels() const {
  for (int64_t m = 0; m < num_trajectories(); ++m) {
    if (at(lengths_, m) > at(tensors_->exhausted, at(trajectories_, m))) return;
  }
  if (trajectories_.empty()) return;
  const std::vector<StorePart>& parts = tensors_->parts;
  throw Error(parts.front().path + (parts.size() > 1 ? " and the other stores" : "") + ": found " +
              std::to_string(num_trajectories()) +
              " trajectories to train on with 1 tick that counts each, expected at least 2 in some of them (the last "
              "one before a day's early end has no label; data.ticks=done gives it one)");
}

int64_t Dataset::store_of(int64_t trajectory) const {
  return to_signed(part_of(tensors_->parts, at(trajectories_, trajectory)));
}

const std::string& Dataset::store_path(int64_t trajectory) const {
  return at(tensors_->parts, store_of(trajectory)).path;
}

double Dataset::weight(int64_t trajectory) const { return weights_.empty() ? 1.0 : at(weights_, trajectory); }

void Dataset::weigh(const std::vector<double>& weights) {
  weights_ = weights;
  std::vector<float> by_place(tensors_->periods.size(), 1.0F);
  for (size_t i = 0; i < weights.size(); ++i) by_place[to_size(trajectories_[i])] = as_float(weights[i]);
  const int64_t count = std::ssize(by_place);
  weight_M1_ = take(std::move(by_place), {count, 1}, device());
}

c10::Device Dataset::device() const { return tensors_->device; }
int64_t Dataset::ticks() const { return tensors_->ticks; }
const std::vector<std::string>& Dataset::features() const { return tensors_->features; }
std::string Dataset::store_without_optima() const {
  for (const StorePart& part : tensors_->parts) {
    if (!part.labels) return part.path;
  }
  return {};
}
int64_t Dataset::first_row(int64_t trajectory) const { return at(tensors_->first_rows, at(trajectories_, trajectory)); }

at::Tensor Dataset::outcome_MO() const {
  return tensors_->outcome_MO.index_select(0, indices(trajectories_, device()));
}

at::Tensor Dataset::alphas(int64_t trajectory) const {
  const int64_t first = first_row(trajectory);
  return tensors_->actions_NA.slice(0, first, first + at(lengths_, trajectory)).flatten().to(at::kCPU, at::kDouble);
}

at::Tensor Dataset::labels(int64_t trajectory) const {
  const int64_t first = first_row(trajectory);
  const int64_t count = at(lengths_, trajectory) - at(tensors_->exhausted, at(trajectories_, trajectory));
  return tensors_->labels_NA.slice(0, first, first + count).flatten().to(at::kCPU, at::kDouble);
}

// By place: trajectory, first row, count, tick, last row, last row that counts, first row that has no label.
void Dataset::write_places(const std::vector<Window>& windows, int64_t* places) const {
  const Tensors& all = *tensors_;
  const int64_t rows = std::ssize(windows);
  for (int64_t b = 0; b < rows; ++b) {
    const Window& window = at(windows, b);
    const int64_t m = at(trajectories_, window.trajectory);
    const int64_t first = at(all.first_rows, m);
    const int64_t last_played = first + at(all.lengths, m) - 1;
    const int64_t no_label = at(all.exhausted, m) != 0 ? last_played : last_played + 1;
    const std::array<int64_t, to_size(kPlaces)> row = {
        m, first + window.start, window.count, window.start, at(all.last_rows, m), last_played, no_label};
    for (int64_t p = 0; p < kPlaces; ++p) places[p * rows + b] = at(row, p);
    if (all.scratch) all.fetch(first + window.start, window.count + 1);  // the tick behind it is read, too
  }
}

policy::Batch Dataset::batch(const std::vector<Window>& windows, int64_t padded_ticks) const {
  const at::Tensor places_PB = at::empty({kPlaces, std::ssize(windows)}, at::TensorOptions(at::kLong));
  write_places(windows, places_PB.mutable_data_ptr<int64_t>());
  return batch_at(places_PB.to(device()), padded_ticks);
}

at::Tensor Dataset::counts(const at::Tensor& places_PB) { return places_PB.select(0, 2); }

policy::Batch Dataset::batch_at(const at::Tensor& places_PB, int64_t padded_ticks) const {
  const Tensors& all = *tensors_;
  const auto place_B1 = [&](int64_t which) { return places_PB.select(0, which).unsqueeze(-1); };
  const at::Tensor trajectory_B = places_PB.select(0, 0);
  const at::Tensor count_B1 = place_B1(2);
  const at::Tensor offset_T = at::arange(padded_ticks, at::TensorOptions(at::kLong).device(device()));
  // Beyond a row's count the last real row is read again and masked: no padding value reaches a loss.
  const at::Tensor within_BT = at::minimum(offset_T, count_B1 - 1);
  const at::Tensor row_BT = place_B1(1) + within_BT;
  const at::Tensor flat = row_BT.flatten();
  const at::Tensor next_BT = at::minimum(row_BT + 1, place_B1(4));
  const auto shape = row_BT.sizes();
  const auto read = [&](const at::Tensor& columns_NX, const at::Tensor& from) {
    return columns_NX.index_select(0, from).view({shape[0], shape[1], -1});
  };

  policy::Batch batch;
  policy::Ticks& seen = batch.seen;
  seen.mask_BT = (offset_T < count_B1).to(at::kFloat);
  seen.states_BTS = read(all.states_NS, flat);
  seen.actions_BTA = read(all.actions_NA, flat);
  seen.ticks_BT = place_B1(3) + within_BT;
  const at::Tensor before_BTE = read(all.before_NE, flat);
  constexpr int64_t kOthers = kNumOutcomes - kNumAdditive;
  seen.before_BTO = at::constant_pad_nd(before_BTE, {0, kOthers});
  seen.constraint_BC = all.constraint_MC.index_select(0, trajectory_B);
  batch.next_states_BTS = read(all.states_NS, next_BT.flatten());
  batch.label_BTA = read(all.labels_NA, flat);
  batch.label_weight_BT = seen.mask_BT * (row_BT < place_B1(6)).to(at::kFloat);
  batch.goes_on_BT = seen.mask_BT * (row_BT < place_B1(5)).to(at::kFloat);
  batch.outcome_BO = all.outcome_MO.index_select(0, trajectory_B);
  const at::Tensor day_B1E = batch.outcome_BO.slice(1, 0, kNumAdditive).unsqueeze(1);
  const at::Tensor after_BTE =
      at::where((row_BT < place_B1(4)).unsqueeze(-1), read(all.before_NE, next_BT.flatten()), day_B1E);
  batch.gained_BTO = at::constant_pad_nd(after_BTE - before_BTE, {0, kOthers});
  batch.weight_B1 = weights(places_PB);
  return batch;
}

at::Tensor Dataset::weights(const at::Tensor& places_PB) const {
  return weight_M1_.defined() ? weight_M1_.index_select(0, places_PB.select(0, 0))
                              : at::ones({places_PB.size(1), 1}, tensors_->outcome_MO.options());
}

std::string Dataset::describe_action_outliers() const {
  LargeVector<float> actions{LargeAllocator<float>(tensors_->scratch)};
  actions.reserve(to_size(num_rows_));
  std::vector<int64_t> begins;  // of each trajectory among them
  const at::Tensor all_NA = tensors_->actions_NA.to(at::kCPU).contiguous();
  for (int64_t m = 0; m < num_trajectories(); ++m) {
    begins.push_back(std::ssize(actions));
    const int64_t first = first_row(m);
    const int64_t last = at(tensors_->last_rows, at(trajectories_, m));
    const float* const of_all = all_NA.const_data_ptr<float>();
    actions.insert(actions.end(), of_all + first, of_all + last + 1);
  }
  const data::ActionOutliers outliers = data::find_action_outliers(actions);
  if (outliers.count == 0) return {};
  const auto row = to_signed(outliers.first);
  const auto m = to_size(std::upper_bound(begins.begin(), begins.end(), row) - begins.begin() - 1);
  const std::string store = tensors_->parts.size() > 1 ? store_path(to_signed(m)) + ": " : "";
  return describe(outliers, store + "period " + std::to_string(periods_[m]) + ", advertiser " +
                                std::to_string(seats_[m]) + ", tick " + std::to_string(row - begins[m]));
}

policy::TrainingColumns Dataset::training_columns(int64_t most_rows) const {
  int64_t all_rows = 0;
  for (const int64_t length : lengths_) all_rows += length;
  // One of every k, at random: stores lie seat by seat, so every k-th would be of a few seats.
  const int64_t step = std::max<int64_t>((all_rows + most_rows - 1) / std::max<int64_t>(most_rows, 1), 1);
  const RandomStream stream(0, "train.fit");
  std::vector<int64_t> rows;
  std::vector<int64_t> labelled;
  std::vector<int64_t> owners;
  std::vector<int64_t> ticks_N;
  for (int64_t begin = 0; begin < num_trajectories(); begin += step) {
    const int64_t among = std::min(step, num_trajectories() - begin);
    const int64_t m = begin + static_cast<int64_t>(stream.bits(low_word(begin), high_word(begin), 0)[0]) % among;
    const int64_t place = at(trajectories_, m);
    const int64_t length = at(lengths_, m);
    for (int64_t t = 0; t < length; ++t) {
      rows.push_back(first_row(m) + t);
      owners.push_back(place);
      ticks_N.push_back(t);
      if (at(tensors_->exhausted, place) == 0 || t + 1 < length) labelled.push_back(rows.back());
    }
  }
  if (labelled.empty() && step > 1) return training_columns(all_rows);  // there are some: check_labels()
  const at::Tensor row_N = indices(std::move(rows), device());
  const at::Tensor owner_N = indices(std::move(owners), device());
  const Tensors& all = *tensors_;
  policy::TrainingColumns columns;
  columns.states_NS = all.states_NS.index_select(0, row_N);
  columns.actions_NA = all.actions_NA.index_select(0, row_N);
  columns.labels_NA = all.labels_NA.index_select(0, indices(std::move(labelled), device()));
  const at::Tensor before_NO =
      at::constant_pad_nd(all.before_NE.index_select(0, row_N), {0, kNumOutcomes - kNumAdditive});
  columns.to_go_NO = all.outcome_MO.index_select(0, owner_N) - before_NO;
  columns.ticks_N = indices(std::move(ticks_N), device());
  columns.constraint_NC = all.constraint_MC.index_select(0, owner_N);
  columns.outcome_MO = outcome_MO();
  return columns;
}

}  // namespace genbid::train
