#include "train/taught_days.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <limits>
#include <utility>

#include "base/convert.h"
#include "bidding/advertiser.h"
#include "bidding/state_features.h"
#include "bidding/outcomes.h"
#include "train/objective.h"

// B days, T ticks, N windows of W ticks, O outcomes, E additive ones.

namespace genbid::train {
namespace {

constexpr double kHighestCpa = 10.0;  // bidding/outcomes.h

at::Tensor outcome_BO(const softmarket::Cells& cells, const softmarket::Day& day) {
  const at::Tensor budget_B = cells.constraint_BC.select(1, 0);
  const at::Tensor limit_B = cells.constraint_BC.select(1, 1);
  const at::Tensor par_B = budget_B / limit_B;
  const at::Tensor cpa_B = (day.cost_B / (day.value_B + 1e-10) / limit_B).clamp_max(kHighestCpa);
  return at::stack(
      {day.score_B / par_B, day.value_B / par_B, day.cost_B / budget_B, at::where(day.cost_B > 0.0, cpa_B, 1.0),
       at::full_like(par_B, std::numeric_limits<double>::quiet_NaN())},
      1);
}

}  // namespace

TaughtDays::TaughtDays(const softmarket::Tapes& tapes, const std::vector<TapeDay>& days, std::vector<int64_t> chosen,
                       const TapeDaysOptions& options, int64_t batch_size, int64_t parts, int64_t seed)
    : TapeDays(tapes, days, std::move(chosen), options, batch_size, parts, seed), teacher_(tapes) {}

at::Tensor TaughtDays::asked_alpha_B1(const softmarket::Cells& cells) const {
  const at::Tensor none_B1 = at::zeros_like(cells.constraint_BC.slice(1, 0, 1));
  return teacher_.label_B1(cells, 0, none_B1, none_B1);
}

void TaughtDays::gather(const at::Tensor& place_1) {
  TapeDays::gather(place_1);
  batches_.assign(num_parts(), {});
}

std::vector<policy::LossPart> TaughtDays::losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                                 size_t part) {
  policy::Batch& batch = batches_[part];
  if (!batch.weight_B1.defined()) {
    const torch::NoGradGuard no_grad;
    const softmarket::Cells cells = cells_of_part(part);
    const softmarket::Day day = played(policy, cells, step.noise);
    policy::Batch days = batch_of(cells, day, teacher_.labels_BT(cells, day));
    // The labels are what brings what was asked, whatever came.
    days.outcome_BO = softmarket::asked_or_BO(cells, days.outcome_BO);
    batch = rows_for(policy, days);
  }
  return policy.losses(step, group, batch);
}

policy::Batch batch_of(const softmarket::Cells& cells, const softmarket::Day& day, const at::Tensor& labels_BT) {
  const int64_t rows = cells.constraint_BC.size(0);
  const int64_t ticks = labels_BT.size(1);
  const auto next = [&](const at::Tensor& x_BTX) {  // the last tick repeats its own
    return at::cat({x_BTX.slice(1, 1), x_BTX.slice(1, ticks - 1)}, 1);
  };
  policy::Batch batch;
  policy::Ticks& seen = batch.seen;
  seen.states_BTS = day.states_BTS;
  seen.actions_BTA = day.actions_BT.unsqueeze(2);
  seen.before_BTO = day.before_BTO;
  seen.ticks_BT = at::arange(ticks, cells.day_B.options()).expand({rows, ticks});
  const at::Tensor money_BT = day.states_BTS.select(2, kFeatureBudgetLeft) * cells.constraint_BC.slice(1, 0, 1);
  seen.mask_BT = money_BT.ge(kMinRemainingBudget).to(at::kFloat);
  seen.constraint_BC = cells.constraint_BC;
  batch.next_states_BTS = next(day.states_BTS);
  batch.label_BTA = labels_BT.nan_to_num().unsqueeze(2);
  batch.label_weight_BT = seen.mask_BT * labels_BT.isnan().logical_not();
  const at::Tensor last_T = at::arange(ticks, cells.day_B.options()).lt(ticks - 1);
  batch.goes_on_BT = next(seen.mask_BT) * last_T;
  batch.outcome_BO = outcome_BO(cells, day);
  const at::Tensor additive_O = at::arange(kNumOutcomes, cells.day_B.options()).lt(kNumAdditive);
  const at::Tensor after_BTO = at::cat({day.before_BTO.slice(1, 1), batch.outcome_BO.nan_to_num().unsqueeze(1)}, 1);
  batch.gained_BTO = (after_BTO - day.before_BTO) * additive_O;
  batch.weight_B1 = at::ones({rows, 1}, cells.constraint_BC.options());
  return batch;
}

policy::Batch rows_for(const policy::Policy& policy, const policy::Batch& days) {
  const int64_t ticks = days.label_BTA.size(1);
  const int64_t window = training_ticks(policy, ticks);
  if (window == ticks) return days;
  const int64_t num = (ticks + window - 1) / window;
  const at::Tensor tick_NW = at::arange(num * window, days.seen.ticks_BT.options());
  const at::Tensor from_NW = tick_NW.clamp_max(ticks - 1);
  const at::Tensor there_NW = tick_NW.lt(ticks).to(at::kFloat);
  // B T ... becomes B N x W ...: beyond the day its last tick is read again and masked.
  const auto cut = [&](const at::Tensor& x_BTX) {
    return x_BTX.index_select(1, from_NW).unflatten(1, {num, window}).flatten(0, 1);
  };
  const auto masked = [&](const at::Tensor& x_BT) {
    return (x_BT.index_select(1, from_NW) * there_NW).unflatten(1, {num, window}).flatten(0, 1);
  };
  const auto repeated = [&](const at::Tensor& x_BX) { return x_BX.repeat_interleave(num, 0); };
  policy::Batch rows;
  rows.seen.states_BTS = cut(days.seen.states_BTS);
  rows.seen.actions_BTA = cut(days.seen.actions_BTA);
  rows.seen.before_BTO = cut(days.seen.before_BTO);
  rows.seen.ticks_BT = cut(days.seen.ticks_BT);
  rows.seen.mask_BT = masked(days.seen.mask_BT);
  rows.seen.constraint_BC = repeated(days.seen.constraint_BC);
  rows.next_states_BTS = cut(days.next_states_BTS);
  rows.label_BTA = cut(days.label_BTA);
  rows.label_weight_BT = masked(days.label_weight_BT);
  rows.goes_on_BT = masked(days.goes_on_BT);
  rows.outcome_BO = repeated(days.outcome_BO);
  rows.gained_BTO = cut(days.gained_BTO);
  rows.weight_B1 = repeated(days.weight_B1);
  return rows;
}

}  // namespace genbid::train
