#pragma once

#include <string>

namespace genbid::runs {

// A word about the smallest budget (money) of those who play, where AuctionNet's rule that nobody bids with less than
// kMinRemainingBudget left takes a part of it that is felt: in a currency of large units. Empty where it is not.
std::string small_budget_text(double least_budget);

}  // namespace genbid::runs
