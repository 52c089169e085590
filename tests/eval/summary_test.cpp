#include "eval/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "statistics/holm.h"

namespace genbid::eval {
namespace {

// Scores by period and seat, of an optimum of 10.
using Grid = std::vector<std::vector<double>>;

Run run_of(const Grid& scores, std::optional<int64_t> seed = {}) {
  Run run{seed, {}};
  for (size_t p = 0; p < scores.size(); ++p) {
    for (size_t s = 0; s < scores[p].size(); ++s) {
      CellResult& cell = run.cells.emplace_back();
      cell.period = static_cast<int64_t>(22 + p);
      cell.seat = static_cast<int64_t>(s);
      cell.budget = 100.0;
      cell.cpa_limit = 10.0;
      cell.expected_score = scores[p][s];
      cell.optimum = 10.0;
    }
  }
  return run;
}

const Grid kPlain = {{1.0, 5.0}, {3.0, 7.0}, {2.0, 6.0}};
const Grid kBetter = {{2.0, 6.0}, {4.0, 8.0}, {3.0, 7.0}};  // by 1 in every cell
const Grid kMixed = {{2.0, 5.0}, {3.0, 9.0}, {1.0, 6.0}};   // by 0.5, 1 and -0.5 in the mean of a period

Contender rule(const std::string& name, const Grid& scores) { return {name, "rule", {run_of(scores)}}; }

TEST(Summary, DifferencesAreOfTheSameCells) {
  const Summary summary = summarise({rule("plain", kPlain), rule("better", kBetter), rule("mixed", kMixed)}, "plain");
  EXPECT_FALSE(summary.rows[0].difference);
  // Means differ by as much from period to period, so that its own interval is wide; the difference's is nothing.
  EXPECT_DOUBLE_EQ(summary.rows[1].difference->value, 1.0);
  EXPECT_NEAR(summary.rows[1].difference->interval->low, 1.0, 1e-12);
  EXPECT_GT(summary.rows[1].expected_score.interval->high - summary.rows[1].expected_score.interval->low, 2.0);
  EXPECT_DOUBLE_EQ(summary.rows[1].improvement->value, 1.0);
  EXPECT_NEAR(summary.rows[2].difference->value, 1.0 / 3.0, 1e-12);
  // Higher in two cells, equal in three, lower in one.
  EXPECT_NEAR(summary.rows[2].improvement->value, (2.0 + 1.5) / 6.0, 1e-12);
  EXPECT_NEAR(summary.rows[2].interquartile_share->value, 0.4, 1e-12);  // (0.2 + 0.3 + 0.5 + 0.6) / 4
}

TEST(Summary, ACandidateBesideItselfDiffersByNothing) {
  const Summary summary = summarise({rule("one", kMixed), rule("same", kMixed)}, "one");
  EXPECT_EQ(summary.rows[1].difference->value, 0.0);
  EXPECT_EQ(summary.rows[1].difference->interval->low, 0.0);
  EXPECT_EQ(summary.rows[1].difference->interval->high, 0.0);
  EXPECT_EQ(summary.rows[1].adjusted_p, 1.0);
}

TEST(Summary, PValuesAreHolmsOverTheTable) {
  const Grid other = {{1.5, 5.0}, {3.5, 7.5}, {2.5, 6.0}};
  const Summary summary = summarise({rule("plain", kPlain), rule("mixed", kMixed), rule("other", other)}, "plain");
  const std::vector<double> own = {*summary.rows[1].difference->p_value, *summary.rows[2].difference->p_value};
  const std::vector<double> adjusted = statistics::holm(own);
  EXPECT_EQ(summary.rows[1].adjusted_p, adjusted[0]);
  EXPECT_EQ(summary.rows[2].adjusted_p, adjusted[1]);
  EXPECT_GT(adjusted[1], own[1]);
}

// Trainings that differ from each other, and the candidate from the reference by 1 in each of them: of the same seeds
// nothing is uncertain about the 1.
TEST(Summary, TrainingsOfTheSameSeedsArePaired) {
  Grid high = kPlain;
  Grid higher = kBetter;
  for (Grid* grid : {&high, &higher}) {
    for (std::vector<double>& period : *grid) {
      for (double& score : period) score += 2.0;
    }
  }
  const Contender base = {"base", "policy", {run_of(kPlain, 1), run_of(high, 2)}};
  const Contender same = {"same", "policy", {run_of(kBetter, 1), run_of(higher, 2)}};
  const Contender others = {"others", "policy", {run_of(kBetter, 3), run_of(higher, 4)}};
  const Summary summary = summarise({base, same, others}, "base");
  EXPECT_EQ(summary.rows[1].trainings, 2);
  EXPECT_NEAR(summary.rows[1].difference->interval->high, 1.0, 1e-9);
  EXPECT_NEAR(summary.rows[2].difference->value, 1.0, 1e-9);
  EXPECT_GT(summary.rows[2].difference->interval->high, 2.0);
}

TEST(Summary, HindsightIsComparedWithNobodyAndOtherDaysAreRefused) {
  const Contender best = {"best", "hindsight", {run_of(kBetter)}};
  EXPECT_FALSE(summarise({rule("plain", kPlain), best}, "plain").rows[1].difference);
  EXPECT_EQ(usual_reference({best, {"policy", "policy", {}}, {"rule", "rule", {}}}), "rule");
  EXPECT_EQ(usual_reference({best, rule("alone", kPlain)}), "");
  Contender elsewhere = rule("elsewhere", kPlain);
  for (CellResult& cell : elsewhere.runs[0].cells) cell.period += 10;
  EXPECT_THROW(summarise({rule("plain", kPlain), elsewhere}, "plain"), Error);
}

TEST(Summary, TheTablesJsonHasTheMiddleHalfWithItsInterval) {
  EvaluationContext context{"corrected", "rules48", {22, 23, 24}, {0, 1}, 1};
  const auto json = table_json({context, summarise({rule("plain", kPlain)}, "")});
  const auto& row = json["rows"][0];
  EXPECT_NEAR(row["interquartile_share"].get<double>(), 0.4, 1e-12);
  EXPECT_LT(row["interquartile_low"].get<double>(), 0.4);
  EXPECT_GT(row["interquartile_high"].get<double>(), 0.4);
}

}  // namespace
}  // namespace genbid::eval
