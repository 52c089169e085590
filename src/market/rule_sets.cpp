#include "market/rule_sets.h"

#include <array>

#include "base/convert.h"
#include "base/named_table.h"
#include "market/corrected/corrected_market.h"
#include "market/official/official_market.h"

namespace genbid::market {
namespace {

template <typename Made>
std::unique_ptr<Market> make(const MarketConfig& config, Threads& threads) {
  return std::make_unique<Made>(config, threads);
}

}  // namespace

std::span<const RuleSet> rule_sets() {
  static const std::array kRuleSets = {
      RuleSet{.name = "corrected",
              .help = "AuctionNet's with its defects corrected, for markets of any size",
              .bidders = BiddingRules::kCorrected,
              .make = make<CorrectedMarket>},
      RuleSet{.name = "official",
              .help = "AuctionNet's, bit for bit",
              .bidders = BiddingRules::kOfficial,
              .make = make<official::OfficialMarket>,
              .seeded = false,
              .adjustable = false,
              .has_defects = true,
              .remembers_periods = true,
              .holds_traffic = true,
              .caps_bids = false},
  };
  return kRuleSets;
}

const std::vector<std::string>& rules_names() {
  static const std::vector<std::string> names = names_in(rule_sets());
  return names;
}

const RuleSet& rule_set(const std::string& name) { return find_named(rule_sets(), name, "rules"); }

std::string rules_help(int indent) {
  std::string text;
  for (const RuleSet& one : rule_sets()) text += std::string(to_size(indent), ' ') + one.name + ": " + one.help + "\n";
  return text;
}

}  // namespace genbid::market
