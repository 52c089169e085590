#include "market/bidder.h"

#include "base/error.h"
#include "market/rule_bidders.h"

namespace genbid {

const std::vector<std::string>& bidder_names() {
  static const std::vector<std::string> names = {"pid", "fixed_alpha"};
  return names;
}

void BidderConfig::fields(ConfigVisitor& v) {
  v.field("bidder", bidder, bidder_names());
  option_fields(v);
}

void BidderConfig::option_fields(ConfigVisitor& v) {
  if (bidder == "fixed_alpha") {
    v.field("alpha", alpha, {0.0, 1e6});
    v.field("cpa_ratio", cpa_ratio, {0.0, 1e6});
    v.check(alpha == 0.0 || cpa_ratio == BidderConfig().cpa_ratio, "alpha", "either alpha or cpa_ratio, not both");
  }
}

std::unique_ptr<Bidder> make_bidder(const BidderConfig& config) {
  if (config.bidder == "pid") return make_pid();
  if (config.bidder == "fixed_alpha") return make_fixed_alpha(config.alpha, config.cpa_ratio);
  throw Error("bidder: found '" + config.bidder + "', expected pid or fixed_alpha");
}

std::string bidder_label(const BidderConfig& config) {
  if (config.bidder != "fixed_alpha") return config.bidder;
  if (config.alpha > 0.0) return "fixed_alpha " + shortest(config.alpha);
  return "fixed_alpha " + shortest(config.cpa_ratio) + " x CPA limit";
}

}  // namespace genbid
