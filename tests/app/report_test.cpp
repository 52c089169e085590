#include <gtest/gtest.h>

#include <filesystem>

#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

// `genbid report` from outside: the page of a training, of an evaluation and of both, and what it refuses.

namespace genbid::app {
namespace {

using test::run_program;

constexpr const char* kResult =
    R"({"name": "pid", "kind": "rule", "protocol": "market", "rules": "corrected", "population": "rules48",
 "periods": [22], "seats": [0, 1], "seed": 1, "program": "genbid 0.1.0", "mean": {}, "cells": [
 {"period": 22, "seat": 0, "budget": 100, "cpa_limit": 10, "expected_score": 3.5, "score": 4, "conversions": 4,
  "expected_conversions": 3.6, "cost": 30, "optimum": 5},
 {"period": 22, "seat": 1, "budget": 100, "cpa_limit": 10, "expected_score": 4.5, "score": 5, "conversions": 5,
  "expected_conversions": 4.6, "cost": 30, "optimum": 5}]})";

class Report : public ::testing::Test {
 protected:
  std::string out(const std::string& name) { return folder_.path(name); }
  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(out(name)).parent_path());
    write_file(out(name), text);
  }
  void put_training() {
    put("run/config.yaml", "kind: train\nrun: \"a <b>\"\n");
    put("run/metrics.jsonl", "{\"step\": 50, \"train/loss\": 0.5}\n{\"step\": 100, \"train/loss\": 0.25}\n");
  }
  void expect_refused(const std::string& arguments, const std::string& part) {
    const auto result = run_program("report " + arguments);
    EXPECT_EQ(result.status, 1) << result.output;
    EXPECT_NE(result.output.find(part), std::string::npos) << result.output;
  }
  std::string page(const std::string& arguments, const std::string& place) {
    const auto result = run_program("report " + arguments);
    EXPECT_EQ(result.status, 0) << result.output;
    EXPECT_EQ(result.output, out(place) + "\n");
    return read_file(out(place));
  }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  test::TemporaryFolder folder_;
};

TEST_F(Report, ATrainingHasItsCurvesAndItsConfig) {
  put_training();
  const std::string html = page(out("run/"), "run/report.html");
  EXPECT_TRUE(has(html, "Training run"));
  EXPECT_TRUE(has(html, "0.25 at step 100"));
  EXPECT_TRUE(has(html, "genbid train " + out("run") + "/config.yaml"));
  EXPECT_TRUE(has(html, "a &lt;b&gt;"));
  EXPECT_FALSE(has(html, "Judged"));
}

TEST_F(Report, AnEvaluationHasItsCandidates) {
  put("eval/pid/result.json", kResult);
  const std::string html = page(out("eval") + " --output " + out("elsewhere/page.html"), "elsewhere/page.html");
  EXPECT_TRUE(has(html, "Evaluation eval"));
  EXPECT_TRUE(has(html, "Judged: market, corrected, rules48"));
  EXPECT_TRUE(has(html, "80.0 %"));  // (3.5 + 4.5) / (5 + 5)
  EXPECT_FALSE(std::filesystem::exists(out("eval/report.html")));
}

TEST_F(Report, ATrainingThatWasJudgedInItsFolderHasBoth) {
  put_training();
  put("run/eval/result.json", kResult);
  const std::string html = page(out("run"), "run/report.html");
  EXPECT_TRUE(has(html, "Training curves"));
  EXPECT_TRUE(has(html, "Judged: market, corrected, rules48"));
}

TEST_F(Report, AnEvaluationEndsWithOneThatShowsItsDays) {
  const auto done = run_program(
      "evaluate configs/evaluate.yaml policy='[pid, {policy: fixed_alpha, alpha: 90}]' market.impressions=2000 "
      "market.budget_scale=0.004 market.periods=30 output.dir=" +
      out("eval"));
  ASSERT_EQ(done.status, 0) << done.output;
  EXPECT_TRUE(has(done.output, "report: " + out("eval/report.html"))) << done.output;
  const std::string html = read_file(out("eval/report.html"));
  EXPECT_TRUE(has(html, "Spend against time"));
  EXPECT_TRUE(has(html, ">hindsight</text>"));
  EXPECT_TRUE(has(html, "Difference from pid"));
  EXPECT_TRUE(has(html, "Win curve"));
  EXPECT_TRUE(has(html, "All settings of the scenario"));
  EXPECT_EQ(page(out("eval"), "eval/report.html"), html);

  // Another candidate's cells, as an evaluation of other settings may leave them.
  std::filesystem::copy_file(out("eval/cells/pid/period-30.safetensors"),
                             out("eval/cells/fixed_alpha_90/period-30.safetensors"),
                             std::filesystem::copy_options::overwrite_existing);
  const std::string partly = page(out("eval"), "eval/report.html");
  const size_t pacing = partly.find("judged-0-pacing");
  ASSERT_NE(pacing, std::string::npos);
  const std::string figure = partly.substr(pacing, partly.find("</figure>", pacing) - pacing);
  EXPECT_TRUE(has(figure, "pid"));
  EXPECT_FALSE(has(figure, "fixed_alpha"));

  put("eval/cells/pid/period-30.safetensors", "damaged");
  expect_refused(out("eval"), out("eval/cells/pid/period-30.safetensors"));
  std::filesystem::remove_all(out("eval/cells"));
  EXPECT_FALSE(has(page(out("eval"), "eval/report.html"), "Spend against time"));
}

// Page and table are the same: what the table says is shown, and it is made anew where it is of others.
TEST_F(Report, ItsTableIsThatOfTheEvaluation) {
  put("eval/pid/result.json", kResult);
  EXPECT_TRUE(has(page(out("eval"), "eval/report.html"), ">4.00<"));
  const auto table = [](const std::string& name, const std::string& score) {
    return R"({"scenario": "", "periods": [22], "seats": 2, "reference": "", "rows": [{"name": ")" + name +
           R"(", "kind": "rule", "trainings": 0, "axes": "one period", "expected_score": )" + score +
           R"(, "score": 7.25, "conversions": 4.5, "expected_cpa_exceed_share": 0, "budget_use": 0.3,
 "share_of_optimum": 0.8}]})";
  };
  put("eval/table.json", table("pid", "4"));
  EXPECT_TRUE(has(page(out("eval"), "eval/report.html"), ">7.25<"));
  put("eval/table.json", table("other", "4"));
  EXPECT_FALSE(has(page(out("eval"), "eval/report.html"), ">7.25<"));
  put("eval/table.json", table("pid", "5"));
  EXPECT_FALSE(has(page(out("eval"), "eval/report.html"), ">7.25<"));
  put("eval/table.json", "nonsense");
  expect_refused(out("eval"), out("eval/table.json") + ": damaged: no JSON");
}

// How Res is spread: the two trainings' curves in the mean, whatever the order of rows.
TEST_F(Report, AnEvaluationOfCampaignsHasItsWorstAndItsLorenzCurve) {
  const std::string table =
      R"({"blocks": [{"name": "", "protocol": "campaigns", "set": "test", "samples": 4, "scenario": "abc",
 "reference": "mine", "rows": [{"name": "mine", "kind": "policy", "trainings": 2, "axes": "", "res": 0.5, "ggf": 0.4,
 "gini": 0.3, "worst_30": 0.1, "worst_10": 0, "violation_share": 0, "excess": 0}]}]})";
  put("eval/table.json", table);
  EXPECT_FALSE(has(page(out("eval"), "eval/report.html"), "Lorenz"));
  put("eval/outcomes.csv",
      "candidate,training,res\nmine,0,1\nmine,1,0.5\nmine,0,-1\nmine,0,0.5\nmine,1,0.5\nother,0,1\nmine,1,0.5\n"
      "mine,0,0.5\nmine,1,0.5\n");
  const std::string html = page(out("eval"), "eval/report.html");
  const auto figure = [&](const std::string& id) {
    const size_t at = html.find(id);
    EXPECT_NE(at, std::string::npos);
    return html.substr(at, html.find("</figure>", at) - at);
  };
  // Half of the campaigns: (-1 + 0.5) / 2 in the first training, 0.5 in the second.
  EXPECT_TRUE(has(figure("campaigns-tail"), "<td>50</td><td>0.125</td>")) << figure("campaigns-tail");
  // The worse half has (0 + 0.5) / 2 = 25 % of the sum and 50 %: 25 % and 0 % are missing.
  EXPECT_TRUE(has(figure("campaigns-lorenz"), "<td>50</td><td>12.5</td>")) << figure("campaigns-lorenz");
  put("eval/outcomes.csv", "candidate,training,res\nmine,0,\n");
  expect_refused(out("eval"), "outcomes.csv:2: column 'res': found '', expected a number");
}

// Readers take every result.json of a folder for one of its evaluation.
TEST_F(Report, AResultOfWhoIsNoLongerJudgedIsSetAside) {
  const auto judge = [&](const std::string& policy) {
    const auto result = run_program(
        "evaluate configs/evaluate.yaml market.impressions=2000 market.budget_scale=0.004 "
        "market.periods=30 seats=[0] policy='" +
        policy + "' output.dir=" + out("eval"));
    ASSERT_EQ(result.status, 0) << result.output;
  };
  const auto is_there = [&](const std::string& name) { return std::filesystem::exists(out("eval/" + name)); };
  const auto shown = [&](const std::string& name) { return has(read_file(out("eval/report.html")), name); };
  judge("[pid, pacing]");
  put("eval/another/result.json", read_file(out("eval/pacing/result.json")));
  put("eval/another/table.json", read_file(out("eval/table.json")));  // an evaluation of its own
  put("eval/notes/result.json", "{}");
  judge("[pid, abid]");
  EXPECT_TRUE(is_there("pid/result.json") && is_there("abid/result.json"));
  EXPECT_FALSE(is_there("pacing/result.json"));
  EXPECT_TRUE(is_there("pacing/result.earlier.json"));
  EXPECT_TRUE(is_there("another/result.json") && is_there("notes/result.json"));
  std::filesystem::remove_all(out("eval/another"));
  std::filesystem::remove_all(out("eval/notes"));

  judge("pid");  // in the folder itself
  EXPECT_TRUE(is_there("result.json") && is_there("pid/result.earlier.json") && is_there("abid/result.earlier.json"));
  EXPECT_FALSE(is_there("pid/result.json") || is_there("abid/result.json"));
  judge("[pid, pacing]");
  EXPECT_TRUE(is_there("result.earlier.json") && is_there("pid/result.json") && is_there("pacing/result.json"));
  EXPECT_FALSE(is_there("result.json"));
  EXPECT_TRUE(shown(">pacing<"));
  EXPECT_FALSE(shown(">abid<"));
}

TEST_F(Report, TheSameFolderGivesTheSameBytes) {
  put("eval/result.json", kResult);
  const std::string first = page(out("eval"), "eval/report.html");
  EXPECT_EQ(page(out("eval"), "eval/report.html"), first);
}

TEST_F(Report, AFolderWithoutEitherIsRefused) {
  std::filesystem::create_directory(out("empty"));
  expect_refused(out("empty"), out("empty") + ": found neither metrics.jsonl and config.yaml nor a result.json");
  EXPECT_TRUE(std::filesystem::is_empty(out("empty")));
  expect_refused(out("nowhere"), out("nowhere") + ": found nothing there, expected the folder of a training");
  put("table/table.json", "{}");
  expect_refused(out("table"), out("table/table.json") + ": found no key 'scenario', expected a table.json");
  put("table/table.json", R"({"blocks": []})");
  expect_refused(out("table"), out("table") + ": found a table.json, but not the result.json");
  put("file", "text");
  expect_refused(out("file"), out("file") + ": found a file, expected the folder of a training");
}

TEST_F(Report, AResultThatCannotBeReadIsNamedAndNothingIsWritten) {
  put("eval/a/result.json", kResult);
  put("eval/b/result.json", "{\"name\": \"b\"");
  expect_refused(out("eval"), out("eval/b/result.json") + ": found a file that is no JSON object, expected a result");
  EXPECT_FALSE(std::filesystem::exists(out("eval/report.html")));
  put("eval/b/result.json", "{\"protocol\": \"market\", \"name\": \"b\", \"kind\": \"rule\"}");
  expect_refused(out("eval"), out("eval/b/result.json") + ": found no key 'cells'");
}

TEST_F(Report, ALineOfMetricsThatIsNoneIsNamed) {
  put_training();
  put("run/metrics.jsonl", "{\"step\": 50}\nnonsense\n");
  expect_refused(out("run"), out("run/metrics.jsonl") + ":2: found 'nonsense'");
  put("run/metrics.jsonl", "{\"step\": 50, \"train/loss\": 0.5}\n{\"step\": 100, \"tra");  // is still written
  EXPECT_TRUE(has(page(out("run"), "run/report.html"), "0.5 at step 50"));
}

TEST_F(Report, OnlyAReportIsReplaced) {
  put_training();
  put("mine.html", "<html>my own</html>");
  expect_refused(out("run") + " --output " + out("mine.html"), out("mine.html"));
  EXPECT_EQ(read_file(out("mine.html")), "<html>my own</html>");
}

TEST_F(Report, WithoutAFolderItIsWrongUse) {
  EXPECT_EQ(run_program("report").status, 2);
  EXPECT_NE(run_program("report --help").output.find("genbid report runs/NAME"), std::string::npos);
}

}  // namespace
}  // namespace genbid::app
