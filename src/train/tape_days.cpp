#include "train/tape_days.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "bidding/advertiser.h"
#include "bidding/outcomes.h"
#include "softmarket/players.h"
#include "train/device.h"

// K steps that are drawn ahead, B cells, C = 2 constraint values, T ticks, S features, O outcomes, N rows.

namespace genbid::train {
namespace {

constexpr int64_t kMostStepsAhead = 64;
constexpr int64_t kCellsAtOnce = 1024;

softmarket::Cells cells_of(const std::vector<TapeDay>& days, const std::vector<int64_t>& chosen, c10::Device device) {
  std::vector<float> constraint;
  for (const int64_t day : chosen) {
    constraint.push_back(as_float(at(days, day).budget));
    constraint.push_back(as_float(at(days, day).cpa_limit));
  }
  return {at::tensor(chosen, at::kLong).to(device), at::tensor(constraint).view({-1, 2}).to(device)};
}

}  // namespace

double FactorRange::draw(uint32_t bits) const { return low * std::pow(high / low, uniform_double(bits)); }

const std::vector<std::string>& campaign_names() {
  static const std::vector<std::string> names = {"own", "any"};
  return names;
}

Campaigns parse_campaigns(const std::string& name) {
  const auto& names = campaign_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw Error("campaigns: found '" + name + "', expected own or any");
  return static_cast<Campaigns>(found - names.begin());
}

std::vector<TapeDay> days_of(const data::TapeColumns& columns) {
  std::vector<TapeDay> days;
  for (int64_t i = 0; i < columns.num_days(); ++i) {
    days.push_back({at(columns.period, i), at(columns.seat, i), at(columns.budget, i), at(columns.cpa_limit, i)});
  }
  return days;
}

TapeDays::TapeDays(const softmarket::Tapes& tapes, const std::vector<TapeDay>& days, std::vector<int64_t> chosen,
                   const TapeDaysOptions& options, int64_t batch_size, int64_t parts, int64_t seed)
    : tapes_(tapes),
      days_(days),
      chosen_(std::move(chosen)),
      options_(options),
      batch_size_(batch_size),
      parts_(std::clamp<int64_t>(parts, 1, batch_size)),
      stream_(static_cast<uint64_t>(seed), "train.tapes") {
  double par = 0.0;
  for (const int64_t day : chosen_) par += at(days_, day).budget / at(days_, day).cpa_limit;
  mean_par_ = par / as_double(chosen_.size());
  const auto device = tapes_.device();
  ahead_day_KB_ = at::zeros({kMostStepsAhead, batch_size}, at::TensorOptions(at::kLong).device(device));
  ahead_constraint_KBC_ = at::zeros({kMostStepsAhead, batch_size, 2}, at::TensorOptions(at::kFloat).device(device));
  if (!options_.asked.empty()) {
    ahead_asked_KBO_ = at::zeros({kMostStepsAhead, batch_size, kNumOutcomes}, ahead_constraint_KBC_.options());
  }
  for (size_t part = 0; part < num_parts(); ++part) {
    weights_.push_back(
        at::full({}, as_double(cells_in(part)) / as_double(batch_size_), ahead_constraint_KBC_.options()));
  }
}

int64_t TapeDays::cells_in(size_t part) const {
  return (to_signed(part) + 1) * batch_size_ / parts_ - to_signed(part) * batch_size_ / parts_;
}

TapeDays::Drawn TapeDays::drawn(int64_t step, int64_t slot) const {
  const auto a = static_cast<uint32_t>(step);
  const auto b = static_cast<uint32_t>(step >> 32);
  const auto c = static_cast<uint32_t>(slot);
  const std::array<uint32_t, 4> places = stream_.bits(a, b, c, 0);
  const std::array<uint32_t, 4> factors = stream_.bits(a, b, c, 1);
  const auto one_of = [&](uint32_t bits) {
    return at(chosen_, static_cast<int64_t>(uniform_double(bits) * as_double(chosen_.size())));
  };
  const int64_t day = one_of(places[0]);
  const TapeDay& campaign = at(days_, options_.campaigns == Campaigns::kAny ? one_of(places[1]) : day);
  Drawn drawn{day,
              as_float(campaign.budget * options_.budget_scale.draw(factors[0])),
              as_float(campaign.cpa_limit * options_.cpa_scale.draw(factors[1])),
              {}};
  drawn.asked.fill(std::numeric_limits<float>::quiet_NaN());
  for (const auto& [outcome, range] : options_.asked) {
    const auto place = static_cast<uint32_t>(index_of(outcome));
    const double share = uniform_double(stream_.bits(a, b, c, 3 + place)[0]);
    drawn.asked[index_of(outcome)] = as_float(range.low + share * (range.high - range.low));
  }
  return drawn;
}

int64_t TapeDays::draw(int64_t first, int64_t most) {
  const int64_t steps = std::min(most, kMostStepsAhead);
  const bool pinned = !device().is_cpu();
  const at::Tensor day_KB = at::empty({steps, batch_size_}, at::TensorOptions(at::kLong).pinned_memory(pinned));
  const at::Tensor constraint_KBC =
      at::empty({steps, batch_size_, 2}, at::TensorOptions(at::kFloat).pinned_memory(pinned));
  const bool asks = ahead_asked_KBO_.defined();
  const at::Tensor asked_KBO =
      at::empty({asks ? steps : 0, batch_size_, kNumOutcomes}, at::TensorOptions(at::kFloat).pinned_memory(pinned));
  auto* asked = asked_KBO.mutable_data_ptr<float>();
  auto* day = day_KB.mutable_data_ptr<int64_t>();
  auto* constraint = constraint_KBC.mutable_data_ptr<float>();
  for (int64_t k = 0; k < steps; ++k) {
    for (int64_t slot = 0; slot < batch_size_; ++slot) {
      const Drawn one = drawn(first + k, slot);
      *day++ = one.day;
      *constraint++ = one.budget;
      *constraint++ = one.cpa_limit;
      if (asks) asked = std::copy(one.asked.begin(), one.asked.end(), asked);
    }
  }
  ahead_day_KB_.slice(0, 0, steps).copy_(day_KB, /*non_blocking=*/true);
  ahead_constraint_KBC_.slice(0, 0, steps).copy_(constraint_KBC, /*non_blocking=*/true);
  if (asks) ahead_asked_KBO_.slice(0, 0, steps).copy_(asked_KBO, /*non_blocking=*/true);
  return steps;
}

void TapeDays::gather(const at::Tensor& place_1) {
  cells_.day_B = ahead_day_KB_.index_select(0, place_1).squeeze(0);
  cells_.constraint_BC = ahead_constraint_KBC_.index_select(0, place_1).squeeze(0);
  if (ahead_asked_KBO_.defined()) cells_.asked_BO = ahead_asked_KBO_.index_select(0, place_1).squeeze(0);
}

softmarket::Cells TapeDays::cells_of_part(size_t part) const {
  const int64_t begin = to_signed(part) * batch_size_ / parts_;
  const int64_t end = begin + cells_in(part);
  return {cells_.day_B.slice(0, begin, end), cells_.constraint_BC.slice(0, begin, end),
          cells_.asked_BO.defined() ? cells_.asked_BO.slice(0, begin, end) : at::Tensor()};
}

softmarket::Day TapeDays::played(policy::Policy& policy, const softmarket::Cells& cells, at::Generator& noise) const {
  return softmarket::play_day(policy, wishes_, tapes_, cells, options_.day, noise);
}

std::vector<policy::LossPart> TapeDays::losses(const policy::Step& step, policy::Policy& policy, size_t /*group*/,
                                               size_t part) {
  const softmarket::Cells cells = cells_of_part(part);
  const softmarket::Day day = played(policy, cells, step.noise);
  std::vector<policy::LossPart> losses = {{"market", earned_B(cells, day).mean() / -mean_par_}};
  if (options_.cost_penalty > 0.0) {
    const at::Tensor paid_B = day.cost_B / cells.constraint_BC.select(1, 1);
    losses.push_back({"cost", paid_B.mean() * (options_.cost_penalty / mean_par_)});
  }
  if (options_.cpa_penalty > 0.0) {
    losses.push_back({"cpa", excess_B(cells, day).mean() * (options_.cpa_penalty / mean_par_)});
  }
  return losses;
}

at::Tensor TapeDays::earned_B(const softmarket::Cells& cells, const softmarket::Day& day) const {
  if (!options_.score_of_expected) return day.score_B;
  const at::Tensor needed_B = (day.cost_B / cells.constraint_BC.select(1, 1)).clamp_min(1e-10);
  return day.value_B * at::square((day.value_B / needed_B).clamp_max(1.0));
}

at::Tensor TapeDays::excess_B(const softmarket::Cells& cells, const softmarket::Day& day) const {
  const at::Tensor budget_B = cells.constraint_BC.select(1, 0);
  const at::Tensor limit_B = cells.constraint_BC.select(1, 1);
  // A day that won next to nothing exceeds the limit by no more than one that won a hundredth of par.
  const at::Tensor paid_B = limit_B * day.value_B + 0.01 * budget_B;
  return ((day.cost_B - limit_B * day.value_B) / paid_B).clamp_min(0.0) * budget_B / limit_B;
}

at::Tensor TapeDays::asked_alpha_B1(const softmarket::Cells& cells) const {
  return at::full_like(cells.constraint_BC.slice(1, 0, 1), std::numeric_limits<double>::quiet_NaN());
}

policy::TrainingColumns TapeDays::training_columns() const {
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> rows;
  std::vector<float> constraint;
  std::vector<float> factors;
  std::vector<OutcomeValues> asked;
  for (int64_t i = 0; i < kCellsAtOnce; ++i) {
    const Drawn one = drawn(-1, i);
    rows.push_back(one.day);
    constraint.push_back(one.budget);
    constraint.push_back(one.cpa_limit);
    asked.push_back(one.asked);
    factors.push_back(as_float(FactorRange{0.5, 1.6}.draw(stream_.bits(0, 0, static_cast<uint32_t>(i), 2)[0])));
  }
  softmarket::Cells cells{at::tensor(rows, at::kLong).to(device()), at::tensor(constraint).view({-1, 2}).to(device())};
  at::Tensor factor_B1 = at::tensor(factors).view({-1, 1}).to(device());
  if (!options_.asked.empty()) {
    cells.asked_BO = at::from_blob(asked.data(), {kCellsAtOnce, kNumOutcomes}, at::kFloat).clone().to(device());
    const at::Tensor alpha_B1 = asked_alpha_B1(cells);
    factor_B1 = at::where(alpha_B1.isnan(), factor_B1, alpha_B1 / cells.constraint_BC.slice(1, 1, 2));
  }
  softmarket::ConstantBids bids(factor_B1);
  at::Generator noise = generator_on(device(), 1);
  const softmarket::Day day = softmarket::play_day(bids, {}, tapes_, cells, options_.day, noise);

  std::vector<OutcomeValues> outcomes;
  const at::Tensor totals_B3 = at::stack({day.value_B, day.cost_B, day.score_B}, 1).cpu();
  const auto totals = totals_B3.accessor<float, 2>();
  for (int64_t i = 0; i < kCellsAtOnce; ++i) {
    outcomes.push_back(
        outcomes_of({at(constraint, 2 * i), at(constraint, 2 * i + 1), totals[i][0], totals[i][1], totals[i][2], {}}));
  }
  policy::TrainingColumns columns;
  const at::Tensor came_MO = at::from_blob(outcomes.data(), {kCellsAtOnce, kNumOutcomes}, at::kFloat).to(device());
  columns.outcome_MO = softmarket::asked_or_BO(cells, came_MO).clone();
  const int64_t ticks = tapes_.ticks();
  policy::Ticks seen;
  seen.before_BTO = day.before_BTO;
  // Ticks in which a seat has the money to bid, of those that follow the first.
  const at::Tensor left_BT = day.states_BTS.select(2, kFeatureBudgetLeft) * cells.constraint_BC.slice(1, 0, 1);
  const at::Tensor live_BT = left_BT.ge(kMinRemainingBudget);
  live_BT.select(1, 0).fill_(true);
  const at::Tensor live_N = live_BT.flatten().nonzero().squeeze(1);
  const auto live = [&](const at::Tensor& x_BTX) { return x_BTX.flatten(0, 1).index_select(0, live_N); };
  columns.states_NS = live(day.states_BTS);
  columns.actions_NA = live(day.actions_BT.unsqueeze(2));
  columns.labels_NA = live(day.alphas_BT.unsqueeze(2));
  columns.to_go_NO = live(policy::to_go_BTO(seen, columns.outcome_MO));
  columns.ticks_N = live(at::arange(ticks, at::kLong).to(device()).expand({kCellsAtOnce, ticks}));
  columns.constraint_NC = live(cells.constraint_BC.unsqueeze(1).expand({kCellsAtOnce, ticks, 2}));
  return columns;
}

std::map<int64_t, double> tape_scores(policy::Policy& policy, const softmarket::Tapes& tapes,
                                      const std::vector<TapeDay>& days, const std::vector<int64_t>& chosen,
                                      const softmarket::DayOptions& options, Ranks& ranks) {
  const torch::NoGradGuard no_grad;
  const bool was_training = policy.is_training();
  policy.eval();
  const Wishes wishes = policy.wishes();
  std::map<int64_t, std::array<double, 2>> sums;  // of scores, and how many
  for (const int64_t one : chosen) sums[at(days, one).period] = {};
  int64_t place = 0;
  for (int64_t begin = 0; begin < std::ssize(chosen) && !stop_signal::requested(); begin += kCellsAtOnce, ++place) {
    if (place % ranks.size() != ranks.rank()) continue;
    const int64_t end = std::min<int64_t>(begin + kCellsAtOnce, std::ssize(chosen));
    at::Generator noise = generator_on(tapes.device(), static_cast<uint64_t>(place) + 1);
    const std::vector<int64_t> part(chosen.begin() + begin, chosen.begin() + end);
    const softmarket::Day day =
        softmarket::play_day(policy, wishes, tapes, cells_of(days, part, tapes.device()), options, noise);
    const at::Tensor scores = day.score_B.cpu();
    for (int64_t i = 0; i < end - begin; ++i) {
      const int64_t period = at(days, at(part, i)).period;
      sums[period][0] += as_double(scores.const_data_ptr<float>()[i]);
      sums[period][1] += 1.0;
    }
  }
  policy.train(was_training);
  if (ranks.any(stop_signal::requested())) return {};
  std::map<int64_t, double> means;
  for (auto& [period, sum] : sums) {
    ranks.sum(at::from_blob(sum.data(), {2}, at::kDouble));
    means[period] = sum[0] / sum[1];
  }
  return means;
}

}  // namespace genbid::train
