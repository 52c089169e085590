#include "softmarket/players.h"

#include <ATen/ATen.h>

#include "base/convert.h"
#include "bidding/outcomes.h"

namespace genbid::softmarket {

policy::Action ConstantBids::act(const policy::Ticks& history, const at::Tensor& /*wishes_BO*/,
                                 const at::Tensor& /*noise_BN*/, const std::vector<at::Tensor>& /*carry*/) {
  return {history.constraint_BC.slice(1, 1, 2) * factor_B1_};
}

policy::Action TeacherBids::act(const policy::Ticks& history, const at::Tensor& /*wishes_BO*/,
                                const at::Tensor& /*noise_BN*/, const std::vector<at::Tensor>& /*carry*/) {
  const at::Tensor budget_B1 = history.constraint_BC.slice(1, 0, 1);
  const at::Tensor limit_B1 = history.constraint_BC.slice(1, 1, 2);
  const auto before_B1 = [&](Outcome outcome) { return history.before_BTO.select(2, to_signed(index_of(outcome))); };
  const auto tick = history.ticks_BT[0][0].item<int64_t>();  // its window is one tick
  const at::Tensor label_B1 = teacher_.label_B1(cells_, tick, before_B1(Outcome::kValue) * budget_B1 / limit_B1,
                                                before_B1(Outcome::kBudgetUse) * budget_B1);
  return {at::where(label_B1.isnan(), teacher_.highest_B1(cells_), label_B1)};
}

}  // namespace genbid::softmarket
