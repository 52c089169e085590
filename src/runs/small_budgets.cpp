#include "runs/small_budgets.h"

#include "base/config/config.h"
#include "base/text_table.h"
#include "bidding/advertiser.h"

namespace genbid::runs {

std::string small_budget_text(double least_budget) {
  constexpr double kFeltShare = 0.02;
  if (least_budget * kFeltShare >= kMinRemainingBudget) return {};
  const std::string rule = "nobody bids with less than " + shortest(kMinRemainingBudget) + " left (AuctionNet's rule)";
  const std::string advice = "; give money in a smaller unit";
  if (least_budget < kMinRemainingBudget) {
    return "found a budget of " + shortest(least_budget) + ", with which nothing is won: " + rule + advice;
  }
  return "found a budget of " + shortest(least_budget) + ", of which " +
         number_text("%.1f", 100.0 * kMinRemainingBudget / least_budget) + " % cannot be spent: " + rule + advice;
}

}  // namespace genbid::runs
