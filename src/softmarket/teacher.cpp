#include "softmarket/teacher.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

#include "base/convert.h"
#include "bidding/outcomes.h"
#include "softmarket/expected_score.h"

// P places between and at knots, W places near the best one.

namespace genbid::softmarket {
namespace {

constexpr int64_t kNear = 8;  // places on either side of the best by the score of the expectation

// Knots and kParts - 1 places between each two of them, along the last dimension.
at::Tensor between_knots(const at::Tensor& curve_NK) {
  const int64_t places = (curve_NK.size(1) - 1) * Teacher::kParts + 1;
  return at::upsample_linear1d(curve_NK.unsqueeze(1), {places}, /*align_corners=*/true).squeeze(1);
}

}  // namespace

Teacher::Teacher(const Tapes& tapes) : tapes_(tapes) {
  const torch::NoGradGuard no_grad;
  const at::Tensor curves_MTK2 = tapes.values_and_costs_MTK2();
  const at::Tensor rest_MTK2 = curves_MTK2.flip({1}).cumsum(1).flip({1});
  rest_ = rest_MTK2.transpose(2, 3).flatten(0, 1).contiguous();
}

at::Tensor Teacher::labels_BT(const Cells& cells, const Day& day) const {
  const torch::NoGradGuard no_grad;
  const int64_t rows = cells.day_B.size(0);
  const int64_t ticks = tapes_.ticks();
  const auto of_cell = [&](const at::Tensor& x_B) { return x_B.unsqueeze(1).expand({rows, ticks}).reshape({-1, 1}); };
  const auto before = [&](const at::Tensor& x_BT) {
    const at::Tensor sum_BT = x_BT.detach().cumsum(1).slice(1, 0, ticks - 1);
    return at::cat({at::zeros({rows, 1}, x_BT.options()), sum_BT}, 1).reshape({-1, 1});
  };
  const at::Tensor tick_T = at::arange(ticks, cells.day_B.options());
  Question question;
  question.row_N = (cells.day_B.unsqueeze(1) * ticks + tick_T).flatten();
  question.budget_N1 = of_cell(cells.constraint_BC.select(1, 0));
  question.limit_N1 = of_cell(cells.constraint_BC.select(1, 1));
  question.won_N1 = before(day.values_BT);
  question.spent_N1 = before(day.costs_BT);
  question.lowest_N1 = of_cell(tapes_.lowest_B1(cells.day_B).squeeze(1));
  if (cells.asked_BO.defined()) question.asked_NO = cells.asked_BO.repeat_interleave(ticks, 0);
  return answer_N1(question).view({rows, ticks});
}

at::Tensor Teacher::label_B1(const Cells& cells, int64_t tick, const at::Tensor& value_B1,
                             const at::Tensor& cost_B1) const {
  const torch::NoGradGuard no_grad;
  return answer_N1({cells.day_B * tapes_.ticks() + tick, cells.constraint_BC.slice(1, 0, 1),
                    cells.constraint_BC.slice(1, 1, 2), value_B1, cost_B1, tapes_.lowest_B1(cells.day_B),
                    cells.asked_BO});
}

at::Tensor Teacher::highest_B1(const Cells& cells) const {
  const double octaves = as_double(rest_.size(2) - 1) / tapes_.knots_per_octave();
  return tapes_.lowest_B1(cells.day_B) * std::exp2(octaves);
}

at::Tensor Teacher::answer_N1(const Question& question) const {
  const at::Tensor rest_N2K = rest_.index_select(0, question.row_N);
  const at::Tensor cost_NP = between_knots(rest_N2K.select(1, 1));
  const Rest rest{cost_NP.le(question.budget_N1 - question.spent_N1),
                  between_knots(rest_N2K.select(1, 0)) + question.won_N1, cost_NP + question.spent_N1};
  const bool asks = question.asked_NO.defined();
  const at::Tensor place_N1 = asks ? asked_place_N1(question, rest) : best_place_N1(question, rest);
  const double octaves_a_place = 1.0 / (tapes_.knots_per_octave() * as_double(kParts));
  const at::Tensor alpha_N1 = question.lowest_N1 * at::exp2(place_N1.to(at::kFloat) * octaves_a_place);
  if (!asks) return alpha_N1;
  return alpha_N1.masked_fill(place_N1.eq(cost_NP.size(1) - 1), std::numeric_limits<double>::quiet_NaN());
}

at::Tensor Teacher::best_place_N1(const Question& question, const Rest& rest) {
  const at::Tensor& limit_N1 = question.limit_N1;
  const at::Tensor ratio_NP = (rest.value_NP * limit_N1 / rest.cost_NP.clamp_min(1e-30)).clamp_max(1.0);
  const double none = -std::numeric_limits<double>::infinity();
  const at::Tensor rough_NP = at::where(rest.allowed_NP, rest.value_NP * at::square(ratio_NP), none);
  // Near that best place the expected score itself decides.
  const at::Tensor best_N1 = rough_NP.argmax(1, /*keepdim=*/true);
  const at::Tensor near_W = at::arange(-kNear, kNear + 1, question.row_N.options());
  const at::Tensor place_NW = (best_N1 + near_W).clamp(0, rest.cost_NP.size(1) - 1);
  const at::Tensor score_NW =
      expected_score(rest.value_NP.gather(1, place_NW), rest.cost_NP.gather(1, place_NW), limit_N1.expand_as(place_NW));
  const at::Tensor allowed_NW = rest.allowed_NP.gather(1, place_NW);
  const at::Tensor chosen_N1 = at::where(allowed_NW, score_NW, none).argmax(1, /*keepdim=*/true);
  return place_NW.gather(1, chosen_N1);
}

at::Tensor Teacher::asked_place_N1(const Question& question, const Rest& rest) {
  const at::Tensor par_N1 = question.budget_N1 / question.limit_N1;
  at::Tensor within_NP = rest.allowed_NP;
  const auto keep_below = [&](Outcome outcome, const at::Tensor& came_NP) {
    const at::Tensor asked_N1 = question.asked_NO.narrow(1, to_signed(index_of(outcome)), 1);
    within_NP = within_NP.logical_and(came_NP.le(asked_N1).logical_or(asked_N1.isnan()));
  };
  keep_below(Outcome::kValue, rest.value_NP / par_N1);
  keep_below(Outcome::kBudgetUse, rest.cost_NP / question.budget_N1);
  keep_below(Outcome::kCpa, rest.cost_NP / (rest.value_NP * question.limit_N1).clamp_min(1e-30));
  const at::Tensor place_P = at::arange(within_NP.size(1), question.row_N.options());
  return (within_NP * place_P).amax(1, /*keepdim=*/true);
}

}  // namespace genbid::softmarket
