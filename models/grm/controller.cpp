#include "models/grm/controller.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>

namespace genbid::models::grm {
namespace {

constexpr int kHalvings = 30;           // of a range of a few powers of e: to the last places of a float
constexpr double kScorePatience = 1.5;  // a further conversion against the average one

// The end of the days in which a rule says "higher", from below.
at::Tensor last_where(const std::function<at::Tensor(const at::Tensor&)>& higher, const at::Tensor& least_B1,
                      const at::Tensor& most_B1) {
  at::Tensor low_B1 = least_B1.log();
  at::Tensor high_B1 = most_B1.log();
  for (int i = 0; i < kHalvings; ++i) {
    const at::Tensor middle_B1 = 0.5 * (low_B1 + high_B1);
    const at::Tensor higher_B1 = higher(middle_B1.exp());
    low_B1 = at::where(higher_B1, middle_B1, low_B1);
    high_B1 = at::where(higher_B1, high_B1, middle_B1);
  }
  return (0.5 * (low_B1 + high_B1)).exp();
}

using CurveValue = at::Tensor (*)(const Curves& curves, const at::Tensor& level);

at::Tensor total_BY(const std::vector<Ahead>& ahead, const at::Tensor& alpha_B1, CurveValue value) {
  at::Tensor sum_BY;
  for (const Ahead& part : ahead) {
    const at::Tensor one_BY = value(part.curves, alpha_B1 * part.level_B1) * part.brought_unit_BY;
    sum_BY = sum_BY.defined() ? sum_BY + one_BY : one_BY;
  }
  return sum_BY;
}

}  // namespace

const std::vector<std::string>& attitude_names() {
  static const std::vector<std::string> names = {"score", "strict"};
  return names;
}

Attitude parse_attitude(const std::string& name) { return name == "strict" ? Attitude::kStrict : Attitude::kScore; }

at::Tensor alpha_for(const std::vector<Ahead>& ahead, const Standing& standing, Attitude attitude,
                     const at::Tensor& least, const at::Tensor& most) {
  const at::Tensor before_BY = at::cat({standing.cost_B1, standing.won_B1}, 1);
  const auto higher = [&](const at::Tensor& alpha_B1) {
    const at::Tensor day_BY = before_BY + total_BY(ahead, alpha_B1, brought);
    const at::Tensor more_BY = total_BY(ahead, alpha_B1, brought_more);
    const at::Tensor cost_B1 = day_BY.slice(1, 0, 1);
    const at::Tensor won_B1 = day_BY.slice(1, 1, 2);
    const at::Tensor more_cost_B1 = more_BY.slice(1, 0, 1);
    const at::Tensor more_won_B1 = more_BY.slice(1, 1, 2);
    const at::Tensor kept_B1 = cost_B1 <= standing.limit_B1 * won_B1;
    // A cheap conversion takes a day that is beyond the limit nearer to it.
    const at::Tensor worth_B1 = attitude == Attitude::kStrict
                                    ? more_cost_B1 < standing.limit_B1 * more_won_B1
                                    : more_cost_B1 * won_B1 < kScorePatience * cost_B1 * more_won_B1;
    return cost_B1.le(standing.budget_B1).logical_and(kept_B1.logical_or(worth_B1));
  };
  return last_where(higher, least.expand_as(standing.cost_B1), most.expand_as(standing.cost_B1));
}

}  // namespace genbid::models::grm
