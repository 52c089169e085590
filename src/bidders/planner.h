#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidders/bidder_setting.h"
#include "bidders/planner_knowledge.h"
#include "bidding/bidder.h"

namespace genbid::bidders {

// Options of the bidder `planner`.
struct PlannerOptions {
  // `official`, shipped: AuctionNet's official market on periods 7 to 20; or the path of a response tape, or of what
  // was fitted from one (play/planner_fit.h).
  std::string knowledge = "official";
  int64_t futures = 32;            // days of the knowledge that may come; 0: its average day alone
  std::string attitude = "score";  // what a day is worth: `score`, or `strict`, conversions within the CPA limit
  double confidence = 0.95;        // only if strict: the least chance of a day within the limit
  double price_level = 1.0;        // times the knowledge's prices: 100 where the same money has 100 times the number
  int64_t seed = 1;                // which days of the knowledge are its futures

  void fields(ConfigVisitor& v);
  std::string label() const;  // with the options that are not the default
  std::vector<int64_t> tuned_on() const;
  std::unique_ptr<Bidder> make(const BidderSetting& setting) const;
};

// A rule that plans the rest of the day before every tick. It knows how much a bid brings by its level (alpha x mean
// p-value), and what days may come (PlannerKnowledge). In tick t of stage s it takes the alpha
//
//   argmax over alpha of the mean over futures of W(s + 1; V + v(alpha), C + c(alpha))
//
// with V and C the expected conversions won and the money spent so far, v and c what alpha brings in this tick and in
// the rest of the stage, and W(s; V, C) what it is worth to begin stage s so (PlannerValues), or to end the day so.
// This tick is known by its impressions and their mean p-value. The rest of the stage is expected as the knowledge says
// that it follows from them, and prices as it follows from the tick before. The score is the expected score, so the CPA
// limit is passed while that pays. One that is strict is worth its conversions, and less than nothing beyond the limit:
// the loss is the smallest of 0.0125, 0.025, ... 12.8 budgets / CPA limit that keeps the chance of it, as the day
// begins, below 1 - confidence.
//
// What the curves are wrong by for a seat shows as its day goes on. To multiply them by what has come over what was
// expected was tried: 0.1 points, for ten times the time, as W must be made for every factor.
//
// As a constraint (bidding/bidder.h, restrain()) it lowers another's bids to its own; where it is strict, to the
// highest with which the chance to end beyond the limit stays below 1 - confidence, if there is one.
//
// With 32 futures the 48 decisions of a seat's day and its W take 16 ms in all (strict: 43); W is made once for each
// pair of budget and CPA limit, and again where a day has other impressions than usual. At the beginning of a strict
// day it is made up to four times.
std::unique_ptr<Bidder> make_planner(std::shared_ptr<const PlannerKnowledge> knowledge, const PlannerOptions& options);

}  // namespace genbid::bidders
