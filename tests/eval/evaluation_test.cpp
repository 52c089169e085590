#include "eval/evaluation.h"

#include <gtest/gtest.h>

#include "bidding/score.h"
#include "eval/report.h"
#include "play/official_assets.h"

namespace genbid {
namespace {

EvaluationPlan small_plan() {
  EvaluationPlan plan;
  plan.market.impressions = 3000;
  plan.market.budget_scale = 0.006;
  plan.population = load_population("rules48");
  plan.periods = {28, 29};
  plan.seats = {0, 7, 47};
  return plan;
}

std::vector<Evaluation> evaluate(const EvaluationPlan& plan, int num_threads, bool pid_alone = false) {
  Threads threads(num_threads);
  const OfficialAssets assets;
  const auto pid = make_bidder({.bidder = "pid"}, Rules::kFast, assets);
  const auto fixed = make_bidder({.bidder = "fixed_alpha", .alpha = 80.0}, Rules::kFast, assets);
  std::vector<Candidate> candidates = {{"pid", "rule", pid.get()}};
  if (!pid_alone) candidates.push_back({"fixed", "rule", fixed.get()});
  return evaluate_in_market(plan, candidates, threads);
}

const EvaluationContext kContext = {"fast", "rules48", {28, 29}, {0, 7, 47}, 1};

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
  struct Sum : PeriodSink {
    double cost = 0.0;
    void on_tick(int64_t, int, std::span<const SeatTick> seats) override { cost += seats[0].outcome.cost; }
  } sink;
  Threads threads(1);
  const auto market = make_market(plan.market, threads);
  const auto population = make_bidders(plan.population, Rules::kFast);
  std::vector<Bidder*> bidders;
  std::vector<int> seat_bidder;
  for (int seat = 0; seat < kNumSeats; ++seat) {
    bidders.push_back(population[static_cast<size_t>(seat)].get());
    seat_bidder.push_back(seat);
  }
  ASSERT_TRUE(play(*market, {make_cell(plan.population, 28, plan.market)}, bidders, seat_bidder, sink));
  EXPECT_EQ(judged[0].cells[0].cost, sink.cost);
}

TEST(Evaluation, ScoresComeFromTheCellsOwnSums) {
  const auto evaluations = evaluate(small_plan(), 1);
  for (const CellResult& cell : evaluations.at(1).cells) {
    EXPECT_DOUBLE_EQ(cell.score, score(cell.conversions, cell.cost, cell.cpa_limit));
    EXPECT_DOUBLE_EQ(cell.expected_score, score(cell.expected_conversions, cell.cost, cell.cpa_limit));
    EXPECT_LE(cell.cost, cell.budget);
  }
}

TEST(Evaluation, MeansRunOverCells) {
  Evaluation evaluation{"x", "rule", std::vector<CellResult>(2)};
  evaluation.cells[0].budget = evaluation.cells[1].budget = 10.0;
  evaluation.cells[0].cpa_limit = evaluation.cells[1].cpa_limit = 5.0;
  evaluation.cells[0].cost = 10.0;
  evaluation.cells[0].conversions = 1.0;  // CPA 10 over the limit of 5
  evaluation.cells[0].expected_score = 3.0;
  evaluation.cells[1].expected_score = 5.0;
  const EvaluationMeans mean = means(evaluation);
  EXPECT_DOUBLE_EQ(mean.expected_score, 4.0);
  EXPECT_DOUBLE_EQ(mean.cpa_exceed_share, 0.5);
  EXPECT_DOUBLE_EQ(mean.budget_use, 0.5);
  EXPECT_DOUBLE_EQ(mean.conversions, 0.5);
}

}  // namespace
}  // namespace genbid
