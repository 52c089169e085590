#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "app/program.h"
#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

// From a training to bids without LibTorch, from outside: export, inspect, evaluate and act.

namespace genbid::app {
namespace {

using test::run_program;
namespace fs = std::filesystem;

class Export : public ::testing::Test {
 protected:
  void SetUp() override { must("ingest configs/ingest.yaml output=" + out("store.h5")); }
  std::string out(const std::string& name) { return folder_.path() + "/" + name; }
  std::string must(const std::string& command) {
    const auto result = run_program(command);
    EXPECT_EQ(result.status, 0) << command << "\n" << result.output;
    return result.output;
  }
  void train(const std::string& model) {
    const std::string config = model == "diffbid" ? "configs/diffbid.yaml model.width=16 model.embedding=16 "
                                                    "data.train_periods=7 data.held_out_periods=8"
                                                  : "configs/quickstart/" + model + ".yaml";
    must("train " + config + " run=" + out(model) + " data.store=" + out("store.h5") +
         " train.threads=1 train.batch_size=16 train.steps=20");
  }
  std::string fails(const std::string& command) {
    const auto result = run_program(command);
    EXPECT_NE(result.status, 0) << command;
    return result.output;
  }

  test::TemporaryFolder folder_;
};

// A seat's day may differ by what single impressions that a last bit decides bring; the mean may not.
TEST_F(Export, BundlesBidAsTheirCheckpoints) {
  for (const std::string model : {"behavior_cloning", "decision_transformer", "diffbid"}) {
    SCOPED_TRACE(model);
    train(model);
    must("export " + out(model) + " output=" + out("bundles/" + model));
    const std::string market = " market.impressions=4000 market.budget_scale=0.008 market.periods=30 ";
    must("evaluate configs/evaluate.yaml policy=" + out(model) + market + "output.dir=" + out(model + "_policy"));
    must("evaluate configs/evaluate.yaml policy=" + out("bundles/" + model) + market +
         "output.dir=" + out(model + "_bundle"));
    const auto policy = nlohmann::json::parse(read_file(out(model + "_policy/result.json")));
    const auto bundle = nlohmann::json::parse(read_file(out(model + "_bundle/result.json")));
    ASSERT_EQ(policy["cells"].size(), bundle["cells"].size());
    const double mean = policy["mean"]["expected_score"];
    EXPECT_NEAR(bundle["mean"]["expected_score"].get<double>(), mean, 2e-4 * mean);
    for (size_t i = 0; i < policy["cells"].size(); ++i) {
      const double expected = policy["cells"][i]["expected_score"];
      EXPECT_NEAR(bundle["cells"][i]["expected_score"].get<double>(), expected, 0.01 * std::max(expected, mean)) << i;
    }
    EXPECT_EQ(bundle["kind"], "policy");
  }
}

TEST_F(Export, DaysOfItsTrainingAreRefused) {
  train("behavior_cloning");
  must("export " + out("behavior_cloning") + " output=" + out("bundles"));
  const std::string error = fails("evaluate configs/evaluate.yaml policy=" + out("bundles") +
                                  " market.impressions=2000 market.periods=7 output.dir=" + out("seen"));
  EXPECT_NE(error.find("found period 7, which this policy was trained on"), std::string::npos) << error;
}

TEST_F(Export, SaysWhatThingsAre) {
  train("behavior_cloning");
  must("export " + out("behavior_cloning") + " output=" + out("bundles") + " version=first");
  const std::string bundle = must("inspect " + out("bundles") + " --operators");
  for (const char* text :
       {"bundle\n", "perceptron, version first", "constraint, 22", "coefficients f32 [R, 1]", "linear("}) {
    EXPECT_NE(bundle.find(text), std::string::npos) << text << "\n" << bundle;
  }
  EXPECT_NE(must("inspect " + out("behavior_cloning")).find("checkpoint\n"), std::string::npos);
  EXPECT_NE(must("inspect " + out("store.h5")).find("trajectory store\n"), std::string::npos);
  const auto json = nlohmann::json::parse(must("inspect " + out("bundles") + " --json"));
  EXPECT_EQ(json["what"], "bundle");
  EXPECT_NE(fails("inspect configs").find("expected a bundle, a checkpoint"), std::string::npos);
}

TEST_F(Export, ActsByLinesOfJson) {
  train("behavior_cloning");
  must("export " + out("behavior_cloning") + " output=" + out("bundles"));
  const std::string open = R"({"campaign": "a", "open": {"budget": 3000, "cpa_limit": 100}, )"
                           R"("start": {"tick": 0, "num_impressions": 10000, "mean_pvalue": 0.0005}})";
  const auto act = [&](const std::string& lines) {
    write_file(out("lines"), lines);
    return run_program("act " + out("bundles") + " < " + out("lines"));
  };
  const auto good = act(open + "\n" +
                        R"({"campaign": "a", "outcome": {"tick": 0, "sum_pvalue": 5, "sum_bid": 400, "cost": 50}, )"
                        R"("start": {"tick": 1, "num_impressions": 11000, "mean_pvalue": 0.0005}, "close": true})" +
                        "\n");
  ASSERT_EQ(good.status, 0) << good.output;
  const size_t end = good.output.find('\n');
  const auto first = nlohmann::json::parse(good.output.substr(0, end));
  const auto second = nlohmann::json::parse(good.output.substr(end + 1));
  EXPECT_EQ(first["campaign"], "a");
  EXPECT_EQ(second["tick"], 1);
  EXPECT_GT(first["coefficients"][0].get<double>(), 0.0);
  const auto error_of = [&](const std::string& line) { return act(open + "\n" + line + "\n").output; };
  EXPECT_NE(error_of("{").find("standard input, line 2: found {, expected an object of JSON"), std::string::npos);
  EXPECT_NE(error_of(R"({"campaign": "b"})").find("line 2: campaign \"b\": found one that is not open"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"campaign": "a", "strat": 1})").find("found key 'strat', expected campaign, open"),
            std::string::npos);
  // In the words of the lines: by the names that they gave.
  const auto expect_error = [&](const std::string& line, const std::string& message) {
    const std::string error = error_of(line);
    EXPECT_NE(error.find("standard input, line 2: " + message), std::string::npos) << error;
  };
  expect_error(R"({"campaign": "a", "start": {"tick": 5, "num_impressions": 1, "mean_pvalue": 0}})",
               "campaign \"a\": tick: found 5, expected 0");
  expect_error(R"({"campaign": "a", "outcome": {"tick": 0, "cost": -1}})",
               "campaign \"a\": cost: found -1, expected a number from 0 to 1e+15");
  expect_error(R"({"campaign": 7, "open": {"budget": 3000, "cpa_limit": 100}, "outcome": {"tick": 0}})",
               "campaign 7: found an outcome for tick 0, expected a start for tick 0 before it");
  expect_error(R"({"campaign": "b", "open": {"budget": -1, "cpa_limit": 100}})",
               "campaign \"b\": open: budget: found -1, expected a finite number above 0");
  expect_error(R"({"campaign": "b", "open": {"budget": 1e999, "cpa_limit": 100}})",
               "found '1e999', expected numbers up to 1.7976931348623157e+308");
  expect_error(R"({"campaign": "b", "open": {"budget": 1, "cpa_limit": 1, "noise_seed": -1}})",
               "open: key 'noise_seed': found -1, expected a whole number in [0, 18446744073709551615]");
  expect_error(R"({"campaign": "b", "open": {"budget": 1, "cpa_limit": 1, "budget": 2}})",
               "found key 'budget' twice, expected it once");
  // What cannot be read is no end.
  test::expect_failure(run_program("act " + out("bundles") + " < " + folder_.path()), 1,
                       "standard input: cannot read: Is a directory");
  test::expect_failure(run_program("act " + out("bundles") + " <&-"), 1,
                       "standard input: cannot read: Bad file descriptor");
}

TEST_F(Export, RefusesByName) {
  train("behavior_cloning");
  const std::string command = "export " + out("behavior_cloning") + " output=" + out("bundles");
  EXPECT_NE(
      fails(command + " constraint=planner").find("key 'constraint': found 'planner', expected none: a bundle holds"),
      std::string::npos);
  EXPECT_NE(fails("export " + out("nothing") + " output=" + out("bundles")).find("no such checkpoint or run folder"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(out("bundles")));
  must(command);
  // A bit that has flipped.
  const std::string folder = out("bundles/") + read_file(out("bundles/CURRENT")).substr(0, 16);
  std::string weights = read_file(folder + "/weights.safetensors");
  weights[weights.size() / 2] = static_cast<char>(weights[weights.size() / 2] ^ 1);
  write_file(folder + "/weights.safetensors", weights);
  EXPECT_NE(fails("inspect " + out("bundles")).find("weights.safetensors: found the hash "), std::string::npos);
}

// Killed at any moment, an export leaves the bundle that was there, whole and current; and then it can be made.
TEST_F(Export, AKillLeavesTheOldBundleWhole) {
  train("behavior_cloning");
  const std::string folder = out("bundles");
  must("export " + out("behavior_cloning") + " version=old output=" + folder);
  const int kills = test::long_tests() ? 200 : 12;
  std::mt19937 moments(1);
  const auto begin = std::chrono::steady_clock::now();
  must("export " + out("behavior_cloning") + " version=timed output=" + folder);
  const auto whole = std::chrono::steady_clock::now() - begin;
  must("export " + out("behavior_cloning") + " version=old output=" + folder);  // and it is the current one again
  for (int i = 0; i < kills; ++i) {
    const std::string version = "new-" + std::to_string(i);
    test::Program program({"export", out("behavior_cloning"), "version=" + version, "output=" + folder},
                          out("output.txt"));
    const double share = std::uniform_real_distribution<double>(0.0, 1.2)(moments);
    std::this_thread::sleep_for(std::chrono::duration_cast<std::chrono::microseconds>(share * whole));
    program.send(SIGKILL);
    program.wait();
    must("inspect " + folder);  // the current one: an old one, or the new one if it came so far
    must("inspect " + folder + "/old");
    if (fs::exists(folder + "/" + version)) must("inspect " + folder + "/" + version);
  }
  must("export " + out("behavior_cloning") + " version=last output=" + folder);
  EXPECT_EQ(read_file(folder + "/CURRENT"), "last\n");
}

}  // namespace
}  // namespace genbid::app
