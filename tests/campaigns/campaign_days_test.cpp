#include "campaigns/campaign_days.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace genbid::campaigns {
namespace {

CampaignLaws small_laws() {
  CampaignLaws laws;
  laws.volume = {200.0, 5600.0};
  return laws;
}

std::string csv_of(const CampaignLaws& laws, const SampleSets& sets, int num_threads) {
  Threads threads(num_threads);
  int64_t last = 0;
  const auto days = campaign_days(laws, sets, threads, [&last](int64_t done) { last = done; });
  EXPECT_EQ(last, std::ssize(days));
  std::string text;
  for (const CampaignDay& day : days) append_csv(text, sample_columns(), day);
  return text;
}

TEST(CampaignPopulations, AreAFunctionOfSeedCampaignAndDay) {
  const CampaignPopulation one(small_laws());
  const CampaignPopulation again(small_laws());
  const Campaign late = one.campaign(4'000'000'000);
  static_cast<void>(one.campaign(3));
  const Campaign late_again = again.campaign(4'000'000'000);
  EXPECT_EQ(late.limits.budget, late_again.limits.budget);
  const ClickDay far = one.day(late, 2'000'000'000);
  const ClickDay far_again = again.day(late_again, 2'000'000'000);
  EXPECT_EQ(far.cost, far_again.cost);
  EXPECT_EQ(far.slot_begins, far_again.slot_begins);
  check_day(far, "a day");
  EXPECT_NE(far.cost, one.day(late, 1'999'999'999).cost);
  EXPECT_NE(far.cost, one.day(one.campaign(3), 2'000'000'000).cost);
  CampaignLaws other = small_laws();
  other.seed = 2;
  EXPECT_NE(CampaignPopulation(other).campaign(3).limits.budget, one.campaign(3).limits.budget);
}

TEST(CampaignPopulations, NumbersHaveARange) {
  const CampaignPopulation population(small_laws());
  EXPECT_THROW(static_cast<void>(population.campaign(-1)), Error);
  EXPECT_THROW(static_cast<void>(population.campaign(int64_t{1} << 32)), Error);
  EXPECT_THROW(static_cast<void>(population.day(population.campaign(0), -1)), Error);
  EXPECT_THROW(static_cast<void>(population.day(population.campaign(0), int64_t{1} << 31)), Error);
}

// Mean prices of a click follow the campaign's own swing, every day alike, and nothing else of a day moves.
TEST(CampaignPopulations, PricesSwingOverTheDay) {
  CampaignLaws laws;
  laws.slots = 24;
  laws.volume = {20000.0, 20000.0};
  laws.drift = 0.0;
  const CampaignPopulation still(laws);
  laws.price_swing.size = 1.0;
  const CampaignPopulation swinging(laws);
  for (const int64_t id : {3, 4, 5}) {
    const Campaign campaign = swinging.campaign(id);
    EXPECT_NE(campaign.limits.budget, still.campaign(id).limits.budget);
    for (const int64_t number : {7, 8}) {
      const ClickDay day = swinging.day(campaign, number);
      const ClickDay before = still.day(still.campaign(id), number);
      ASSERT_EQ(day.slot_begins, before.slot_begins);
      EXPECT_EQ(day.value, before.value);
      for (int64_t slot = 0; slot < 24; ++slot) {
        const auto i = static_cast<size_t>(day.slot_begins[static_cast<size_t>(slot)]);
        const double time = (static_cast<double>(slot) + 0.5) / 24.0;
        const double away = std::min(std::abs(time - campaign.dear_time), 1.0 - std::abs(time - campaign.dear_time));
        EXPECT_NEAR(std::log(day.cost[i] / before.cost[i]), 1.0 - 4.0 * away, 1e-5) << id << " " << slot;
      }
    }
  }
}

double price_in(const ClickDay& day, int64_t slot) {
  double cost = 0.0;
  double clicks = 0.0;
  for (int64_t i = day.slot_begins[static_cast<size_t>(slot)]; i < day.slot_begins[static_cast<size_t>(slot) + 1];
       ++i) {
    cost += day.cost[static_cast<size_t>(i)];
    clicks += day.ctr[static_cast<size_t>(i)];
  }
  return cost / clicks;
}

// Of the slots whose middle lies within half a tenth of the day of a campaign's own time three quarters more of its
// impressions, of all others a quarter of what they had; numbers of impressions are drawn, within five standard errors.
// What a click costs there stays: the means of some thousand log-normal numbers, spread 0.8 at most, within five, too.
TEST(CampaignPopulations, ImpressionsComeInARush) {
  for (const int64_t slots : {96, 10, 1}) {
    CampaignLaws laws;
    laws.slots = slots;
    laws.volume = {100'000.0, 100'000.0};
    laws.drift = 0.0;
    const CampaignPopulation even(laws);
    laws.rush.share = 0.75;
    const CampaignPopulation rushing(laws);
    laws.rush.share = 1.0;
    const CampaignPopulation at_once(laws);
    const double half_width = std::max(0.05, 1.0 / static_cast<double>(slots));
    for (const int64_t id : {3, 4, 5}) {
      const Campaign campaign = rushing.campaign(id);
      const ClickDay before = even.day(even.campaign(id), 7);
      const ClickDay day = rushing.day(campaign, 7);
      const ClickDay rush_alone = at_once.day(at_once.campaign(id), 7);
      check_day(day, "a day");
      double in_rush = 0.0;
      double were_there = 0.0;
      double price = 0.0;  // of rush slots
      double price_before = 0.0;
      for (int64_t slot = 0; slot < slots; ++slot) {
        const auto count = [slot](const ClickDay& of) {
          const auto s = static_cast<size_t>(slot);
          return static_cast<double>(of.slot_begins[s + 1] - of.slot_begins[s]);
        };
        const double time = (static_cast<double>(slot) + 0.5) / static_cast<double>(slots);
        const double away = std::min(std::abs(time - campaign.rush_time), 1.0 - std::abs(time - campaign.rush_time));
        if (away < half_width) {
          in_rush += count(day);
          were_there += count(before);
          price += count(day) * price_in(day, slot);
          price_before += count(day) * price_in(before, slot);
          continue;
        }
        EXPECT_NEAR(count(day), 0.25 * count(before), 5.0 * std::sqrt(count(before)) + 1.0) << id << " " << slot;
        EXPECT_EQ(count(rush_alone), 0.0);
      }
      EXPECT_NEAR(in_rush, 75'000.0 + 0.25 * were_there, 5.0 * std::sqrt(100'000.0)) << id << " of " << slots;
      EXPECT_NEAR(std::log(price / price_before), 0.0, 5.0 * 0.95 / std::sqrt(were_there)) << id << " of " << slots;
    }
  }
}

// The shares of types are those asked for, by what is drawn and by the optima of a day: 400 campaigns, within 3
// standard deviations (2.5 points each), and 4 points more for days that are not as the one that limits were made for.
TEST(CampaignPopulations, AreOfTheTypesAskedFor) {
  const CampaignPopulation population(small_laws());
  constexpr int kCampaigns = 400;
  std::vector<double> drawn(4), found(4);
  double least_volume = 1e9, most_volume = 0.0, least_quality = 1e9, most_quality = 0.0;
  for (int id = 0; id < kCampaigns; ++id) {
    const Campaign one = population.campaign(id);
    at(drawn, static_cast<int>(one.drawn_type)) += 1.0 / kCampaigns;
    at(found, static_cast<int>(click_optimum(population.day(one, 7), one.limits).type)) += 1.0 / kCampaigns;
    least_volume = std::min(least_volume, one.volume);
    most_volume = std::max(most_volume, one.volume);
    least_quality = std::min(least_quality, one.quality);
    most_quality = std::max(most_quality, one.quality);
  }
  EXPECT_NEAR(drawn[0], 0.596, 0.075);
  EXPECT_NEAR(drawn[1], 0.202, 0.06);
  EXPECT_NEAR(drawn[2], 0.202, 0.06);
  for (int type = 0; type < 3; ++type) EXPECT_NEAR(at(found, type), at(drawn, type), 0.06) << type;
  EXPECT_GE(least_volume, 200.0);
  EXPECT_LE(most_volume, 5600.0);
  EXPECT_GT(most_volume / least_volume, 24.0);
  EXPECT_GT(most_quality / least_quality, 13.0);
  EXPECT_LE(most_quality / least_quality, 15.0 * (1.0 + 1e-6));
}

// Log-normal numbers with the means that the campaign says: over a long day within some standard errors.
TEST(CampaignPopulations, ImpressionsHaveTheMeansOfTheirCampaign) {
  CampaignLaws laws;
  laws.volume = {300'000.0, 300'001.0};
  laws.drift = 0.0;
  const CampaignPopulation population(laws);
  Campaign one = population.campaign(1);
  one.evening_value = 0.0;
  one.full_price = 0.0;
  const ClickDay day = population.day(one, 3);
  EXPECT_NEAR(as_double(day.num_impressions()), one.volume, 5.0 * std::sqrt(one.volume));
  const double part = 1.0 / as_double(day.num_impressions());
  double value = 0.0, cost = 0.0, clicks = 0.0;
  double v = 0.0, vv = 0.0, p = 0.0, pp = 0.0, vp = 0.0;  // moments of the logarithms of a click's value and price
  for (int64_t i = 0; i < day.num_impressions(); ++i) {
    value += as_double(at(day.value, i));
    cost += as_double(at(day.cost, i));
    clicks += as_double(at(day.ctr, i));
    const double log_value = std::log(as_double(at(day.value, i) / at(day.ctr, i)));
    const double log_price = std::log(as_double(at(day.cost, i) / at(day.ctr, i)));
    v += part * log_value;
    p += part * log_price;
    vv += part * log_value * log_value;
    pp += part * log_price * log_price;
    vp += part * log_value * log_price;
  }
  EXPECT_NEAR(std::sqrt(vv - v * v), one.value_spread, 0.01 * one.value_spread);
  EXPECT_NEAR(std::sqrt(pp - p * p), one.price_spread, 0.01 * one.price_spread);
  EXPECT_NEAR((vp - v * p) / (one.value_spread * one.price_spread), one.price_with_value, 0.01);
  EXPECT_NEAR(clicks / as_double(day.num_impressions()), one.ctr, 0.01 * one.ctr);
  EXPECT_NEAR(value / clicks, one.quality, 0.01 * one.quality);
  EXPECT_NEAR(cost / clicks, one.price, 0.01 * one.price);
}

TEST(CampaignPopulations, DaysDriftAsMuchAsAsked) {
  CampaignLaws laws = small_laws();
  laws.drift = 0.2;
  const CampaignPopulation population(laws);
  Campaign one = population.campaign(2);
  one.volume = 5000.0;
  double sum = 0.0, squares = 0.0;
  constexpr int kDays = 300;
  for (int day = 0; day < kDays; ++day) {
    const double size = std::log(as_double(population.day(one, 10 * day).num_impressions()) / one.volume);
    sum += size / kDays;
    squares += size * size / kDays;
  }
  EXPECT_NEAR(std::sqrt(squares - sum * sum), 0.2, 0.03);
}

TEST(CampaignDays, AreTheSameForAnyNumberOfThreads) {
  const SampleSets sets{9, 4, 3, 5};
  const std::string one = csv_of(small_laws(), sets, 1);
  EXPECT_EQ(csv_of(small_laws(), sets, 3), one);
}

TEST(CampaignDays, SetsShareNoCampaignAndKnowTheDayBefore) {
  Threads threads(1);
  const auto days = campaign_days(small_laws(), {5, 3, 2, 7}, threads, [](int64_t) {});
  ASSERT_EQ(days.size(), 10U);
  const CampaignPopulation population(small_laws());
  std::set<int64_t> ids;
  for (const CampaignDay& day : days) {
    ids.insert(day.campaign.id);
    EXPECT_EQ(day.day, 7);
    EXPECT_LE(day.kept.value, day.optimum.value * 1.5);
    EXPECT_LE(day.kept.cost, day.campaign.limits.budget);
    if (day.campaign.cold_start) {
      EXPECT_EQ(day.yesterday.alpha, 0.0);
      EXPECT_EQ(day.yesterday.beta, 1.0);
    } else {
      const ClickOptimum before = click_optimum(population.day(day.campaign, 6), day.campaign.limits);
      EXPECT_EQ(day.yesterday.alpha, before.bid.alpha);
    }
  }
  EXPECT_EQ(ids.size(), days.size());
  EXPECT_EQ(days[4].set, SetOfSamples::kTrain);
  EXPECT_EQ(days[5].set, SetOfSamples::kValidation);
  EXPECT_EQ(days[8].set, SetOfSamples::kTest);
}

}  // namespace
}  // namespace genbid::campaigns
