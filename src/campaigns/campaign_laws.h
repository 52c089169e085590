#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/config/config.h"
#include "base/random/random.h"
#include "campaigns/click_day.h"
#include "campaigns/click_optimum.h"

// A made-up population of campaigns of known diversity. Everything about a campaign is a function of the seed and its
// number, and a day of it of seed, number and day: days are made when they are needed, in any order. The laws, all
// numbers in docs/perbid.md:
//   A campaign has a volume (impressions a day) and a quality (mean value of a click), both log-uniform; a level of
//   prices that grows with the square root of its quality; spreads of value and price, and how far they rise together;
//   a shape of the day, mixed of three; and a type, drawn with the paper's shares, which its budget and limit are made
//   for on a day without chance of the day (click_optimum).
//   A day has more or fewer impressions, better or worse ones, dearer or cheaper ones, each by a part that drifts over
//   a week and one of the day alone. A day's own type (the beta of its optimum) may therefore differ.
//   An impression's ctr, value of a click and price of a click are log-normal.

namespace genbid::campaigns {

// Prices of a click that rise and fall over the day, at the same hours every day, but at other ones for each campaign:
// times e^size at its dearest time and e^-size half a day away, straight lines of the logarithm between them. What a
// campaign does not see of its market this morning, but could know of it.
struct PriceSwing {
  double size = 0.0;

  void fields(ConfigVisitor& v);
};

// This share of a day's impressions comes at once, within a tenth of the day (two slots at least) around a time of each
// campaign's own that is the same every day; prices and values are as they would be without. It leaves a bidder no time
// to find out what the campaign needs.
struct Rush {
  double share = 0.0;

  void fields(ConfigVisitor& v);
};

// Section `campaigns` of a config.
struct CampaignLaws {
  int64_t seed = 1;
  int64_t slots = 96;
  RealInterval volume{2500.0, 70000.0};  // impressions a day: 28 times apart
  RealInterval quality{1.0, 15.0};       // mean value of a click
  double budget_share = 0.596;           // of campaigns whose budget alone binds
  double ppc_share = 0.202;              // whose limit alone binds; the rest has both
  double drift = 0.1;                    // of a day: standard deviation of the logarithm of its factors
  double cold_start_share = 0.1;         // campaigns without days before the one that is looked at
  PriceSwing price_swing;
  Rush rush;

  void fields(ConfigVisitor& v);
};

inline constexpr int kDayShapes = 3;

// What is drawn of a campaign once.
struct Campaign {
  int64_t id = 0;
  ClickLimits limits;
  CampaignType drawn_type = CampaignType::kBudget;
  bool cold_start = false;
  double volume = 0.0;
  double quality = 0.0;
  double ctr = 0.0;           // mean
  double price = 0.0;         // mean price of a click
  double value_spread = 0.0;  // standard deviations of logarithms
  double price_spread = 0.0;
  double price_with_value = 0.0;           // correlation of the two
  double evening_value = 0.0;              // how much better impressions of full slots are, in logarithms
  double full_price = 0.0;                 // and how much dearer
  double dear_time = 0.0;                  // when a day's price swing is highest, as a share of the day
  double rush_time = 0.0;                  // the middle of its rush
  std::array<double, kDayShapes> shape{};  // shares of the morning's, the evening's and the night's day
};

class CampaignPopulation {
 public:
  explicit CampaignPopulation(const CampaignLaws& laws);

  const CampaignLaws& laws() const { return laws_; }
  // Any number from 0 to 2^32 - 1. Costs some twenty sums over a day.
  Campaign campaign(int64_t id) const;
  // A day from 0 to 2^31 - 1.
  ClickDay day(const Campaign& campaign, int64_t day) const;

 private:
  struct DayFactors {
    double volume = 1.0;
    double quality = 1.0;
    double price = 1.0;
  };
  DayFactors factors(const Campaign& campaign, int64_t day) const;
  // By slot, in the mean 1.
  std::vector<double> traffic_of(const Campaign& campaign) const;
  std::vector<double> with_rush(const Campaign& campaign, std::vector<double> traffic) const;
  ClickDay make_day(const Campaign& campaign, uint32_t day, const DayFactors& factors) const;
  void set_limits(Campaign& one) const;

  CampaignLaws laws_;
  RandomStream of_campaigns_;
  RandomStream of_days_;
  RandomStream of_impressions_;
};

}  // namespace genbid::campaigns
