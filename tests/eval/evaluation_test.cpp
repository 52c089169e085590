#include "eval/evaluation.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "bidders/fixed_alpha.h"
#include "bidders/pid.h"
#include "bidding/score.h"
#include "eval/report.h"

namespace genbid::eval {
namespace {

EvaluationPlan small_plan() {
  EvaluationPlan plan;
  plan.market.impressions = 3000;
  plan.market.budget_scale = 0.006;
  plan.population = play::load_population("rules48");
  plan.periods = {28, 29};
  plan.seats = {0, 7, 47};
  return plan;
}

std::vector<Evaluation> evaluate(const EvaluationPlan& plan, int num_threads, bool pid_alone = false) {
  Threads threads(num_threads);
  const auto pid = bidders::make_pid(BiddingRules::kCorrected);
  const auto fixed = bidders::make_fixed_alpha(80.0, 1.0);
  std::vector<Candidate> candidates = {{"pid", "rule", pid.get()}};
  if (!pid_alone) candidates.push_back({"fixed", "rule", fixed.get()});
  return evaluate_in_market(plan, candidates, threads);
}

const EvaluationContext kContext = {"corrected", "rules48", {28, 29}, {0, 7, 47}, 1};

TEST(Evaluation, HasACellForEverySeatAndPeriod) {
  const auto result = evaluate(small_plan(), 2);
  ASSERT_EQ(result.size(), 2U);
  ASSERT_EQ(result[1].cells.size(), 6U);
  EXPECT_EQ(result[1].cells[4].period, 29);
  EXPECT_EQ(result[1].cells[4].seat, 7);
  EXPECT_DOUBLE_EQ(result[1].cells[4].budget, official_advertiser(7).budget * 0.006);
}

TEST(Evaluation, IsTheSameForAnyNumberOfThreads) {
  const auto one = evaluate(small_plan(), 1);
  const auto two = evaluate(small_plan(), 2);
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(result_json(one[i], kContext), result_json(two[i], kContext));
  }
}

TEST(Evaluation, ACandidatesResultDoesNotDependOnTheOthers) {
  const auto both = evaluate(small_plan(), 1);
  const auto alone = evaluate(small_plan(), 1, true);
  EXPECT_EQ(result_json(both[0], kContext), result_json(alone[0], kContext));
}

// Seat 0 of rules48 is a PID: putting a PID there must give what the population plays by itself.
TEST(Evaluation, ReplacingABidderByItselfChangesNothing) {
  const EvaluationPlan plan = small_plan();
  const auto judged = evaluate(plan, 1, true);
  struct Sum : market::PeriodSink {
    double cost = 0.0;
    void on_tick(int64_t, int, std::span<const market::SeatTick> seats) override { cost += seats[0].outcome.cost; }
  } sink;
  Threads threads(1);
  const auto market = market::make_market(plan.market, threads);
  const auto population = play::make_bidders(plan.population, BiddingRules::kCorrected);
  std::vector<Bidder*> bidders;
  std::vector<int> seat_bidder;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    bidders.push_back(population[static_cast<size_t>(seat)].get());
    seat_bidder.push_back(seat);
  }
  ASSERT_TRUE(market::play(*market, {play::make_cell(plan.population, 28, plan.market)}, bidders, seat_bidder, sink));
  EXPECT_EQ(judged[0].cells[0].cost, sink.cost);
}

// Stress is of who is judged: the optimum, by the true p-values, stays what it was.
TEST(Evaluation, StressMisleadsTheJudgedAndNotTheirJudge) {
  EvaluationPlan plan = small_plan();
  plan.market.impressions = 20000;
  plan.market.budget_scale = 0.04;
  const auto usual = evaluate(plan, 1);
  plan.market.stress.value_bias = 0.5;
  const auto stressed = evaluate(plan, 2);
  bool differs = false;
  for (size_t i = 0; i < usual[1].cells.size(); ++i) {
    EXPECT_EQ(usual[1].cells[i].optimum, stressed[1].cells[i].optimum);
    differs |= usual[1].cells[i].cost != stressed[1].cells[i].cost;
  }
  EXPECT_TRUE(differs);
}

// Everything of a result, judged by a fixed alpha, a teacher and what is not played.
std::vector<Evaluation> evaluate_hindsight(EvaluationPlan plan, int num_threads) {
  Threads threads(num_threads);
  play::HindsightBook book;
  plan.book = &book;
  const auto fixed = bidders::make_fixed_alpha(80.0, 1.0);
  const auto teacher = play::make_teacher(book);
  const auto constant = play::make_hindsight_alpha(book);
  std::vector<Candidate> candidates = {{"fixed", "rule", fixed.get()},
                                       {"teacher", "hindsight", teacher.get(), {}, HindsightChoice::kPerTick, true},
                                       {"hindsight_alpha", "hindsight", constant.get()}};
  for (const std::string& choice : hindsight_choices()) {
    candidates.push_back({choice, "hindsight", nullptr, {}, parse_hindsight_choice(choice)});
  }
  return evaluate_in_market(plan, candidates, threads);
}

TEST(Hindsight, IsTheSameForAnyNumberOfThreadsAndWithOrWithoutACache) {
  EvaluationPlan plan = small_plan();
  const auto one = evaluate_hindsight(plan, 1);
  plan.market.cache_megabytes = 64;
  const auto cached = evaluate_hindsight(plan, 3);
  ASSERT_EQ(one.size(), cached.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(result_json(one[i], kContext), result_json(cached[i], kContext));
  }
}

// More freedom is worth at least as much; the reference of regret is the best alpha per tick, the same for everybody.
TEST(Hindsight, MoreFreedomIsWorthMore) {
  EvaluationPlan plan = small_plan();
  plan.market.impressions = 20000;
  plan.market.budget_scale = 0.04;
  const auto all = evaluate_hindsight(plan, 2);
  enum : size_t { kFixed, kTeacher, kAlpha, kPerTick, kConstant, kKept, kSlots };
  for (size_t i = 0; i < all[kPerTick].cells.size(); ++i) {
    const double optimum = all[kPerTick].cells[i].expected_score;
    EXPECT_GT(optimum, 0.0);
    for (const Evaluation& evaluation : all) EXPECT_DOUBLE_EQ(evaluation.cells[i].optimum, optimum);
    EXPECT_GE(optimum, all[kConstant].cells[i].expected_score * (1.0 - 1e-9));
    EXPECT_GE(all[kSlots].cells[i].expected_score, optimum * (1.0 - 1e-4));
    const CellResult& kept = all[kKept].cells[i];
    EXPECT_LE(kept.expected_score, all[kConstant].cells[i].expected_score);
    EXPECT_LE(kept.cost, kept.cpa_limit * kept.expected_conversions * (1.0 + 1e-9));
    EXPECT_LE(kept.cost, kept.budget);
    EXPECT_FALSE(kept.drawn);
    EXPECT_FALSE(kept.expected_to_exceed_cpa());
    EXPECT_DOUBLE_EQ(all[kFixed].cells[i].regret(), optimum - all[kFixed].cells[i].expected_score);
  }
  // Played, a day differs by the luck of exposure and by what the rivals do: little, for one seat among 48.
  EXPECT_NEAR(means(all[kTeacher]).share_of_optimum, 1.0, 0.1);
  EXPECT_NEAR(means(all[kAlpha]).share_of_optimum, 1.0, 0.1);
  EXPECT_LT(means(all[kFixed]).share_of_optimum, means(all[kTeacher]).share_of_optimum);
  EXPECT_DOUBLE_EQ(means(all[kPerTick]).share_of_optimum, 1.0);
}

TEST(Hindsight, ChoicesHaveNames) {
  EXPECT_EQ(parse_hindsight_choice("slots"), HindsightChoice::kSlots);
  try {
    parse_hindsight_choice("best");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "choice: found 'best', expected per_tick, constant, constant_kept or slots");
  }
}

// Rivals with a tenth of their money leave more to whoever keeps its own.
TEST(Evaluation, CompetitionScalesTheRivalsBudgetsAlone) {
  EvaluationPlan plan = small_plan();
  const auto usual = evaluate_hindsight(plan, 1);
  plan.market.rival_budget_scale = 0.1;
  const auto weak = evaluate_hindsight(plan, 1);
  for (size_t i = 0; i < usual[0].cells.size(); ++i) EXPECT_EQ(usual[0].cells[i].budget, weak[0].cells[i].budget);
  EXPECT_GT(means(weak[0]).expected_score, means(usual[0]).expected_score);
  EXPECT_GT(means(weak[0]).optimum, means(usual[0]).optimum);
}

// A small market of its own: 11 seats, 12 ticks, 2 slots.
TEST(Evaluation, JudgesInMarketsOfAnyShape) {
  EvaluationPlan plan = small_plan();
  plan.market.impressions = 12000;
  plan.market.traffic.structure = "own";
  plan.market.traffic.seats = 11;
  plan.market.traffic.ticks = 12;
  plan.market.traffic.slots = 2;
  plan.population = play::load_population("rules48", 11);
  plan.seats = {0, 10};
  const auto all = evaluate_hindsight(plan, 2);
  for (const Evaluation& evaluation : all) {
    ASSERT_EQ(evaluation.cells.size(), 4U);
    for (const CellResult& cell : evaluation.cells) {
      EXPECT_GT(cell.optimum, 0.0);
      EXPECT_LE(cell.cost, cell.budget);
      EXPECT_LT(cell.last_active_tick, 12);
    }
  }
  EXPECT_LT(means(all[0]).share_of_optimum, 1.05);
}

// Limits of about 700 and values that vary hundredfold: many bids count as the cap, and the lower seat's is the higher.
TEST(Hindsight, KnowsTheCapOfBids) {
  EvaluationPlan plan = small_plan();
  plan.market.budget_scale = 100.0;
  plan.market.cpa_scale = 7.0;
  plan.market.traffic.structure = "own";
  plan.market.traffic.seats = 8;
  plan.market.traffic.value_level = 0.2;
  plan.market.traffic.value_spread = 2.0;
  plan.population = play::load_population("pid48", 8);
  for (play::PopulationSeat& seat : plan.population.seats) seat.bidder = bidders::FixedAlphaOptions();
  plan.periods = {22};
  plan.seats = {0, 1, 2, 3, 4, 5, 6, 7};
  const auto all = evaluate_hindsight(plan, 2);
  const auto named = [&](const char* name) {
    return *std::find_if(all.begin(), all.end(), [&](const Evaluation& one) { return one.name == name; });
  };
  EXPECT_GT(means(named("teacher")).share_of_optimum, 0.98);
  const double computed = means(named("constant")).expected_score;
  EXPECT_NEAR(means(named("hindsight_alpha")).expected_score / computed, 1.0, 0.02);
}

TEST(Evaluation, ScoresComeFromTheCellsOwnSums) {
  const auto evaluations = evaluate(small_plan(), 1);
  for (const CellResult& cell : evaluations.at(1).cells) {
    EXPECT_DOUBLE_EQ(cell.score, score(cell.conversions, cell.cost, cell.cpa_limit));
    EXPECT_DOUBLE_EQ(cell.score_of_expectation,
                     score_of_expectation(cell.expected_conversions, cell.cost, cell.cpa_limit));
    // P-values near 0.0005: all but Poisson.
    EXPECT_GT(cell.conversion_variance, 0.99 * cell.expected_conversions);
    EXPECT_LE(cell.conversion_variance, cell.expected_conversions);
    EXPECT_NEAR(cell.expected_score, expected_score(cell.expected_conversions, cell.cost, cell.cpa_limit),
                2e-3 * cell.expected_score);
    EXPECT_LE(cell.cost, cell.budget);
  }
}

TEST(Evaluation, MeansRunOverCells) {
  Evaluation evaluation{"x", "rule", std::vector<CellResult>(2)};
  evaluation.cells[0].budget = evaluation.cells[1].budget = 10.0;
  evaluation.cells[0].cpa_limit = evaluation.cells[1].cpa_limit = 5.0;
  evaluation.cells[0].cost = 10.0;
  evaluation.cells[0].conversions = 1.0;  // CPA 10 over the limit of 5
  evaluation.cells[0].expected_conversions = 3.0;
  evaluation.cells[0].expected_score = 3.0;
  evaluation.cells[1].expected_score = 5.0;
  const EvaluationMeans mean = means(evaluation);
  EXPECT_DOUBLE_EQ(mean.expected_score, 4.0);
  EXPECT_DOUBLE_EQ(mean.cpa_exceed_share, 0.5);
  EXPECT_DOUBLE_EQ(mean.expected_cpa_exceed_share, 0.0);
  EXPECT_DOUBLE_EQ(mean.budget_use, 0.5);
  EXPECT_DOUBLE_EQ(mean.conversions, 0.5);
}

class CpaScale : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Corners, CpaScale, testing::Values(1e-6, 0.01, 1.0, 30.0, 1000.0));

// All of the population's bids, and so its prices, go with the limits; a candidate of one alpha does not.
TEST_P(CpaScale, NobodyBeatsWhatWasPossible) {
  EvaluationPlan plan = small_plan();
  plan.market.budget_scale = 1.0;
  plan.market.cpa_scale = GetParam();
  for (const Evaluation& one : evaluate(plan, 2)) {
    EXPECT_GT(means(one).optimum, 0.0);
    EXPECT_LE(means(one).share_of_optimum, 1.02) << one.name;  // rivals answer, and exposure is drawn
  }
}

}  // namespace
}  // namespace genbid::eval
