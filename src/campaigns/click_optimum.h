#pragma once

#include <string_view>

#include "campaigns/click_day.h"

// The best that a campaign could have done with a day known beforehand (R* of USCB, KDD 2021, and PerBid): the linear
// program
//   maximise sum value_i x_i,  0 <= x_i <= 1,  sum cost_i x_i <= budget,  sum (cost_i - ppc ctr_i) x_i <= 0,
// by its dual, which has two multipliers: l1 of the budget and l2 of the limit. At them an impression is won where
// value >= l1 cost + l2 (cost - ppc ctr), which is the bid alpha * value + beta * ppc * ctr with alpha = 1 / (l1 + l2)
// and beta = l2 / (l1 + l2).

namespace genbid::campaigns {

// Which limit binds at the optimum: beta is 0, 1, or between. kUnbound: neither, all impressions are won.
enum class CampaignType { kBudget, kPpc, kMixed, kUnbound };

// "budget", "ppc", "mixed", "unbound"
std::string_view name_of(CampaignType type);

struct ClickOptimum {
  double value = 0.0;  // of the program: R*, which nobody can exceed
  ClickBid bid;
  CampaignType type = CampaignType::kBudget;
};

// The value is right to 1e-6 of itself. Error for a budget or limit that is not above 0. Where nothing can be won
// within the limit (no impression costs less a click), the value is 0 and the bid buys nothing.
ClickOptimum click_optimum(const ClickDay& day, const ClickLimits& limits);

}  // namespace genbid::campaigns
