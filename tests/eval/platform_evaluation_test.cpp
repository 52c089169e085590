#include "eval/platform_evaluation.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "bidders/fixed_alpha.h"
#include "bidders/pid.h"
#include "play/hindsight.h"

namespace genbid::eval {
namespace {

PlatformPlan small_plan(PlatformMix mix = PlatformMix::kHomogeneous) {
  PlatformPlan plan;
  plan.market.impressions = 3000;
  plan.market.budget_scale = 0.006;
  plan.population = play::load_population("rules48");
  plan.periods = {28, 29};
  plan.mix = mix;
  return plan;
}

PlatformEvaluation judge(const PlatformPlan& plan, Bidder& bidder, int num_threads = 1) {
  Threads threads(num_threads);
  const auto market = market::make_market(plan.market, threads);
  return *evaluate_platform(plan, {"candidate", "rule", &bidder}, *market);
}

TEST(PlatformEvaluation, HomogeneousIsAMarketOfTheCandidateAlone) {
  const auto fixed = bidders::make_fixed_alpha(60.0, 0.0);
  const PlatformPlan plan = small_plan();
  const PlatformEvaluation result = judge(plan, *fixed);
  ASSERT_EQ(result.cells.size(), 96U);
  struct Costs : market::PeriodSink {
    std::vector<double> cost = std::vector<double>(kNumSeats, 0.0);
    void on_tick(int64_t, int, std::span<const market::SeatTick> seats) override {
      for (size_t i = 0; i < seats.size(); ++i) cost[i] += seats[i].outcome.cost;
    }
  } expected;
  Threads threads(1);
  const auto market = market::make_market(plan.market, threads);
  Bidder* const bidder = fixed.get();
  const std::vector<int> seats(kNumSeats, 0);
  ASSERT_TRUE(
      market::play(*market, {play::make_cell(plan.population, 29, plan.market)}, {&bidder, 1}, seats, expected));
  double revenue = 0.0;
  for (size_t seat = 0; seat < kNumSeats; ++seat) {
    const PlatformCell& cell = result.cells[kNumSeats + seat];
    EXPECT_EQ(cell.result.period, 29);
    EXPECT_EQ(cell.result.seat, static_cast<int64_t>(seat));
    EXPECT_EQ(cell.group, PlatformGroup::kCandidate);
    EXPECT_NEAR(cell.result.cost, expected.cost[seat], 1e-9);
    EXPECT_EQ(cell.result.conversion_variance > 0.0, cell.num_exposed > 0);
    EXPECT_EQ(cell.result.score_of_expectation > 0.0, cell.num_exposed > 0);
    EXPECT_GE(cell.result.cost, cell.least_cost * (1.0 - 1e-6));
    revenue += expected.cost[seat];
  }
  EXPECT_NEAR(platform_periods(result.cells)[1].metrics.revenue, revenue, 1e-9);
  EXPECT_GT(revenue, 1.0);
}

// Twenty-four seats each, every seat once in two periods; whoever bids nothing gets nothing.
TEST(PlatformEvaluation, HeterogeneousSeatsChangePlacesFromPeriodToPeriod) {
  const auto fixed = bidders::make_fixed_alpha(60.0, 0.0);
  const auto silent = bidders::make_fixed_alpha(0.0, 0.0);
  PlatformPlan plan = small_plan(PlatformMix::kHeterogeneous);
  plan.opponent = silent.get();
  plan.opponent_name = "silent";
  const PlatformEvaluation result = judge(plan, *fixed);
  std::vector<int> sat(kNumSeats, 0);
  for (const PlatformCell& cell : result.cells) {
    const bool candidate = cell.group == PlatformGroup::kCandidate;
    sat[static_cast<size_t>(cell.result.seat)] += candidate ? 1 : 0;
    EXPECT_EQ(cell.result.wins > 0, candidate);
  }
  EXPECT_EQ(sat, std::vector<int>(kNumSeats, 1));
  EXPECT_EQ(cells_of(std::span(result.cells).first(48), PlatformGroup::kOpponent).size(), 24U);
}

TEST(PlatformEvaluation, PromotionDoublesSevenBudgetsOfAllCategories) {
  const auto fixed = bidders::make_fixed_alpha(60.0, 0.0);
  const PlatformEvaluation result = judge(small_plan(PlatformMix::kPromotion), *fixed);
  int promoted = 0;
  std::vector<int> categories(6, 0);
  for (const PlatformCell& cell : std::span(result.cells).first(48)) {
    const bool is_promoted = cell.group == PlatformGroup::kPromoted;
    promoted += is_promoted ? 1 : 0;
    if (is_promoted) categories[static_cast<size_t>(cell.result.seat / kSeatsPerCategory)] = 1;
    EXPECT_DOUBLE_EQ(cell.result.budget,
                     official_advertiser(static_cast<int>(cell.result.seat)).budget * 0.006 * (is_promoted ? 2 : 1));
  }
  EXPECT_EQ(promoted, 7);
  EXPECT_EQ(categories, std::vector<int>(6, 1));
}

// What the seat had done with the best alpha per tick, the others' bids as they were: no less than what it did with one
// of the grid's, but for the luck of exposure, which the optimum does not have.
TEST(PlatformEvaluation, TheOptimumIsWhatASeatAloneCouldHaveHad) {
  PlatformPlan plan = small_plan();
  plan.market.impressions = 20000;
  plan.market.budget_scale = 0.04;
  plan.periods = {28};
  const auto fixed = bidders::make_fixed_alpha(64.0, 0.0);
  const PlatformEvaluation result = judge(plan, *fixed, 2);
  Threads threads(1);
  const auto market = market::make_market(plan.market, threads);
  Bidder* const bidder = fixed.get();
  const std::vector<int> seats(kNumSeats, 0);
  const market::Cell cell = play::make_cell(plan.population, 28, plan.market);
  const auto responses = play::record_responses(*market, cell, {&bidder, 1}, seats);
  double sum = 0.0, optimum = 0.0;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    const CellResult& got = result.cells[static_cast<size_t>(seat)].result;
    const oracle::DayPlan day(*responses, seat);
    EXPECT_DOUBLE_EQ(
        got.optimum,
        oracle::seat_optima(*responses, seat, day, cell.advertisers[static_cast<size_t>(seat)]).per_tick.score);
    sum += got.expected_score;
    optimum += got.optimum;
  }
  EXPECT_GT(optimum, sum);
  plan.with_optimum = false;
  const PlatformEvaluation without = judge(plan, *fixed);
  for (size_t i = 0; i < without.cells.size(); ++i) {
    EXPECT_EQ(without.cells[i].result.optimum, 0.0);
    EXPECT_EQ(without.cells[i].result.cost, result.cells[i].result.cost);
  }
}

void expect_same(const PlatformEvaluation& a, const PlatformEvaluation& b) {
  ASSERT_EQ(a.cells.size(), b.cells.size());
  for (size_t i = 0; i < a.cells.size(); ++i) {
    EXPECT_EQ(a.cells[i].result.cost, b.cells[i].result.cost);
    EXPECT_EQ(a.cells[i].result.conversions, b.cells[i].result.conversions);
    EXPECT_EQ(a.cells[i].result.expected_score, b.cells[i].result.expected_score);
    EXPECT_EQ(a.cells[i].result.optimum, b.cells[i].result.optimum);
    EXPECT_EQ(a.cells[i].least_cost, b.cells[i].least_cost);
  }
}

TEST(PlatformEvaluation, IsTheSameForAnyNumberOfThreadsAndWhateverWasJudgedBefore) {
  for (const char* rules : {"corrected", "official"}) {
    PlatformPlan plan = small_plan(PlatformMix::kHeterogeneous);
    plan.market.rules = rules;
    const auto fixed = bidders::make_fixed_alpha(60.0, 0.0);
    const auto pid = bidders::make_pid(plan.market.bidder_rules());
    plan.opponent = fixed.get();
    plan.opponent_name = "fixed";
    const PlatformEvaluation first = judge(plan, *pid, 1);
    expect_same(first, judge(plan, *pid, 3));  // the same PID, which remembers under the official rules
  }
}

// Everybody believes twice the value: the same as twice the alpha, but for the last bits of bids.
TEST(PlatformEvaluation, StressMisleadsEverySeatOfTheCandidate) {
  PlatformPlan plan = small_plan();
  const auto bold = bidders::make_fixed_alpha(80.0, 0.0);
  const PlatformMetrics aware = platform_metrics(judge(plan, *bold).cells);
  plan.market.stress.value_bias = 1.0;
  const auto fixed = bidders::make_fixed_alpha(40.0, 0.0);
  const PlatformMetrics misled = platform_metrics(judge(plan, *fixed).cells);
  EXPECT_NEAR(misled.revenue / aware.revenue, 1.0, 1e-6);
  EXPECT_NEAR(misled.expected_score / aware.expected_score, 1.0, 1e-6);
}

TEST(PlatformEvaluation, WhoCannotBeJudgedSoIsAnErrorThatSaysWhy) {
  const auto fixed = bidders::make_fixed_alpha(60.0, 0.0);
  const auto error = [&](const PlatformPlan& plan, const Candidate& candidate) -> std::string {
    Threads threads(1);
    const auto market = market::make_market(plan.market, threads);
    try {
      evaluate_platform(plan, candidate, *market);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(error(small_plan(PlatformMix::kHeterogeneous), {"fixed", "rule", fixed.get()}),
            "platform.opponent: found none, expected one where platform.mix is heterogeneous");
  PlatformPlan plan = small_plan();
  plan.opponent = fixed.get();
  plan.opponent_name = "other";
  EXPECT_EQ(error(plan, {"fixed", "rule", fixed.get()}),
            "platform.opponent: found other, expected none where platform.mix is not heterogeneous");
  play::HindsightBook book;
  const auto teacher = play::make_teacher(book);
  EXPECT_NE(error(small_plan(), {"teacher", "hindsight", teacher.get()}).find("found teacher with protocol platform"),
            std::string::npos);
  try {
    parse_platform_mix("mixed");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "mix: found 'mixed', expected homogeneous, heterogeneous or promotion");
  }
}

}  // namespace
}  // namespace genbid::eval
