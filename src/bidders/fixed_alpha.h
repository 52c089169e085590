#pragma once

#include <memory>
#include <string>

#include "base/config/config.h"
#include "bidders/bidder_setting.h"
#include "bidding/bidder.h"

namespace genbid::bidders {

// Bids with the same alpha in every tick, which is cpa_ratio times the seat's CPA limit where `alpha` is 0.
std::unique_ptr<Bidder> make_fixed_alpha(double alpha, double cpa_ratio);

struct FixedAlphaRanges;

struct FixedAlphaOptions {
  double alpha = 0.0;      // bid = alpha * p-value; 0: cpa_ratio decides
  double cpa_ratio = 1.0;  // alpha = cpa_ratio * the seat's CPA limit

  using Ranges = FixedAlphaRanges;
  void fields(ConfigVisitor& v);
  std::string label() const;
  std::unique_ptr<Bidder> make(const BidderSetting& /*setting*/) const { return make_fixed_alpha(alpha, cpa_ratio); }
};

// The options where one of them may be a range, from which a number is drawn for each seat and period.
struct FixedAlphaRanges {
  RealInterval alpha;  // 0: cpa_ratio decides
  RealInterval cpa_ratio = {1.0, 1.0};

  void fields(ConfigVisitor& v);
  RealInterval range() const { return alpha.high > 0.0 ? alpha : cpa_ratio; }
  FixedAlphaOptions at(double factor) const;
};

}  // namespace genbid::bidders
