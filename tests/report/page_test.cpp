#include "report/page.h"

#include <gtest/gtest.h>

#include "report/experiment_section.h"
#include "report/palette.h"
#include "report/sample_input.h"
#include "report/section.h"
#include "report/well_formed.h"

namespace genbid::report {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Page, IsWellFormedWithEverythingInIt) {
  const std::string page = page_html(test::sample_input(10, 300));
  EXPECT_EQ(test::WellFormed::fault(page), "");
  for (const char* figure :
       {"training-0", "judged-0-scores", "judged-0-differences", "judged-0-score-distribution",
        "judged-0-cpa-distribution", "judged-0-profile", "judged-0-pacing", "judged-0-alpha", "judged-0-price",
        "judged-0-win-curve", "judged-0-cost-curve", "judged-0-slot-curve", "judged-0-calibration",
        "judged-0-calibration-ratio", "judged-0-lorenz", "judged-0-asked-return", "judged-0-asked-cpa"}) {
    EXPECT_TRUE(has(page, "<figure id=\"" + std::string(figure) + "\"")) << figure;
  }
}

TEST(Page, NamesFromOutsideAreText) {
  const std::string page = page_html(test::sample_input(10, 10));
  EXPECT_FALSE(has(page, "<b>"));
  EXPECT_FALSE(has(page, "<diffbid>"));
  EXPECT_TRUE(has(page, "Training &lt;mine&gt; &amp; others"));
  EXPECT_TRUE(has(page, "name: &quot;&lt;diffbid&gt;&quot;"));
}

TEST(Page, NeedsNothingThatLiesElsewhere) {
  const std::string page = page_html(test::sample_input(10, 10));
  for (const char* part : {"http", "src=", "url(", "@import", "<script", "<link", "<image", " onload="}) {
    EXPECT_FALSE(has(page, part)) << part;
  }
}

TEST(Page, WhatThereIsNoDataForHasNoSection) {
  ReportInput training = test::sample_input(1, 10);
  training.judgements.clear();
  const std::string trained = page_html(training);
  EXPECT_TRUE(has(trained, "Training curves"));
  for (const char* heading : {"Judged", "Calibration", "Pacing", "Scores"}) EXPECT_FALSE(has(trained, heading));

  ReportInput evaluation = test::sample_input(3, 10);
  evaluation.metrics.clear();
  evaluation.config_yaml.clear();
  for (ReportCandidate& candidate : evaluation.judgements[0].candidates) {
    candidate.days = {};
    candidate.target_return.reset();
    candidate.target_cpa.reset();
  }
  const std::string judged = page_html(evaluation);
  EXPECT_TRUE(has(judged, "Calibration"));
  for (const char* heading : {"Training curves", ">Pacing<", "win and cost", "What was asked", ">Config<"}) {
    EXPECT_FALSE(has(judged, heading)) << heading;
  }
  const std::string empty = page_html({});
  EXPECT_EQ(test::WellFormed::fault(empty), "");
  EXPECT_FALSE(has(empty, "<h2"));
}

TEST(Page, StaysSmallWhateverItIsMadeOf) {
  ReportInput input = test::sample_input(70, 100000);
  for (int i = 0; i < 6; ++i) input.judgements.push_back(input.judgements[0]);
  input.judgements.push_back(test::sample_judgement(700, 1, 2));
  for (int i = 0; i < 60; ++i)
    input.metrics.push_back(test::sample_metric("train/loss/" + std::to_string(i), 1000, 1.0));
  for (int i = 0; i < 60; ++i)
    input.metrics.push_back(test::sample_metric("train/more" + std::to_string(i), 1000, 1.0));
  input.config_yaml.assign(1 << 20, 'x');
  input.versions.assign(1000, {"a", std::string(10000, 'y')});
  const std::string page = page_html(input);
  EXPECT_EQ(test::WellFormed::fault(page), "");
  EXPECT_LT(page.size(), 9U << 18);
}

TEST(Page, ChartsShowTheBestCandidates) {
  const Judgement judgement = test::sample_judgement(30);
  const auto charted = charted_candidates(judgement);
  ASSERT_EQ(charted.size(), static_cast<size_t>(kNumStyles));
  const std::string page = [&] {
    ReportInput input;
    input.judgements = {judgement};
    return page_html(input);
  }();
  EXPECT_TRUE(has(page, "Charts show the 10 best of 30 candidates."));
  EXPECT_TRUE(has(page, "behavior_cloning #28"));  // in the table
}

// Two cells of two ticks: half of the first budget in the first tick and nothing of the other.
TEST(Page, PacingIsTheMeanShareOfBudgetsSpentSoFar) {
  ReportCandidate candidate;
  candidate.name = "one";
  candidate.kind = "rule";
  CandidateDays& days = candidate.days;
  days.ticks = 2;
  days.budget = {100.0, 10.0};
  days.cpa_limit = {10.0, 5.0};
  days.alpha = {10.0, 20.0, 5.0, std::nan("")};
  days.spend = {50.0, 50.0, 0.0, 5.0};
  days.value = {1.0, 1.0, 0.0, 1.0};
  days.wins = {2.0, 4.0, 0.0, 1.0};
  days.price = {0.5, 0.25, std::nan(""), 1.0};
  const std::vector<Section> sections = day_sections({&candidate}, {}, "x");
  ASSERT_EQ(sections.size(), 2U);
  const std::string& pacing = sections[0].figures[0];
  EXPECT_TRUE(has(pacing, "<tr><td>1</td><td>0.5</td><td>0.25</td></tr>")) << pacing;  // tick, even, one
  EXPECT_TRUE(has(pacing, "<tr><td>2</td><td>1</td><td>0.75</td></tr>")) << pacing;
  const std::string& alpha = sections[0].figures[1];
  EXPECT_TRUE(has(alpha, "<td>0</td><td>1</td>")) << alpha;  // 10 / 10 and 5 / 5
  EXPECT_TRUE(has(alpha, "<td>1</td><td>2</td>")) << alpha;  // 20 / 10; the other did not bid
}

// Two periods of two cells that reach 0.15, 0.45, 0.45 and 0.85 of their optimum of 10; a fifth has none to reach.
TEST(Page, AProfileIsTheShareOfCellsAboveAShareOfTheOptimum) {
  ReportCandidate candidate;
  candidate.name = "one";
  candidate.kind = "rule";
  for (const double score : {1.5, 4.5, 4.5, 8.5, 3.0}) {
    CellOutcome& cell = candidate.cells.emplace_back();
    cell.period = candidate.cells.size() <= 2 ? 1 : 2;
    cell.budget = cell.cpa_limit = 1.0;
    cell.expected_score = score;
    cell.optimum = candidate.cells.size() < 5 ? 10.0 : 0.0;
  }
  const std::string profile = outcome_sections({&candidate}, "x")[0].figures[2];
  const std::string row = "<tr><th scope=\"row\" class=\"name\">one</th>";
  EXPECT_TRUE(has(profile, row + "<td>0</td><td>1</td><td>1</td><td>1</td></tr>")) << profile;
  EXPECT_TRUE(has(profile, row + "<td>0.4</td><td>0.75</td><td>0</td><td>1</td></tr>")) << profile;
  EXPECT_TRUE(has(profile, row + "<td>0.5</td><td>0.25</td><td>0</td><td>1</td></tr>")) << profile;
  EXPECT_TRUE(has(profile, row + "<td>1</td><td>0</td><td>0</td><td>0</td></tr>")) << profile;
}

// Three ticks with a bid, alphas 1, 2 and 1.5 times the limit; the fourth has none and does not count.
TEST(Page, CurvesAreOfTheTicksWithABid) {
  ReportCandidate candidate;
  candidate.name = "one";
  candidate.kind = "rule";
  candidate.days = {2,
                    {100.0, 10.0},
                    {10.0, 5.0},
                    {10.0, 20.0, 7.5, std::nan("")},
                    {50.0, 20.0, 1.0, 0.0},
                    {1.0, 1.0, 0.5, 0.0},
                    {2.0, 4.0, 1.0, 0.0},
                    {0.5, 0.25, 0.7, 0.1}};
  const std::vector<Section> sections = day_sections({&candidate}, {}, "x");
  ASSERT_EQ(sections.size(), 2U);
  EXPECT_TRUE(has(sections[1].figures[0], "<tr><td>0</td><td>0.6</td></tr>"));  // price: (0.5 + 0.7) / 2
  const auto& curves = sections[1].figures;
  EXPECT_TRUE(has(curves[1], "<tr><td>1.5</td><td>1</td></tr>")) << curves[1];
  EXPECT_TRUE(has(curves[2], "<tr><td>2</td><td>20</td></tr>")) << curves[2];  // 20 of 100
  EXPECT_TRUE(has(curves[3], "<tr><td>1</td><td>25</td></tr>")) << curves[3];  // 50 for 2 slots
}

// Of two cells with budgets of 100 and 10.
TEST(Page, WhatHindsightSpendsIsALineToCompareWith) {
  const ReportCandidate rule = test::sample_candidate("rule", 1, 1, 4);
  const BestSpend best = {2, {100.0, 10.0}, {80.0, 20.0, 2.0, 6.0}};
  const std::string pacing = day_sections({&rule}, best, "x")[0].figures[0];
  EXPECT_TRUE(has(pacing, ">hindsight</text>"));
  EXPECT_TRUE(has(pacing, "line best"));
  EXPECT_TRUE(has(pacing, "<th scope=\"row\" class=\"name\">hindsight</th><td>1</td><td>0.5</td>")) << pacing;
  EXPECT_TRUE(has(pacing, "<th scope=\"row\" class=\"name\">hindsight</th><td>2</td><td>0.9</td>")) << pacing;
  EXPECT_FALSE(has(day_sections({&rule}, {}, "x")[0].figures[0], "hindsight"));
}

TEST(Page, AnExperimentHasItsTablesCurvesAndCells) {
  const std::string page = page_html(test::sample_experiment(7, 300));
  EXPECT_EQ(test::WellFormed::fault(page), "");
  for (const char* figure : {"block-0-differences", "block-0-scores", "block-0-profile", "block-1-differences",
                             "block-1-profile", "variants-0", "variants-1"}) {
    EXPECT_TRUE(has(page, "<figure id=\"" + std::string(figure) + "\"")) << figure;
  }
  EXPECT_TRUE(has(page, "tight &amp; &lt;dear&gt;"));
  EXPECT_TRUE(has(page, "1 of 9 cells are not done"));
  EXPECT_TRUE(has(page, "<a href=\"cells/a%20rule%3F/evaluation/report.html\">evaluation</a>"));
  EXPECT_TRUE(has(page, "(failed: evaluate: no &lt;policy&gt;)"));
  EXPECT_TRUE(has(page, "kind: ablate"));
}

TEST(Page, OfAnExperimentStaysSmallToo) {
  ReportInput input = test::sample_experiment(300, 20000 / 300);
  for (int i = 0; i < 60; ++i) input.experiment->blocks.push_back(input.experiment->blocks[0]);
  const std::string page = page_html(input);
  EXPECT_EQ(test::WellFormed::fault(page), "");
  EXPECT_LT(page.size(), 2U << 20);
}

// Two periods of two cells, and two trainings: of the eight cells seven have more than 0.4 of what was possible, six
// more than 0.6. What nobody could score at does not count, and what is known in hindsight has no line.
TEST(Page, AVariantsProfileIsOverItsTrainings) {
  TableBlock block;
  for (const char* name : {"trained", "best", "lost"}) {
    TableLine& line = block.lines.emplace_back();
    line.name = name;
    line.kind = name == std::string("best") ? "hindsight" : "policy";
  }
  block.cells = {{"trained", {}}, {"best", {{{1, 0, 0}, {}, 1, 5.0, 5.0}}}};
  for (const int64_t seed : {1, 2}) {
    for (const int64_t period : {7, 8}) {
      block.cells[0].cells.push_back({{1, period, 0}, seed, 1, 9.0, 10.0});
      block.cells[0].cells.push_back({{1, period, 1}, seed, 1, seed == 1 ? 3.5 : period == 7 ? 3.0 : 2.0, 5.0});
      block.cells[0].cells.push_back({{1, period, 2}, seed, 1, 0.0, 0.0});
    }
  }
  const std::vector<Section> sections = block_sections(block, {{"trained", 0}, {"best", 1}, {"lost", 2}}, "x");
  ASSERT_EQ(sections.size(), 2U);
  const std::string& figure = sections[1].figures.at(0);
  const std::string row = "<th scope=\"row\" class=\"name\">trained</th>";
  EXPECT_TRUE(has(figure, row + "<td>0.4</td><td>0.875</td>")) << figure;
  EXPECT_TRUE(has(figure, row + "<td>0.6</td><td>0.75</td>")) << figure;
  EXPECT_TRUE(has(figure, row + "<td>0</td><td>1</td>")) << figure;
  EXPECT_FALSE(has(figure, ">best<"));
  EXPECT_FALSE(has(figure, ">lost<"));
}

// Three trainings, whose median is the middle one whatever their order.
TEST(Page, AVariantsCurveIsTheMedianOfItsTrainings) {
  Experiment experiment;
  const auto run = [](double level) {
    return std::vector<MetricCurve>{{"train/loss", {1.0, 2.0}, {level, level / 2.0}}};
  };
  experiment.trainings = {{"one", {run(8.0), run(2.0), run(4.0)}}};
  const std::vector<Section> sections = variant_curves(experiment, variant_styles(experiment));
  ASSERT_EQ(sections[0].figures.size(), 1U);
  const std::string& figure = sections[0].figures[0];
  EXPECT_TRUE(has(figure, "<td>1</td><td>4</td><td>2</td><td>8</td>")) << figure;
}

}  // namespace
}  // namespace genbid::report
