#include "bidders/planner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "bidders/fixed_alpha.h"
#include "bidding/constrained_bidder.h"
#include "bidding/score.h"
#include "sample_assets.h"

namespace genbid::bidders {
namespace {

// sample_knowledge as a market: each tick of a day has its share of 48,000 impressions, which is 24 of offered value,
// and half of it costs 960.
constexpr double kImpressions = 48000.0;
constexpr double kPvalue = 0.0005;

// A curve at a level, between the known ones along a power as the planner has it.
double at_level(const std::vector<double>& shares, double level) {
  const double place = std::log2(level / 0.0125);
  if (place >= 4.0) return shares.back();
  const auto below = static_cast<size_t>(std::max(0.0, std::floor(place)));
  return shares[below] * std::pow(shares[below + 1] / shares[below], place - as_double(below));
}

struct Day {
  double value = 0.0;
  double cost = 0.0;
  std::vector<double> alphas;
};

Day play(Bidder& bidder, const Advertiser& seat, int num_ticks, double money = 1.0) {
  TickHistory history;
  SeatView view;
  view.advertiser = &seat;
  view.history = &history;
  view.num_ticks = num_ticks;
  bidder.reset({&view, 1});
  Day day;
  for (int tick = 0; tick < num_ticks; ++tick) {
    view.now = {tick, std::llround(kImpressions / num_ticks), kPvalue, seat.budget - day.cost};
    BidFormula bid{.value = -1.0};
    bidder.bid({&view, 1}, {&bid, 1});
    day.alphas.push_back(bid.value);
    const double level = bid.value * kPvalue / money;
    const double full = money * as_double(view.now.num_pv) * at_level({0.0001, 0.002, 0.02, 0.06, 0.08}, level);
    const double cost = std::min(seat.budget - day.cost, full);
    const double won = at_level({0.01, 0.1, 0.5, 0.9, 1.0}, level) * as_double(view.now.num_pv) * kPvalue;
    const double value = full > 0.0 ? won * cost / full : 0.0;
    day.value += value;
    day.cost += cost;
    history.append({.least_winning_cost = 0.05 * money}, cost, value, 0.0);
  }
  return day;
}

Day play(const PlannerOptions& options, const Advertiser& seat, int num_ticks, double money = 1.0) {
  return play(*make_planner(test::sample_knowledge(), options), seat, num_ticks, money);
}

// A CPA limit of 200 is beyond what conversions cost (80), so the score is their number: the more is spent the better.
TEST(Planner, SpendsTheBudgetAtOneAlphaWhereAllTicksAreAlike) {
  for (const int num_ticks : {1, 2, 24, 48, 96}) {
    const Day day = play({}, {960.0, 200.0, 0}, num_ticks);
    EXPECT_GT(day.cost, 0.95 * 960.0) << num_ticks;
    // Half of the impressions are won at a level of 0.05.
    EXPECT_NEAR(std::log2(day.alphas.front() * kPvalue / 0.05), 0.0, 0.1) << num_ticks;
  }
}

TEST(Planner, BidsMoreWithMoreMoney) {
  double before = 0.0;
  for (const double budget : {100.0, 300.0, 600.0, 960.0, 1500.0}) {
    const double alpha = play({}, {budget, 200.0, 0}, 48).alphas.front();
    EXPECT_GT(alpha, before) << budget;
    before = alpha;
  }
}

TEST(Planner, BidsTheSameInAnyCurrency) {
  const Day day = play({}, {1200.0, 90.0, 0}, 48);
  const Day cents = play({.price_level = 100.0}, {120000.0, 9000.0, 0}, 48, 100.0);
  for (size_t t = 0; t < day.alphas.size(); ++t) {
    EXPECT_NEAR(cents.alphas[t] / day.alphas[t], 100.0, 0.5) << t;  // floats, in sums whose optimum is flat
  }
}

TEST(Planner, BidsTheSameAgain) {
  EXPECT_EQ(play({}, {1200.0, 90.0, 0}, 48).alphas, play({}, {1200.0, 90.0, 0}, 48).alphas);
}

// At a limit of 60 a third of the impressions or so is the most; who is not strict goes beyond that.
TEST(Planner, StrictOneKeepsTheCpaLimit) {
  const Advertiser seat{1200.0, 60.0, 0};
  const Day strict = play({.attitude = "strict"}, seat, 48);
  const Day bold = play({}, seat, 48);
  EXPECT_LE(strict.cost, 60.0 * strict.value);
  EXPECT_GT(strict.cost, 0.5 * 60.0 * strict.value);
  EXPECT_GT(bold.cost, 60.0 * bold.value);
}

// What is restrained bids 1,000 throughout.
TEST(Planner, RestrainsBidsToThoseThatKeepTheCpaLimit) {
  for (const double limit : {60.0, 90.0}) {
    const Advertiser seat{1200.0, limit, 0};
    ConstrainedBidder within(make_fixed_alpha(1000.0, 1.0),
                             make_planner(test::sample_knowledge(), {.attitude = "strict"}));
    const Day day = play(within, seat, 48);
    EXPECT_LE(day.cost, limit * day.value) << limit;
    EXPECT_GT(day.cost, 0.5 * limit * day.value) << limit;
  }
}

TEST(Planner, LeavesBidsAloneThatKeepTheCpaLimit) {
  ConstrainedBidder within(make_fixed_alpha(40.0, 1.0), make_planner(test::sample_knowledge(), {.attitude = "strict"}));
  const Day day = play(within, {1200.0, 200.0, 0}, 48);
  for (const double alpha : day.alphas) EXPECT_EQ(alpha, 40.0);
}

// Who is not strict has no limit to keep but its own idea of the best bid.
TEST(Planner, RestrainsToItsOwnBidWhereItIsNotStrict) {
  const Advertiser seat{1200.0, 90.0, 0};
  ConstrainedBidder within(make_fixed_alpha(1000.0, 1.0), make_planner(test::sample_knowledge(), {}));
  const Day own = play({}, seat, 48);
  const Day day = play(within, seat, 48);
  for (size_t t = 0; t < own.alphas.size(); ++t) EXPECT_NEAR(day.alphas[t] / own.alphas[t], 1.0, 1e-12) << t;
}

TEST(Planner, AnswersWithoutImpressionsMoneyOrALimit) {
  const Advertiser seats[] = {{1200.0, 90.0, 0}, {0.0, 90.0, 0}, {1200.0, 0.0, 0}};
  for (const Advertiser& seat : seats) {
    const auto bidder = make_planner(test::sample_knowledge(), {});
    TickHistory history;
    SeatView view;
    view.advertiser = &seat;
    view.history = &history;
    bidder->reset({&view, 1});
    for (int tick = 0; tick < 48; ++tick) {
      view.now = {tick, tick % 2 == 0 ? 0 : 1000, tick % 2 == 0 ? 0.0 : kPvalue, seat.budget};
      BidFormula bid{.value = -1.0};
      bidder->bid({&view, 1}, {&bid, 1});
      EXPECT_TRUE(std::isfinite(bid.value)) << tick;
      EXPECT_GE(bid.value, 0.0) << tick;
      history.append({}, 0.0, 0.0, 0.0);
    }
  }
}

TEST(Planner, KnowledgeThatDoesNotFitIsAnError) {
  PlannerKnowledge known = *test::sample_knowledge();
  known.price.pop_back();
  try {
    known.check();
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "sample: price: found 1 numbers, expected 2");
  }
}

}  // namespace
}  // namespace genbid::bidders
