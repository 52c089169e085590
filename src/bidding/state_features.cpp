#include "bidding/state_features.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <map>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"

namespace genbid {
namespace {

const std::vector<std::string> kAuctionnetNames = {
    "time_left",
    "budget_left",
    "mean_bid_all",
    "mean_bid_last_3",
    "mean_least_winning_cost_all",
    "mean_pvalue_all",
    "mean_conversion_all",
    "mean_win_all",
    "mean_least_winning_cost_last_3",
    "mean_pvalue_last_3",
    "mean_conversion_last_3",
    "mean_win_last_3",
    "mean_pvalue",
    "num_pv",
    "num_pv_last_3",
    "num_pv_all",
};

std::vector<std::string> with_constraint_names() {
  std::vector<std::string> names = kAuctionnetNames;
  for (const char* name : {"log_budget", "log_cpa_limit", "spend_ahead", "cpa_share_expected", "cpa_share_realised",
                           "won_share_expected"}) {
    names.emplace_back(name);
  }
  return names;
}

// Mean over up to three ticks; the official generator sums in tick order.
template <typename Pick>
double mean_of_three(int count, const Pick& pick) {
  if (count == 0) return 0.0;
  double sum = 0.0;
  for (int k = 0; k < count; ++k) sum += pick(k);
  return sum / count;
}

}  // namespace

const std::vector<std::string>& feature_set_names() {
  static const std::vector<std::string> names = {"auctionnet16", "auctionnet16_frozen", "constraint"};
  return names;
}

FeatureSet parse_feature_set(std::string_view name) {
  const auto& names = feature_set_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<FeatureSet>(i);
  }
  throw Error("feature set: found '" + shown(name) + "', expected auctionnet16, auctionnet16_frozen or constraint");
}

const std::string& feature_set_name(FeatureSet set) { return feature_set_names()[static_cast<size_t>(set)]; }

const std::vector<std::string>& feature_names(FeatureSet set) {
  static const std::vector<std::string> constraint = with_constraint_names();
  return set == FeatureSet::kConstraint ? constraint : kAuctionnetNames;
}

namespace {

struct FeatureFacts {
  std::string group;
  std::string unit;
};

const FeatureFacts& facts_of(std::string_view feature) {
  static const std::map<std::string, FeatureFacts, std::less<>> facts = {
      {"time_left", {"time", "share of the day"}},
      {"budget_left", {"budget", "share of the budget"}},
      {"mean_bid_all", {"bid", "money an impression"}},
      {"mean_bid_last_3", {"bid", "money an impression"}},
      {"mean_least_winning_cost_all", {"price", "money an impression"}},
      {"mean_pvalue_all", {"value", "probability"}},
      {"mean_conversion_all", {"conversion", "conversions an impression"}},
      {"mean_win_all", {"win", "slots an impression"}},
      {"mean_least_winning_cost_last_3", {"price", "money an impression"}},
      {"mean_pvalue_last_3", {"value", "probability"}},
      {"mean_conversion_last_3", {"conversion", "conversions an impression"}},
      {"mean_win_last_3", {"win", "slots an impression"}},
      {"mean_pvalue", {"value", "probability"}},
      {"num_pv", {"volume", "impressions"}},
      {"num_pv_last_3", {"volume", "impressions"}},
      {"num_pv_all", {"volume", "impressions"}},
      {"log_budget", {"campaign", "logarithm of money"}},
      {"log_cpa_limit", {"campaign", "logarithm of money"}},
      {"spend_ahead", {"budget", "share of the budget"}},
      {"cpa_share_expected", {"cpa", "share"}},
      {"cpa_share_realised", {"cpa", "share"}},
      {"won_share_expected", {"cpa", "share of the budget's worth"}},
  };
  const auto found = facts.find(feature);
  if (found == facts.end()) throw Error("feature: found '" + std::string(feature) + "', which no feature set has");
  return found->second;
}

}  // namespace

const std::string& feature_group(std::string_view feature) { return facts_of(feature).group; }

const std::string& feature_unit(std::string_view feature) { return facts_of(feature).unit; }

void constraint_features(const Advertiser& advertiser, int tick, double cost, double expected_conversions,
                         double conversions, std::span<double> out, int ticks) {
  assert(out.size() == 6);
  const double budget = advertiser.budget;
  const double limit = advertiser.cpa_limit;
  const double h = budget / 100.0;
  out[0] = std::log(budget);
  out[1] = std::log(limit);
  out[2] = cost / budget - as_double(tick) / ticks;
  out[3] = (cost + h) / (cost + limit * expected_conversions + 2.0 * h);
  out[4] = (cost + h) / (cost + limit * conversions + 2.0 * h);
  out[5] = limit * expected_conversions / budget;
}

void state_features(FeatureSet set, const Advertiser& advertiser, const TickHistory& history, const TickStart& now,
                    std::span<double> out, int ticks) {
  assert(out.size() == feature_names(set).size());
  const int past = history.num_ticks();
  const TickMeans sum = history.sum();
  const double count = past > 0 ? past : 1.0;

  // Positions in the period of the ticks behind the "last three" features.
  const int num_recent = std::min(past, 3);
  const bool frozen = set == FeatureSet::kAuctionnet16Frozen;
  const auto recent = [&](int k) -> const TickMeans& {
    return frozen ? history.first(k) : history.last(num_recent - 1 - k);
  };
  const auto last_three = [&](int k) -> const TickMeans& { return history.last(num_recent - 1 - k); };

  out[0] = as_double(ticks - now.tick) / ticks;
  out[1] = advertiser.budget > 0.0 ? now.remaining_budget / advertiser.budget : 0.0;
  out[2] = sum.bid / count;
  out[3] = mean_of_three(num_recent, [&](int k) { return recent(k).bid; });
  out[4] = sum.least_winning_cost / count;
  out[5] = sum.pvalue / count;
  out[6] = sum.conversion / count;
  out[7] = sum.win / count;
  out[8] = mean_of_three(num_recent, [&](int k) { return recent(k).least_winning_cost; });
  out[9] = mean_of_three(num_recent, [&](int k) { return recent(k).pvalue; });
  out[10] = mean_of_three(num_recent, [&](int k) { return recent(k).conversion; });
  out[11] = mean_of_three(num_recent, [&](int k) { return recent(k).win; });
  out[12] = now.mean_pvalue;
  out[13] = as_double(now.num_pv);
  double recent_pv = 0.0;
  for (int k = 0; k < num_recent; ++k) recent_pv += last_three(k).num_pv;
  out[14] = recent_pv;
  out[15] = sum.num_pv;

  if (set == FeatureSet::kConstraint) {
    constraint_features(advertiser, now.tick, history.cost(), history.expected_conversions(), history.conversions(),
                        out.subspan(kNumAuctionnetFeatures), ticks);
  }
}

}  // namespace genbid
