#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/program.h"
#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

// genbid evaluate with protocol platform, from outside.

namespace genbid::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::Program;
using test::ProgramResult;
using test::run_program;

class Platform : public ::testing::Test {
 protected:
  std::string out(const std::string& name) { return folder_.path(name); }
  std::string command(const std::string& more, const std::string& dir) {
    return "evaluate configs/platform.yaml market.impressions=2000 market.budget_scale=0.004 market.periods=30..31 " +
           more + " output.dir=" + out(dir);
  }
  ProgramResult must(const std::string& more, const std::string& dir) {
    ProgramResult result = run_program(command(more, dir));
    EXPECT_EQ(result.status, 0) << result.output;
    return result;
  }
  void must_fail(const std::string& more, int status, const std::string& part) {
    const ProgramResult result = run_program(command(more, "none"));
    EXPECT_EQ(result.status, status) << result.output;
    EXPECT_NE(result.output.find(part), std::string::npos) << result.output;
    EXPECT_FALSE(fs::exists(out("none/result.json")));
  }
  Json read(const std::string& path) { return Json::parse(read_file(out(path))); }

  test::TemporaryFolder folder_;
};

// AuctionNet's PID knows the period before, whether that was played now or is kept.
TEST_F(Platform, PeriodsThatAreDoneAreNotPlayedAgain) {
  for (const std::string rules : {"corrected", "official market.population=pid48"}) {
    SCOPED_TRACE(rules);
    const std::string what = "policy=pid platform.optimum=false market.rules=" + rules;
    fs::remove_all(out("kept"));
    must(what, "kept");
    const std::string result = read_file(out("kept/result.json"));
    const auto first = fs::last_write_time(out("kept/cells/pid/period-30.safetensors"));
    fs::remove(out("kept/cells/pid/period-31.safetensors"));
    must(what, "kept");
    EXPECT_EQ(read_file(out("kept/result.json")), result);
    EXPECT_EQ(fs::last_write_time(out("kept/cells/pid/period-30.safetensors")), first);
    EXPECT_TRUE(fs::exists(out("kept/cells/pid/period-31.safetensors")));
  }
  // Of other settings they are played again: the scenario's, the mix's, with optima.
  const auto last = [&] { return fs::last_write_time(out("kept/cells/pid/period-30.safetensors")); };
  for (const char* more : {"", "platform.mix=promotion", "platform.mix=promotion market.cpa_scale=0.8"}) {
    const auto before = last();
    must(std::string("policy=pid ") + more, "kept");
    EXPECT_NE(last(), before) << more;
  }
  const auto before = last();
  must("policy=pid platform.mix=promotion market.cpa_scale=0.8", "kept");
  EXPECT_EQ(last(), before);
}

TEST_F(Platform, EveryMixHasItsResultsAndItsTable) {
  const std::string list = "policy='[pid, {policy: fixed_alpha, alpha: 60}]' ";
  const std::string text = must(list + "threads=1", "homogeneous").output;
  EXPECT_NE(text.find("protocol platform homogeneous, rules corrected, population rules48, 48 seats x 2\nperiods"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("less pid"), std::string::npos) << text;
  std::istringstream lines(text.substr(text.find("protocol platform"), text.find("conversions.")));
  for (std::string line; std::getline(lines, line) && line.rfind(out(""), 0) != 0;) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
    EXPECT_LE(columns, 80) << line;
  }
  const Json pid = read("homogeneous/pid/result.json");
  EXPECT_EQ(pid["protocol"], "platform");
  EXPECT_EQ(pid["platform"], Json({{"mix", "homogeneous"}}));
  EXPECT_EQ(pid["cells"].size(), 96U);
  EXPECT_FALSE(pid.contains("metrics_by_group"));
  EXPECT_GT(pid["metrics"]["revenue"].get<double>(), 0.0);
  EXPECT_GT(pid["cells"][5]["optimum"].get<double>(), 0.0);
  EXPECT_NE(read_file(out("homogeneous/table.md")).find("| fixed_alpha 60 |"), std::string::npos);
  EXPECT_EQ(read("homogeneous/table.json")["rows"].size(), 2U);
  EXPECT_TRUE(fs::exists(out("homogeneous/report.html")));

  must(list + "threads=3 cache_megabytes=0", "threads");
  for (const char* file : {"/pid/result.json", "/table.json", "/table.md"}) {
    EXPECT_EQ(read_file(out("threads") + file), read_file(out("homogeneous") + file)) << file;
  }
  must("policy=pid platform.mix=promotion platform.optimum=false", "promotion");
  const Json promotion = read("promotion/result.json");
  EXPECT_EQ(promotion["cells"][7]["group"], "promoted");
  EXPECT_TRUE(promotion["cells"][7]["optimum"].is_null());
  EXPECT_TRUE(promotion["metrics_by_group"].contains("promoted"));
  must("policy=pid platform.mix=heterogeneous platform.opponent='{policy: fixed_alpha, alpha: 60}'", "heterogeneous");
  const Json mixed = read("heterogeneous/result.json");
  EXPECT_EQ(mixed["platform"]["opponent"], "fixed_alpha 60");
  EXPECT_EQ(mixed["scenario"]["settings"]["platform"]["opponent"]["alpha"], 60.0);
  EXPECT_TRUE(mixed["metrics_by_group"].contains("opponent"));
  const std::string hash = mixed["scenario"]["hash"];
  EXPECT_NE(hash, pid["scenario"]["hash"]);
  EXPECT_NE(hash, promotion["scenario"]["hash"]);
  must("policy=pid platform.mix=heterogeneous platform.opponent='{policy: fixed_alpha, alpha: 61}'", "other");
  EXPECT_NE(hash, read("other/result.json")["scenario"]["hash"]);
}

// Whoever agrees to bid low pays little more than the reserve, or does not sell: prices of rules48 leave them half.
TEST_F(Platform, ReservesFromPricesBindWhereAllBidLow) {
  const std::string low = "policy='{policy: fixed_alpha, alpha: 30}' platform.optimum=false ";
  must(low, "without");
  must(low + "market.auction.reserve_from='{population: rules48, periods: 7..8}'", "with");
  const auto metric = [&](const Json& json, const char* name) { return json["metrics"][name].get<double>(); };
  const Json without = read("without/result.json"), with = read("with/result.json");
  EXPECT_GT(metric(without, "price_over_reserve"), 100.0);  // AuctionNet's reserve is next to nothing
  EXPECT_LT(metric(with, "price_over_reserve"), 2.0);
  EXPECT_GT(metric(with, "mean_reserve"), 10.0 * metric(without, "mean_reserve"));
  EXPECT_LT(metric(with, "revenue"), 0.7 * metric(without, "revenue"));
  EXPECT_NE(with["scenario"]["hash"], without["scenario"]["hash"]);
}

TEST_F(Platform, WhatCannotBeJudgedSoIsSaidOnce) {
  must_fail("policy=pid platform.mix=heterogeneous", 2, "expected one policy or rule bidder, who has the other seats");
  must_fail("policy=pid platform.opponent=pid", 2, "expected none: every seat is the candidate's unless mix");
  must_fail("policy=pid platform.mix=both", 2, "found 'both', expected one of");
  must_fail("policy='[pid, teacher]'", 2, "none that knows the day");
  must_fail("policy=pid platform.mix=heterogeneous platform.opponent=nobody", 1, "found 'nobody'");
  must_fail("policy=pid seats=3", 2, "seats");
  must_fail("policy=pid output.shard=0/2", 2, "no shard with protocol platform");
  must_fail("policy=pid market.rules=official market.auction.reserve_from='{population: rules48, periods: 7}'", 2,
            "official");
  must_fail("policy=pid reference=nobody", 2, "expected the name of a candidate");
}

TEST_F(Platform, PeriodsThatSomebodyHasSeenAreRefused) {
  ASSERT_EQ(run_program("ingest configs/ingest.yaml output=" + out("store.h5")).status, 0);
  ASSERT_EQ(run_program("train configs/quickstart/behavior_cloning.yaml run=" + out("run") +
                        " data.store=" + out("store.h5") + " train.steps=3 train.threads=1")
                .status,
            0);
  must_fail("policy=" + out("run") + " market.periods=7", 1, "market.periods: found period 7, which this policy was");
  must_fail("policy=pid market.periods=7 platform.mix=heterogeneous platform.opponent=" + out("run"), 1,
            "found period 7, which this policy was trained on");
  must("policy=" + out("run"), "judged");
  EXPECT_EQ(read("judged/result.json")["candidate"]["model"], "perceptron");
}

TEST_F(Platform, ASignalLeavesWholePeriodsAndNothingElse) {
  const std::string dir = out("stopped");
  Program program({"evaluate", "configs/platform.yaml", "market.periods=100..400", "output.dir=" + dir}, out("log"));
  ASSERT_TRUE(test::wait_for([&] { return program.catches(SIGTERM); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 128 + SIGTERM);
  int files = 0;
  if (fs::exists(dir)) {
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
      files += entry.is_regular_file() && entry.path().extension() != ".safetensors" ? 1 : 0;
    }
  }
  EXPECT_EQ(files, 0);
}

// An experiment's table has the numbers of the protocol, a block for each market.
TEST_F(Platform, AnExperimentIsJudgedSo) {
  write_file(out("experiment.yaml"),
             "kind: ablate\nname: small\ndir: " + out("experiments") +
                 "\nevaluate: configs/platform.yaml\nset: [market.impressions=2000, market.budget_scale=0.004, "
                 "market.periods=30..31]\nmarkets: [{name: usual}, {name: promotion, set: [platform.mix=promotion]}]\n"
                 "variants: [{policy: pid}, {policy: {policy: fixed_alpha, alpha: 60}}]\n");
  const ProgramResult result = run_program("ablate " + out("experiment.yaml"));
  ASSERT_EQ(result.status, 0) << result.output;
  const Json table = read("experiments/small/table.json");
  ASSERT_EQ(table["blocks"].size(), 2U);
  EXPECT_EQ(table["blocks"][0]["rows"].size(), 2U);
  EXPECT_EQ(table["blocks"][1]["rows"].size(), 6U);
  EXPECT_TRUE(table["blocks"][1]["rows"][3]["difference"]["gini"]["low"].is_number());
  const Json one = read("experiments/small/cells/pid/evaluation-usual/result.json");
  EXPECT_EQ(table["blocks"][0]["rows"][0]["metrics"]["revenue"]["value"], one["metrics"]["revenue"]);
}

}  // namespace
}  // namespace genbid::app
