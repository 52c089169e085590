#include "models/grm/controller.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <functional>

namespace genbid::models::grm {
namespace {

constexpr int kHalvings = 30;           // of a range of a few powers of e: to the last places of a float
constexpr double kScorePatience = 1.5;  // a further conversion against the average one
constexpr double kBeside = 1e-3;        // of log alpha: where a rise is measured
constexpr double kLeastRise = 1e-12;    // no gradients of what does not rise

using CurveValue = at::Tensor (*)(const Curves& curves, const at::Tensor& level);

at::Tensor total_BY(const std::vector<Ahead>& ahead, const at::Tensor& alpha_B1, CurveValue value) {
  at::Tensor sum_BY;
  for (const Ahead& part : ahead) {
    const at::Tensor one_BY = value(part.curves, alpha_B1 * part.level_B1) * part.brought_unit_BY;
    sum_BY = sum_BY.defined() ? sum_BY + one_BY : one_BY;
  }
  return sum_BY;
}

// A day to its end at an alpha, by the curves.
class Day {
 public:
  Day(const std::vector<Ahead>& ahead, const Standing& standing, Attitude attitude, const at::Tensor& log_alpha_B1)
      : standing_(standing), strict_(attitude == Attitude::kStrict) {
    const at::Tensor alpha_B1 = log_alpha_B1.exp();
    const at::Tensor ahead_BY = total_BY(ahead, alpha_B1, brought);
    const at::Tensor more_BY = total_BY(ahead, alpha_B1, brought_more);
    cost_B1_ = standing.cost_B1 + ahead_BY.slice(1, 0, 1);
    won_B1_ = standing.won_B1 + ahead_BY.slice(1, 1, 2);
    more_cost_B1_ = more_BY.slice(1, 0, 1);
    more_won_B1_ = more_BY.slice(1, 1, 2);
  }

  // How far it is beyond what is allowed, below 0 within: of money, and of money for what is won.
  at::Tensor over_budget_B1() const { return cost_B1_ - standing_.budget_B1; }
  at::Tensor over_limit_B1() const { return cost_B1_ - standing_.limit_B1 * won_B1_; }
  // And of the price of a further conversion. Below 0 it takes a day that is beyond the limit nearer to it, or is worth
  // being farther beyond it.
  at::Tensor over_worth_B1() const {
    if (strict_) return more_cost_B1_ - standing_.limit_B1 * more_won_B1_;
    return more_cost_B1_ * won_B1_ - kScorePatience * cost_B1_ * more_won_B1_;
  }
  at::Tensor higher_B1() const {
    return over_budget_B1().le(0).logical_and(over_limit_B1().le(0).logical_or(over_worth_B1().lt(0)));
  }

 private:
  Standing standing_;
  bool strict_;
  at::Tensor cost_B1_;
  at::Tensor won_B1_;
  at::Tensor more_cost_B1_;
  at::Tensor more_won_B1_;
};

// The logarithm of an alpha that solves "over = 0" for one of the three, with the gradients that it then has: those of
// -over / (d over / d log alpha).
at::Tensor with_gradients_B1(const at::Tensor& log_alpha_B1, const std::function<Day(const at::Tensor&)>& day_at) {
  const Day here = day_at(log_alpha_B1);
  at::Tensor bound_B1, over_budget_B1, over_limit_B1, rise_budget_B1, rise_limit_B1, rise_worth_B1;
  {
    const torch::NoGradGuard no_grad;
    const Day below = day_at(log_alpha_B1 - kBeside);
    const Day above = day_at(log_alpha_B1 + kBeside);
    bound_B1 = below.higher_B1().logical_and(above.higher_B1().logical_not());
    over_budget_B1 = above.over_budget_B1().gt(0);
    over_limit_B1 = below.over_limit_B1().gt(0);
    const auto rise = [](const at::Tensor& from_B1, const at::Tensor& to_B1) {
      return ((to_B1 - from_B1) / (2.0 * kBeside)).clamp_min(kLeastRise);
    };
    rise_budget_B1 = rise(below.over_budget_B1(), above.over_budget_B1());
    rise_limit_B1 = rise(below.over_limit_B1(), above.over_limit_B1());
    rise_worth_B1 = rise(below.over_worth_B1(), above.over_worth_B1());
  }
  const at::Tensor step_B1 =
      at::where(over_budget_B1, here.over_budget_B1() / rise_budget_B1,
                at::where(over_limit_B1, here.over_worth_B1() / rise_worth_B1, here.over_limit_B1() / rise_limit_B1));
  return log_alpha_B1 - at::where(bound_B1, step_B1 - step_B1.detach(), at::zeros_like(step_B1));
}

}  // namespace

const std::vector<std::string>& attitude_names() {
  static const std::vector<std::string> names = {"score", "strict"};
  return names;
}

Attitude parse_attitude(const std::string& name) { return name == "strict" ? Attitude::kStrict : Attitude::kScore; }

at::Tensor alpha_for(const std::vector<Ahead>& ahead, const Standing& standing, Attitude attitude,
                     const at::Tensor& least, const at::Tensor& most) {
  const auto day_at = [&](const at::Tensor& log_alpha_B1) { return Day(ahead, standing, attitude, log_alpha_B1); };
  at::Tensor low_B1 = least.log().expand_as(standing.cost_B1);
  at::Tensor high_B1 = most.log().expand_as(standing.cost_B1);
  {
    const torch::NoGradGuard no_grad;
    for (int i = 0; i < kHalvings; ++i) {
      const at::Tensor middle_B1 = 0.5 * (low_B1 + high_B1);
      const at::Tensor higher_B1 = day_at(middle_B1).higher_B1();
      low_B1 = at::where(higher_B1, middle_B1, low_B1);
      high_B1 = at::where(higher_B1, high_B1, middle_B1);
    }
  }
  const at::Tensor log_alpha_B1 = 0.5 * (low_B1 + high_B1);
  return (at::GradMode::is_enabled() ? with_gradients_B1(log_alpha_B1, day_at) : log_alpha_B1).exp();
}

}  // namespace genbid::models::grm
