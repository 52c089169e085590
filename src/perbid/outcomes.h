#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "campaigns/click_optimum.h"
#include "campaigns/click_sums.h"

namespace genbid::perbid {

// What a campaign's day came to.
struct Outcome {
  int64_t campaign = 0;
  int64_t day = 0;
  campaigns::CampaignType type = campaigns::CampaignType::kBudget;  // by the day's optimum
  double optimum = 0.0;                                             // R*, a value
  campaigns::ClickSums sums;
  double ppc_ratio = 0.0;  // cost of a click over the limit
  double res = 0.0;        // campaigns/click_play.h
  int64_t agent = -1;      // which one it was matched with; -1: there was no choice
  bool adapted = false;    // a copy of it bid that had learned on (local_adaptation.h)
};

// Means and spreads over many days (PerBid, section 5.1).
struct OutcomeMeans {
  double res = 0.0;
  double ggf = 0.0;  // generalised Gini welfare; a Res below 0 counts as 0 here and in gini
  double gini = 0.0;
  double worst_30 = 0.0;  // mean Res of the worst 30 and 10 % of campaigns
  double worst_10 = 0.0;
  double violation_share = 0.0;  // of days whose clicks cost more than the limit
  double excess = 0.0;           // by how much of the limit these exceed it, in the mean; 0 where there are none
};
inline constexpr int kNumMeans = 7;
std::array<double, kNumMeans> numbers_of(const OutcomeMeans& means);  // in the order above

// Error where there is no day.
OutcomeMeans means_of(std::span<const double> res, std::span<const double> ppc_ratio);
OutcomeMeans means_of(const std::vector<Outcome>& outcomes);

}  // namespace genbid::perbid
