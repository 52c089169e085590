#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidders/bidder_setting.h"
#include "bidding/bidder.h"

namespace genbid::bidders {

// Options of the bidder `pacing`. The defaults are tuned on AuctionNet's periods 7 to 20, and two of them are in its
// units: where money is worth k times less (prices, budgets and CPA limits are k times as large) price_level is k times
// as large, and where p-values are m times as large later_value is. The other two are pure numbers.
struct PacingOptions {
  double price_level = 340.0;  // a unit of offered value (sum of p-values) usually costs alpha^2 / price_level
  double later_value = 0.35;   // p-value expected of later parts of the day, in usual ones (kBaseValue; AuctionNet's
                               // mean is 1): the lower, the earlier the money is spent
  double prior_days = 3.0;     // these two expectations weigh as much as so many days of observations
  double cpa_brake = 0.75;     // cost per expected conversion so far, in CPA limits, above which alpha falls

  void fields(ConfigVisitor& v);
  std::string label() const;  // with the options that are not the default
  std::vector<int64_t> tuned_on() const;
  std::unique_ptr<Bidder> make(const BidderSetting& setting) const;
};

// Budget pacing with a brake for the CPA limit. Before every tick it asks which alpha would spend the rest of the money
// on the rest of the day, and keeps no other plan, so that what was spent too slowly or too fast is put right from the
// next tick on:
//
//   money      = remaining budget = rate * value_ahead * alpha^2
//   rate       = cost so far / sum of (offered value * alpha^2), with `prior_days` usual days at alpha = CPA limit and
//                rate = 1 / price_level added to both sums
//   value_ahead = offered value of this tick, known, plus impressions expected later times their expected p-value
//   alpha      = sqrt(money / (rate * value_ahead)), times sqrt(cpa_brake / r) where r > cpa_brake;
//                at most 2 CPA limits
//   r          = cost so far / (CPA limit * expected conversions so far), with 1 % of the budget added to both
//
// Offered value is the sum of p-values of a tick's impressions, won or not. Costs grow about as alpha^2 near the
// market's prices. Impressions are expected along the usual day (day_shares("auctionnet")), as many as those so far
// promise. AuctionNet draws a category's and a seat's p-values anew for every sixth of a day (auctionnet.md 2.2), so
// the rest of this sixth is expected as its ticks so far were, and the later ones at the mean p-value of the day so
// far, with `prior_days` days of `later_value` usual p-values added.
std::unique_ptr<Bidder> make_pacing(const PacingOptions& options);

}  // namespace genbid::bidders
