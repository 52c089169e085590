#include "report/read_results.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

namespace genbid::report {
namespace {

std::string result(const std::string& name, const std::string& population, const std::string& more = {}) {
  return "{\"name\": \"" + name + "\", \"kind\": \"rule\", \"protocol\": \"market\", \"rules\": \"corrected\", " +
         "\"population\": \"" + population + "\", \"periods\": [22, 23, 24, 30], \"seats\": [0], \"seed\": 1, " + more +
         "\"program\": \"genbid 0.1.0\", \"mean\": {}, \"cells\": [{\"period\": 22, \"seat\": 0, \"budget\": 100, " +
         "\"cpa_limit\": 10, \"expected_score\": 3.5, \"score\": 4, \"conversions\": 4, \"expected_conversions\": "
         "3.6, " +
         "\"cost\": 30, \"wins\": 9, \"last_active_tick\": 47, \"optimum\": 5}]}";
}

class ReadResults : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) { write_file(folder_.path(name), text); }
  Results read() { return read_results(result_files(folder_.path())); }
  void expect_error(const std::string& text, const std::string& part) {
    put("result.json", text);
    try {
      read();
      FAIL() << "expected an Error with " << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(folder_.path("result.json")), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
  test::TemporaryFolder folder_;
};

TEST_F(ReadResults, TheFolderHasOneOrItsSubfoldersHaveThem) {
  put("b/result.json", result("b", "rules48"));
  put("a/result.json", result("a", "rules48"));
  put("a/other.txt", "");
  EXPECT_EQ(result_files(folder_.path()),
            (std::vector<std::string>{folder_.path("a/result.json"), folder_.path("b/result.json")}));
  put("result.json", result("c", "rules48"));
  EXPECT_EQ(result_files(folder_.path()), std::vector<std::string>{folder_.path("result.json")});
}

TEST_F(ReadResults, CellsAndWhatWasAskedAreRead) {
  put("result.json", result("a", "rules48", "\"asked\": {\"target_return\": 1.1}, "));
  const Results results = read();
  ASSERT_EQ(results.judgements.size(), 1U);
  const ReportCandidate& candidate = results.judgements[0].candidates[0];
  EXPECT_EQ(candidate.name, "a");
  EXPECT_EQ(candidate.target_return, 1.1);
  EXPECT_FALSE(candidate.target_cpa);
  ASSERT_EQ(candidate.cells.size(), 1U);
  EXPECT_EQ(candidate.cells[0].expected_score, 3.5);
  EXPECT_EQ(candidate.cells[0].optimum, 5.0);
  EXPECT_EQ(results.judgements[0].conditions[3].text, "22..24, 30");  // periods
}

TEST_F(ReadResults, OnlyThoseUnderTheSameConditionsComeTogether) {
  put("a/result.json", result("a", "rules48"));
  put("b/result.json", result("b", "pid48"));
  put("c/result.json", result("c", "rules48"));
  const Results results = read();
  ASSERT_EQ(results.judgements.size(), 2U);
  EXPECT_EQ(results.judgements[0].candidates.size(), 2U);
  EXPECT_EQ(results.judgements[1].candidates[0].name, "b");
}

TEST_F(ReadResults, WhatElseTheySayIsToldOnce) {
  put("a/result.json", result("a", "rules48", "\"checkpoint\": {\"step\": 7}, "));
  put("b/result.json", result("b", "rules48"));
  const Results results = read();
  ASSERT_EQ(results.versions.size(), 2U);
  EXPECT_EQ(results.versions[0].name, "checkpoint of a");
  EXPECT_EQ(results.versions[0].text, "step 7");
  EXPECT_EQ(results.versions[1].name, "program");
}

TEST_F(ReadResults, WhatIsNotRealisedStandsAsExpected) {
  std::string text = result("a", "rules48");
  text.replace(text.find("\"score\": 4"), 10, "\"score\": null");
  text.replace(text.find("\"optimum\": 5"), 12, "\"optimum\": null");
  put("result.json", text);
  const Results results = read();
  EXPECT_EQ(results.judgements[0].candidates[0].cells[0].score, 3.5);
  EXPECT_TRUE(std::isnan(results.judgements[0].candidates[0].cells[0].optimum));
}

TEST_F(ReadResults, AFileThatIsNoResultIsNamedWithWhatIsWrong) {
  expect_error("nonsense", "found a file that is no JSON object, expected a result of `genbid evaluate`");
  expect_error("{\"name\": \"a\"}", "found no key 'protocol', expected a result of `genbid evaluate`");
  expect_error("{\"protocol\": \"market\", \"name\": 7}", "key 'name': found 7, expected a text");
  expect_error("{\"protocol\": \"m\", \"name\": \"a\", \"kind\": \"rule\", \"cells\": []}",
               "key 'cells': found [], expected a list with at least one cell");
  std::string text = result("a", "rules48");
  text.replace(text.find("\"cost\": 30"), 10, "\"cost\": \"much\"");
  expect_error(text, "cell 0: key 'cost': found \"much\", expected a number");
}

}  // namespace
}  // namespace genbid::report
