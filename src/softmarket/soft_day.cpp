#include "softmarket/soft_day.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "bidding/outcomes.h"
#include "softmarket/expected_score.h"
#include "softmarket/observed_days.h"

namespace genbid::softmarket {
namespace {

// What a policy has seen of days and done in them, in the form in which it reads it.
class Histories {
 public:
  Histories(const policy::Policy& policy, const Cells& cells) : constraint_BC_(cells.constraint_BC) {
    window_ = policy.initial_carry(1).empty() ? policy.window() : policy.window_with_carry();
  }

  void see(const at::Tensor& states_BS, const at::Tensor& before_BO) {
    states_.push_back(states_BS);
    before_.push_back(before_BO);
  }
  void did(const at::Tensor& alpha_B1) { alphas_.push_back(alpha_B1); }  // the effective one

  // Up to the tick that was seen last.
  policy::Ticks last() const {
    const int64_t seen = std::ssize(states_);
    const int64_t known = std::min(seen, window_);
    const int64_t rows = constraint_BC_.size(0);
    policy::Ticks ticks;
    ticks.states_BTS = padded(states_, seen - known, known);
    ticks.before_BTO = padded(before_, seen - known, known);
    std::vector<at::Tensor> alphas(alphas_.begin() + (seen - known), alphas_.end());
    alphas.push_back(at::zeros({rows, 1}, constraint_BC_.options()));
    ticks.actions_BTA = padded(alphas, 0, known);
    const at::Tensor place_T = at::arange(window_, at::TensorOptions(at::kLong).device(constraint_BC_.device()));
    const at::Tensor there_T = place_T.lt(known);
    ticks.ticks_BT = ((place_T + (seen - known)) * there_T).expand({rows, window_});
    ticks.mask_BT = there_T.to(at::kFloat).expand({rows, window_});
    ticks.constraint_BC = constraint_BC_;
    return ticks;
  }
  at::Tensor states_BTS() const { return at::stack(states_, 1); }
  at::Tensor before_BTO() const { return at::stack(before_, 1); }
  at::Tensor actions_BT() const { return at::cat(alphas_, 1); }

 private:
  at::Tensor padded(const std::vector<at::Tensor>& ticks_BX, int64_t first, int64_t count) const {
    const std::vector<at::Tensor> part(ticks_BX.begin() + first, ticks_BX.begin() + first + count);
    const at::Tensor stacked_BTX = count == 1 ? part.front().unsqueeze(1) : at::stack(part, 1);
    return count == window_ ? stacked_BTX : at::constant_pad_nd(stacked_BTX, {0, 0, 0, window_ - count});
  }

  at::Tensor constraint_BC_;
  int64_t window_ = 0;
  std::vector<at::Tensor> states_, before_, alphas_;
};

// Of what a tick would cost, the share that there is money for.
at::Tensor affordable_B1(const at::Tensor& money_B1, const at::Tensor& cost_B1, const at::Tensor& budget_B1,
                         double softness) {
  // A cost of 0 can be paid, and has a gradient.
  const at::Tensor ratio_B1 = (money_B1 / (cost_B1 + 1e-6 * budget_B1)).clamp_max(10.0);
  const at::Tensor sharp_B1 = ratio_B1.clamp_max(1.0);
  if (softness <= 0.0) return sharp_B1;
  // 1 - softness softplus((1 - ratio) / softness), so written that a small share keeps its digits: no day spends more
  // than it has.
  const at::Tensor rounding_B1 = at::softplus((ratio_B1 - 1.0).abs() / -softness);
  return (sharp_B1 - softness * rounding_B1).clamp_min(0.0);
}

// Of a bid, what is left in the mean over all impressions: of those that it would have won and got shown, it loses what
// there is no money for. A tick without impressions has no bids.
at::Tensor kept_B1(const Offered& offered, const Bought& bought, const at::Tensor& share_B1) {
  const at::Tensor sum_pvalue_B1 = offered.num_pv_B1 * offered.mean_pvalue_B1;
  const at::Tensor won_B1 = bought.value_B1 / sum_pvalue_B1.clamp_min(1e-30);
  return (1.0 - (1.0 - share_B1) * won_B1) * sum_pvalue_B1.gt(0.0);
}

// Conversions that happen to come of expected ones. What is not a number has none, and is the caller's to find. Rows of
// a group share the arrivals of a Poisson process of rate 1, and each has those up to its expected number; what is
// expected beyond the first 32 is drawn apart.
at::Tensor drawn_B1(const at::Tensor& expected_B1, int64_t group, at::Generator& noise) {
  const at::Tensor mean_B1 = expected_B1.detach().nan_to_num(0.0).clamp_min(0.0);
  if (group == 1) return at::poisson(mean_B1, noise);
  constexpr double kShared = 32.0;
  constexpr int64_t kArrivals = 96;  // more come within 32 with a probability below 1e-18
  const at::Tensor arrivals_N1K =
      at::empty({mean_B1.size(0) / group, 1, kArrivals}, mean_B1.options()).exponential_(1.0, noise).cumsum(2);
  const at::Tensor shared_NG1 = mean_B1.clamp_max(kShared).view({-1, group, 1});
  const at::Tensor count_B1 = arrivals_N1K.le(shared_NG1).sum(2).view({-1, 1}).to(mean_B1.scalar_type());
  return count_B1 + at::poisson((mean_B1 - kShared).clamp_min(0.0), noise);
}

// bidding/outcomes.h, outcomes_before.
at::Tensor before_BO(const ObservedDays& days, const at::Tensor& constraint_BC, const DayOptions& options) {
  const at::Tensor budget_B1 = constraint_BC.slice(1, 0, 1);
  const at::Tensor limit_B1 = constraint_BC.slice(1, 1, 2);
  const at::Tensor par_B1 = budget_B1 / limit_B1;
  const at::Tensor& won_B1 = options.realised_reward ? days.conversions_B1() : days.expected_conversions_B1();
  std::vector<at::Tensor> columns(to_size(kNumOutcomes), at::zeros_like(budget_B1));
  const at::Tensor paid_B1 = (won_B1 * limit_B1 / days.cost_B1().clamp_min(1e-10)).clamp_max(1.0);
  const at::Tensor earned_B1 =
      options.realised_reward ? won_B1 * at::square(paid_B1) : expected_score(won_B1, days.cost_B1(), limit_B1);
  columns[index_of(Outcome::kReturn)] = earned_B1 / par_B1;
  columns[index_of(Outcome::kValue)] = won_B1 / par_B1;
  columns[index_of(Outcome::kBudgetUse)] = days.cost_B1() / budget_B1;
  return at::cat(columns, 1);
}

}  // namespace

at::Tensor same_wishes_BO(const Wishes& wishes, const at::Tensor& constraint_BC) {
  at::Tensor all_BO = at::zeros({constraint_BC.size(0), kNumOutcomes}, constraint_BC.options());
  for (const auto& [outcome, value] : wishes) all_BO.select(1, to_signed(index_of(outcome))).fill_(value);
  return all_BO;
}

at::Tensor asked_or_BO(const Cells& cells, const at::Tensor& other_BO) {
  if (!cells.asked_BO.defined()) return other_BO;
  return at::where(cells.asked_BO.isnan(), other_BO, cells.asked_BO);
}

Day play_day(policy::Policy& policy, const Wishes& wishes, const Tapes& tapes, const Cells& cells,
             const DayOptions& options, at::Generator& noise) {
  const at::Tensor budget_B1 = cells.constraint_BC.slice(1, 0, 1);
  const int64_t rows = budget_B1.size(0);
  const at::Tensor wishes_BO = asked_or_BO(cells, same_wishes_BO(wishes, cells.constraint_BC));
  ObservedDays days(options.feature_set, cells.constraint_BC, tapes.ticks());
  Histories histories(policy, cells);
  std::vector<at::Tensor> carry = policy.initial_carry(rows);
  at::Tensor money_B1 = budget_B1;
  std::vector<at::Tensor> alphas, costs, values, conversions, choices;
  const int64_t noise_size = options.sampled ? policy.choice_size().numbers : policy.noise_size();
  for (int64_t tick = 0; tick < tapes.ticks(); ++tick) {
    const Offered offered = tapes.offered(cells.day_B, tick);
    histories.see(days.states_BS(offered.num_pv_B1, offered.mean_pvalue_B1, money_B1),
                  before_BO(days, cells.constraint_BC, options));
    const at::Tensor noise_BN = at::randn({rows, noise_size}, noise, budget_B1.options());
    policy::Action action = policy.act(histories.last(), wishes_BO, noise_BN, carry);
    if (action.coefficients_BA.size(1) != 1) {
      throw Error("a policy of " + std::to_string(action.coefficients_BA.size(1)) +
                  " bid coefficients: a tape knows what bids of one coefficient bring");
    }
    carry = std::move(action.carry);
    if (action.choice_BX.defined()) choices.push_back(action.choice_BX);
    alphas.push_back(action.coefficients_BA);
    const at::Tensor& alpha_B1 = alphas.back();
    const Bought bought = tapes.bought(cells.day_B, tick, alpha_B1);
    const at::Tensor share_B1 = affordable_B1(money_B1, bought.cost_B1, budget_B1, options.softness);
    ObservedTick seen;
    seen.cost = bought.cost_B1 * share_B1;
    seen.expected_conversions = bought.value_B1 * share_B1;
    seen.conversions = options.drawn_conversions ? drawn_B1(seen.expected_conversions, options.group, noise)
                                                 : seen.expected_conversions;
    const at::Tensor num_pv_B1 = offered.num_pv_B1.clamp_min(1.0);
    const at::Tensor effective_B1 = alpha_B1 * kept_B1(offered, bought, share_B1);
    histories.did(effective_B1);
    seen.bid = effective_B1 * offered.mean_pvalue_B1;
    seen.least_winning_cost = offered.price_B1;
    seen.pvalue = offered.mean_pvalue_B1;
    seen.conversion = seen.conversions / num_pv_B1;
    seen.win = bought.slots_B1 * share_B1 / num_pv_B1;
    seen.num_pv = offered.num_pv_B1;
    days.append(seen);
    money_B1 = (money_B1 - seen.cost).clamp_min(0.0);
    costs.push_back(seen.cost);
    values.push_back(seen.expected_conversions);
    conversions.push_back(seen.conversions);
  }
  Day day;
  day.value_B = days.expected_conversions_B1().squeeze(1);
  day.cost_B = days.cost_B1().squeeze(1);
  day.score_B = expected_score(day.value_B, day.cost_B, cells.constraint_BC.select(1, 1));
  day.alphas_BT = at::cat(alphas, 1);
  day.actions_BT = histories.actions_BT();
  day.states_BTS = histories.states_BTS();
  day.before_BTO = histories.before_BTO();
  day.costs_BT = at::cat(costs, 1);
  day.values_BT = at::cat(values, 1);
  day.conversions_BT = at::cat(conversions, 1);
  if (!choices.empty()) day.choices_BTX = at::stack(choices, 1);
  return day;
}

}  // namespace genbid::softmarket
