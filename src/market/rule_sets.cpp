#include "market/rule_sets.h"

#include <array>

#include "base/error.h"
#include "base/shown.h"
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
  static const std::array<RuleSet, 2> kRuleSets = {{
      {"corrected", Rules::kCorrected, make<CorrectedMarket>},
      {"official", Rules::kOfficial, make<official::OfficialMarket>},
  }};
  return kRuleSets;
}

const std::vector<std::string>& rules_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const RuleSet& one : rule_sets()) all.push_back(one.name);
    return all;
  }();
  return names;
}

const RuleSet& rule_set(const std::string& name) {
  for (const RuleSet& one : rule_sets()) {
    if (one.name == name) return one;
  }
  throw Error("rules: found '" + name + "', expected one of " + listed(rules_names()));
}

}  // namespace genbid::market
