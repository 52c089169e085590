#include "bidding/cell_day.h"

#include "base/convert.h"

namespace genbid {

void CellDay::add(const BidFormula* bid, const TickOutcome& outcome) {
  if (bid == nullptr) {
    alpha.push_back(0.0F);
  } else {
    alpha.push_back(as_float(bid->value_squared == 0.0 ? bid->value : effective_alpha(outcome)));
  }
  cost.push_back(as_float(outcome.cost));
  value.push_back(as_float(outcome.sum_pvalue_exposed));
  price.push_back(as_float(outcome.mean_least_winning_cost));
  wins.push_back(static_cast<int32_t>(outcome.num_wins));
}

}  // namespace genbid
