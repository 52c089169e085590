#pragma once

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "base/convert.h"
#include "data/tape_store.h"
#include "policy/policy.h"
#include "softmarket/players.h"
#include "softmarket/soft_day.h"

namespace genbid::test {

// Asks for a constant alpha.
class Constant : public softmarket::Player {
 public:
  explicit Constant(at::Tensor alpha) : alpha_(std::move(alpha)) {}
  policy::Action act(const policy::Ticks& history, const at::Tensor& /*wishes_BO*/, const at::Tensor& /*noise_BN*/,
                     const std::vector<at::Tensor>& /*carry*/) override {
    return {alpha_.expand({history.states_BTS.size(0), 1})};
  }

 private:
  at::Tensor alpha_;
};

// All days of a tape under their own campaigns.
inline softmarket::Cells cells_of(const data::TapeColumns& tape) {
  std::vector<float> constraint;
  for (size_t i = 0; i < tape.budget.size(); ++i) {
    constraint.push_back(as_float(tape.budget[i]));
    constraint.push_back(as_float(tape.cpa_limit[i]));
  }
  return {at::arange(tape.num_days(), at::kLong), at::tensor(constraint).view({-1, 2})};
}

}  // namespace genbid::test
