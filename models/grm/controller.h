#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "models/grm/curves.h"

// B rows, Y = 2: money spent and conversions won.

namespace genbid::models::grm {

// Impressions that are still to come, all with the same curves.
struct Ahead {
  Curves curves;               // B Y
  at::Tensor level_B1;         // the level of a bid of alpha 1
  at::Tensor brought_unit_BY;  // money and conversions that all of them bring where the curves say 1
};

// Where a day stands before a tick.
struct Standing {
  at::Tensor cost_B1;    // money spent
  at::Tensor won_B1;     // conversions
  at::Tensor budget_B1;  // money
  at::Tensor limit_B1;   // money per conversion
};

// What the CPA limit means to it. `strict`: the day, with what is still to come, is to keep it. `score`: the score of
// the day, V min(1, (L V / C)^2) of its value V and its cost C at the limit L, is to be as high as possible. Beyond the
// limit it is V^3 L^2 / C^2, which grows with the bid as long as a further conversion costs less than 3/2 of what they
// have cost on average.
enum class Attitude { kScore, kStrict };
const std::vector<std::string>& attitude_names();  // "score", "strict"
Attitude parse_attitude(const std::string& name);

// The highest alpha for the rest of the day that spends no more than is left and suits the attitude; where the limit is
// lost, the one that takes the day nearest to it. Between `least` and `most`, both > 0; found by halving the range of
// its logarithm a fixed number of times. Its gradients are those of the equation that it solves (implicit
// differentiation), so that a loss of what came of the alpha can teach the curves. To B1.
at::Tensor alpha_for(const std::vector<Ahead>& ahead, const Standing& standing, Attitude attitude,
                     const at::Tensor& least, const at::Tensor& most);

}  // namespace genbid::models::grm
