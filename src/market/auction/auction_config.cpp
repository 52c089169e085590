#include "market/auction/auction_config.h"

#include <algorithm>

#include "base/convert.h"

namespace genbid::market {

AuctionConfig::AuctionConfig() {
  const AuctionRule usual;
  exposures.assign(usual.shown_after_previous.begin(), usual.shown_after_previous.end());
}

void AuctionConfig::fields(ConfigVisitor& v) {
  v.field("reserve", reserve, {1e-7, 250.0});
  v.field("exposures", exposures, {0.0, 1.0});
  v.check(exposures.size() == to_size(kNumSlots) && exposures.front() == 1.0, "exposures",
          "three numbers, the first 1: it says that the first slot is always shown");
  v.section("reserve_from", reserve_from);
}

void ReserveFromConfig::fields(ConfigVisitor& v) {
  v.path("population", population, /*may_be_empty=*/true);
  if (!on()) return;
  v.field("share", share, {0.0, 1.0});
  v.required("periods", periods);
  v.check(!periods.values.empty(), "periods", "at least one period");
}

bool AuctionConfig::changed() const { return !label().empty(); }

AuctionRule AuctionConfig::rule(const MarketShape& shape) const {
  AuctionRule rule;
  rule.num_slots = shape.slots;
  rule.reserve = reserve;
  rule.own_reserves = own_reserves;
  std::copy_n(exposures.begin(), rule.shown_after_previous.size(), rule.shown_after_previous.begin());
  return rule;
}

std::string AuctionConfig::label() const {
  const AuctionConfig usual;
  std::string text;
  if (reserve != usual.reserve) text = "reserve " + shortest(reserve);
  if (exposures != usual.exposures) {
    text += text.empty() ? "exposures " : ", exposures ";
    for (size_t slot = 0; slot < exposures.size(); ++slot) text += (slot > 0 ? "/" : "") + shortest(exposures[slot]);
  }
  if (reserve_from.on()) {
    text += (text.empty() ? "" : ", ") + shortest(reserve_from.share) + " of " + reserve_from.population + "'s prices";
  }
  return text;
}

}  // namespace genbid::market
