#include "bidding/bidder.h"

#include <algorithm>

#include "base/error.h"

namespace genbid {

const std::vector<std::string>& rules_names() {
  static const std::vector<std::string> names = {"corrected", "official"};
  return names;
}

Rules parse_rules(std::string_view name) {
  if (name == "corrected") return Rules::kCorrected;
  if (name == "official") return Rules::kOfficial;
  throw Error("rules: found '" + std::string(name) + "', expected corrected or official");
}

bool keep_state_between_periods(std::span<Bidder* const> bidders) {
  return std::any_of(bidders.begin(), bidders.end(),
                     [](const Bidder* one) { return one->keeps_state_between_periods(); });
}

}  // namespace genbid
