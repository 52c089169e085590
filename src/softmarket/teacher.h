#pragma once

#include <ATen/core/Tensor.h>

#include "softmarket/soft_day.h"
#include "softmarket/tapes.h"

// B cells, T ticks, M days of the tapes, K knots.

namespace genbid::softmarket {

// What would have been best in hindsight at every tick that a policy has come to: the constant alpha of the rest of the
// day that brings the highest expected score together with what the day has brought so far, within the money that is
// left. That is rest_constant of play/labels.h, found on a tape's curves in place of the fine ones, for days that were
// played by the policy itself: so a student is corrected where it goes (Ross et al., "A Reduction of Imitation Learning
// and Structured Prediction to No-Regret Online Learning", AISTATS 2011; for bidding methods such as OIL).
//
// Of a cell that asks for outcomes (soft_day.h, Cells) the label is what brings them: the highest constant alpha of the
// rest of the day with which the day as a whole comes to no more of any than is asked. It knows value, budget_use and
// cpa. Where no alpha of the tape brings as much there is no label: it is not a number.
//
// An alpha whose rest would cost more than is left is not allowed; where none is, the lowest knot's is the label.
// Between knots curves are read linearly at `kParts` places, 2 % of alpha apart.
class Teacher {
 public:
  explicit Teacher(const Tapes& tapes);

  // f32, B T. `day` is what became of `cells`; the labels have no gradient.
  at::Tensor labels_BT(const Cells& cells, const Day& day) const;
  // That of one tick, f32, B1, of days that have brought this value and taken this money before it, B1.
  at::Tensor label_B1(const Cells& cells, int64_t tick, const at::Tensor& value_B1, const at::Tensor& cost_B1) const;

  at::Tensor highest_B1(const Cells& cells) const;  // alpha of the last knot

  static constexpr int64_t kParts = 8;  // of the way from knot to knot

 private:
  // N days at the beginning of a tick.
  struct Question {
    at::Tensor row_N;  // i64, of the M T
    at::Tensor budget_N1, limit_N1;
    at::Tensor won_N1, spent_N1;  // before the tick
    at::Tensor lowest_N1;         // alpha of the first knot
    at::Tensor asked_NO;          // undefined: the highest score is
  };
  // The rest of days at constant alphas: the sums of the whole day by place.
  struct Rest {
    at::Tensor allowed_NP, value_NP, cost_NP;
  };
  at::Tensor answer_N1(const Question& question) const;
  static at::Tensor best_place_N1(const Question& question, const Rest& rest);
  static at::Tensor asked_place_N1(const Question& question, const Rest& rest);  // the last one: there is no label

  const Tapes& tapes_;
  at::Tensor rest_;  // M T x 2 x K: value and cost of a tick and all after it, at the knots
};

}  // namespace genbid::softmarket
