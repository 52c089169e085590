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
// An alpha whose rest would cost more than is left is not allowed; where none is, the lowest knot's is the label.
// Between knots curves are read linearly at `kParts` places, 2 % of alpha apart.
class Teacher {
 public:
  explicit Teacher(const Tapes& tapes);

  // f32, B T. `day` is what became of `cells`; the labels have no gradient.
  at::Tensor labels_BT(const Cells& cells, const Day& day) const;

  static constexpr int64_t kParts = 8;  // of the way from knot to knot

 private:
  const Tapes& tapes_;
  at::Tensor rest_;  // M T x 2 x K: value and cost of a tick and all after it, at the knots
};

}  // namespace genbid::softmarket
