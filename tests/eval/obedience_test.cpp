#include "eval/obedience.h"

#include <gtest/gtest.h>

namespace genbid::eval {
namespace {

// A budget of 100 and a limit of 10: par is 10 conversions.
CellResult cell(double cost, double conversions, double optimum = 10.0) {
  CellResult one;
  one.budget = 100.0;
  one.cpa_limit = 10.0;
  one.cost = cost;
  one.expected_conversions = conversions;
  one.expected_score = conversions;
  one.optimum = optimum;
  return one;
}

// Evaluations with one list of cells each.
class Runs {
 public:
  explicit Runs(const std::vector<std::vector<CellResult>>& cells) {
    for (const auto& one : cells) {
      Evaluation evaluation;
      evaluation.name = "p";
      evaluation.kind = "policy";
      evaluation.cells = one;
      evaluations_.push_back(std::move(evaluation));
    }
  }
  std::vector<const Evaluation*> pointers() const {
    std::vector<const Evaluation*> all;
    for (const Evaluation& one : evaluations_) all.push_back(&one);
    return all;
  }

 private:
  std::vector<Evaluation> evaluations_;
};

TEST(Obedience, OutcomesAreThoseThatPoliciesAreAskedFor) {
  const CellResult one = cell(50.0, 4.0, 8.0);
  EXPECT_DOUBLE_EQ(outcome_of(Outcome::kReturn, one), 0.4);
  EXPECT_DOUBLE_EQ(outcome_of(Outcome::kValue, one), 0.4);
  EXPECT_DOUBLE_EQ(outcome_of(Outcome::kBudgetUse, one), 0.5);
  EXPECT_NEAR(outcome_of(Outcome::kCpa, one), 1.25, 1e-9);
  EXPECT_DOUBLE_EQ(outcome_of(Outcome::kShareOfOptimum, one), 0.5);
}

// Asked for 20, 50 and 80 % of the budget: the first day uses 30, 50 and 70, the second 60, 60 and 50.
TEST(Obedience, MeansAndCorrelationsByHand) {
  const Runs runs({{cell(30, 1), cell(60, 1)}, {cell(50, 1), cell(60, 1)}, {cell(70, 1), cell(50, 1)}});
  const Obedience found = obedience(Outcome::kBudgetUse, runs.pointers(), {0.2, 0.5, 0.8});
  EXPECT_EQ(found.num_cells, 6U);
  EXPECT_EQ(found.num_feasible, 6U);
  EXPECT_NEAR(found.mean_error, (0.1 + 0.0 + 0.1 + 0.4 + 0.1 + 0.3) / 6.0, 1e-12);
  EXPECT_NEAR(found.deaf_error, (0.3 + 0.0 + 0.3 + 0.4 + 0.1 + 0.2) / 6.0, 1e-12);
  EXPECT_NEAR(found.ceiling, 1.0, 1e-12);
  EXPECT_NEAR(found.within, (1.0 - 0.8660254) / 2.0, 1e-6);  // 1, and 1,1,0 against 1,2,3 with a tie
  EXPECT_DOUBLE_EQ(found.not_falling, 3.0 / 4.0);
}

// Of returns 0.2 and 0.8, a day with an optimum of 0.5 par can bring the first alone.
TEST(Obedience, AReturnBeyondTheOptimumIsNotAskedOfAPerfectPolicy) {
  const Runs runs({{cell(50, 2, 5)}, {cell(50, 4, 5)}});
  const Obedience found = obedience(Outcome::kReturn, runs.pointers(), {0.2, 0.8});
  EXPECT_EQ(found.num_feasible, 1U);
  EXPECT_NEAR(found.mean_error, 0.0, 1e-12);
  EXPECT_NEAR(found.ceiling, 1.0, 1e-12);
}

// A policy that always brings the same obeys nobody, and the measure says so: ties have no order.
TEST(Obedience, ADeafPolicyHasTheErrorOfItsAnswer) {
  const Runs runs({{cell(50, 5)}, {cell(50, 5)}, {cell(50, 5)}});
  const Obedience found = obedience(Outcome::kBudgetUse, runs.pointers(), {0.2, 0.5, 0.8});
  EXPECT_NEAR(found.mean_error, 0.2, 1e-12);
  EXPECT_EQ(found.correlation, 0.0);
  EXPECT_EQ(found.within, 0.0);
}

// More than was paid cannot be asked of a budget that is spent; a day that won nothing has no CPA.
TEST(Obedience, ACpaIsFeasibleWhileThereIsMoney) {
  const Runs runs({{cell(100, 12), cell(0, 0)}, {cell(50, 6), cell(0, 0)}});
  const Obedience found = obedience(Outcome::kCpa, runs.pointers(), {1.5, 1.5});
  EXPECT_EQ(found.num_cells, 2U);
  EXPECT_EQ(found.num_feasible, 1U);
}

TEST(Obedience, TextIsForPeopleAndNeedsThreeTargets) {
  const Runs runs({{cell(30, 1)}, {cell(50, 1)}, {cell(70, 1)}});
  const std::string text = obedience_text("p", Outcome::kBudgetUse, runs.pointers(), {0.2, 0.5, 0.8});
  EXPECT_NE(text.find("p, asked for 3 values of target_budget_use (money spent / budget)\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("mean |came - asked|  0.067 over the 3 of 3 cells"), std::string::npos) << text;
  EXPECT_EQ(obedience_text("p", Outcome::kBudgetUse, Runs({{cell(1, 1)}, {cell(1, 1)}}).pointers(), {0.2, 0.5}), "");
}

// A cell without budget or optimum is left out, and nothing is divided by 0.
TEST(Obedience, ACellWithoutABudgetHasNoOutcome) {
  CellResult none = cell(0, 0, 0);
  none.budget = 0.0;
  const Runs runs({{none}, {none}, {none}});
  const std::string text = obedience_text("p", Outcome::kReturn, runs.pointers(), {0.1, 0.2, 0.3});
  EXPECT_EQ(text.find("nan"), std::string::npos) << text;
}

}  // namespace
}  // namespace genbid::eval
