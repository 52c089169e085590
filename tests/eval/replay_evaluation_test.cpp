#include "eval/replay_evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/report.h"
#include "eval/summary.h"
#include "bidders/fixed_alpha.h"

namespace genbid::eval {
namespace {

replay::ReplayConfig scaled_log() {
  replay::ReplayConfig config;
  config.log = {"tests/golden/offline_eval/scaled_log_2adv.csv"};
  config.periods.values = {0};
  return config;
}

TEST(ReplayEvaluation, ACellForEachAdvertiserAndCandidate) {
  const auto low = bidders::make_fixed_alpha(0.05, 0.0);
  const auto high = bidders::make_fixed_alpha(0.2, 0.0);
  Threads threads(2);
  const auto evaluations =
      evaluate_in_replay(scaled_log(), {{"low", "rule", low.get()}, {"high", "rule", high.get()}}, threads);
  ASSERT_EQ(evaluations.size(), 2U);
  EXPECT_EQ(evaluations[0].name, "low");
  for (const Evaluation& evaluation : evaluations) {
    ASSERT_EQ(evaluation.cells.size(), 2U);
    EXPECT_EQ(evaluation.cells[1].seat, 1);
    EXPECT_EQ(evaluation.cells[1].cpa_limit, 70.0);
  }
  EXPECT_LT(evaluations[0].cells[0].expected_score, evaluations[1].cells[0].expected_score);
}

TEST(ReplayEvaluation, ResultsSayTheBudgetAndLimitOfEverybody) {
  replay::ReplayConfig config = scaled_log();
  EXPECT_FALSE(config.common_budget().has_value());
  config.rules = "official";
  EvaluationContext context;
  context.protocol = "replay";
  context.rules = config.rules;
  context.log = "market.h5";
  context.periods = {0};
  context.seats = {0};
  context.budget = config.common_budget();
  context.cpa_limit = config.common_cpa();
  const Evaluation evaluation = {"candidate", "policy", {}};
  const auto json = nlohmann::ordered_json::parse(result_json(evaluation, context));
  EXPECT_EQ(json["campaign"].dump(), R"({"budget":100.0,"cpa_limit":2.0})");
  const std::string table = context_text(context);
  EXPECT_NE(table.find("every advertiser with budget 100 and CPA limit 2\n"), std::string::npos) << table;
}

class Undecided : public Bidder {
 public:
  void reset(std::span<const SeatView> /*rows*/) override {}
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) bids[i].value = rows[i].now.tick < 3 ? 0.1 : std::nan("");
  }
};

TEST(ReplayEvaluation, AnAnswerThatIsNoNumberNamesItsCandidate) {
  Undecided bidder;
  Threads threads(1);
  try {
    evaluate_in_replay(scaled_log(), {{"my policy", "policy", &bidder}}, threads);
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "candidate 'my policy': period 0, tick 3, seat 0: the bidder answered with a bid coefficient that is not a "
        "finite number");
  }
}

TEST(ReplayEvaluation, ResultsSayThatTheyAreOfAReplay) {
  EvaluationContext context;
  context.protocol = "replay";
  context.rules = "corrected";
  context.log = "market.h5";
  context.periods = {0};
  context.seats = {0, 1};
  const Evaluation evaluation = {"candidate", "policy", {}};
  const auto json = nlohmann::ordered_json::parse(result_json(evaluation, context));
  EXPECT_EQ(json["protocol"], "replay");
  EXPECT_EQ(json["log"], "market.h5");
  EXPECT_FALSE(json.contains("population"));
  const std::string table = context_text(context);
  EXPECT_EQ(table.find("protocol replay, rules corrected, log market.h5, 2 advertisers x 1 periods"), 0U) << table;
}

}  // namespace
}  // namespace genbid::eval
