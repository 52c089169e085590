#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "app/program.h"
#include "app/run_program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

// genbid ablate from outside: the same table in one go, killed and resumed, and in shards; each user error once.

namespace genbid::app {
namespace {

namespace fs = std::filesystem;
using test::Program;
using test::run_program;

class Ablate : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto result = run_program("ingest configs/ingest.yaml output=" + out("store.h5"));
    ASSERT_EQ(result.status, 0) << result.output;
    write_file(out("market.yaml"),
               "kind: evaluate\npolicy: pid\nmarket: {population: rules48, impressions: 2000, budget_scale: 0.004, "
               "periods: 30..32}\nseats: [0, 7, 20]\noutput: {dir: unused}\n");
  }

  std::string out(const std::string& name) const { return folder_.path(name); }
  std::string table(const std::string& experiment) const {
    const std::string folder = out(experiment) + "/small/";
    return read_file(folder + "table.md") + read_file(folder + "table.json") + read_file(folder + "plot.svg");
  }

  // Two seeds of a base and a variant, a rule, and the rule in another market.
  std::string write_config(const std::string& experiment, const std::string& more = "") const {
    const std::string path = out(experiment + ".yaml");
    write_file(path, "kind: ablate\nname: small\ndir: " + out(experiment) +
                         "\ntrain: configs/quickstart/behavior_cloning.yaml\nevaluate: " + out("market.yaml") +
                         "\nset: [data.store=" + out("store.h5") +
                         ", train.steps=30, train.batch_size=16]\nseeds: 1..2\njobs: 2\nvariants:\n"
                         "  - {name: slow, set: [train.learning_rate=1e-5]}\n"
                         "  - {policy: {policy: fixed_alpha, alpha: 90}}\n"
                         "  - {name: tight, policy: {policy: fixed_alpha, alpha: 90}, set: [market.cpa_scale=0.8]}\n" +
                         more);
    return path;
  }
  void must(const std::string& command, int status = 0) const {
    const auto result = run_program(command);
    ASSERT_EQ(result.status, status) << command << "\n" << result.output;
  }
  void must_fail(const std::string& command, const std::string& message, int status = 1) const {
    const auto result = run_program(command);
    EXPECT_EQ(result.status, status) << command << "\n" << result.output;
    EXPECT_NE(result.output.find(message), std::string::npos) << result.output;
  }

  test::TemporaryFolder folder_;
};

TEST_F(Ablate, OneGoKilledAndShardedGiveTheSameTable) {
  must("ablate " + write_config("whole"));
  const std::string whole = table("whole");
  EXPECT_NE(whole.find("fixed_alpha 90"), std::string::npos) << whole;
  EXPECT_NE(whole.find("\"blocks\""), std::string::npos);

  // A variant that changes the market has a block whose name says what is other there.
  EXPECT_NE(whole.find("## base market\n"), std::string::npos) << whole;
  EXPECT_NE(whole.find("## cpa_scale 0.8\n"), std::string::npos) << whole;

  for (const int shard : {1, 2, 0}) {
    must("ablate " + write_config("shards") + " shard=" + std::to_string(shard) + "/3");
  }
  EXPECT_EQ(table("shards"), whole);

  const std::string config = write_config("killed");
  for (const int moment : {300, 900, 1500, 2500}) {
    Program program({"ablate", config}, out("log.txt"));
    std::this_thread::sleep_for(std::chrono::milliseconds(moment));
    program.send(SIGKILL);
    program.wait();
  }
  must("ablate " + config);
  EXPECT_EQ(table("killed"), whole);
}

TEST_F(Ablate, ASignalStopsItAndTheSameCommandGoesOn) {
  must("ablate " + write_config("whole"));
  const std::string config = write_config("stopped");
  Program program({"ablate", config}, out("log.txt"));
  ASSERT_TRUE(test::wait_for([&] { return fs::exists(out("stopped") + "/small/cells/base/seed-1/log.txt"); }));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 128 + SIGTERM) << read_file(out("log.txt"));
  EXPECT_FALSE(fs::exists(out("stopped") + "/small/table.md"));
  must("ablate " + config);
  EXPECT_EQ(table("stopped"), table("whole"));
}

TEST_F(Ablate, AnotherReferenceMakesAnotherTableOfTheSameCells) {
  const std::string config = write_config("rules") + " train= variants='[{policy: pid}, {policy: pacing}]' set=[]";
  must("ablate " + config);
  EXPECT_NE(table("rules").find("differences are from pid"), std::string::npos) << table("rules");
  const auto written = fs::last_write_time(out("rules") + "/small/cells/pid/evaluation/result.json");
  must("ablate " + config + " reference=pacing");
  EXPECT_NE(table("rules").find("differences are from pacing"), std::string::npos) << table("rules");
  EXPECT_EQ(fs::last_write_time(out("rules") + "/small/cells/pid/evaluation/result.json"), written);
  must_fail("ablate " + config + " variants='[{policy: pacing}, {policy: pid}]'",
            "found base 'pacing', expected 'pid'");
}

TEST_F(Ablate, WhatIsDoneIsNotRunAgain) {
  const std::string config = write_config("done");
  must("ablate " + config);
  std::map<std::string, fs::file_time_type> written;
  for (const auto& entry : fs::recursive_directory_iterator(out("done") + "/small/cells")) {
    written[entry.path().string()] = entry.last_write_time();
  }
  EXPECT_GT(written.size(), 50U);
  must("ablate " + config);
  for (const auto& [path, time] : written) EXPECT_EQ(fs::last_write_time(path), time) << path;
}

// It did not know sections that the program gained, and nobody has changed; but it knew what it has done.
TEST_F(Ablate, AnEarlierProgramsExperimentGoesOn) {
  const std::string config = write_config("earlier");
  must("ablate " + config);
  const std::string asked = "  asked:\n    value: 0\n    budget_use: 0\n    cpa: 0\n";
  const auto rewrite = [&](const std::string& path, const std::string& from, const std::string& to) {
    auto json = nlohmann::ordered_json::parse(read_file(path));
    std::string identity = json["identity"];
    const size_t place = identity.find(from);
    ASSERT_NE(place, std::string::npos) << path << ": " << identity;
    json["identity"] = identity.replace(place, from.size(), to);
    write_file(path, json.dump());
  };
  const std::string folder = out("earlier") + "/small";
  rewrite(folder + "/experiment.json", asked, "");
  std::vector<std::string> records;
  for (const auto& entry : fs::recursive_directory_iterator(folder + "/cells")) {
    if (entry.path().filename() != "cell.json") continue;
    if (read_file(entry.path().string()).find("asked") != std::string::npos) records.push_back(entry.path().string());
  }
  ASSERT_FALSE(records.empty());
  for (const std::string& record : records) rewrite(record, asked, "");
  must("ablate " + config);
  rewrite(records.front(), "steps: ", "steps: 9");
  must_fail("ablate " + config, "train.steps: ");
}

TEST_F(Ablate, FailuresAreListedAndTriedAgain) {
  const std::string missing = out("missing");
  const std::string config = write_config("failing", "  - {name: lost, policy: " + missing + "}\n");
  must_fail("ablate " + config, "lost: evaluate:", 3);
  EXPECT_NE(read_file(out("failing") + "/small/cells/lost/cell.json").find("\"failed\""), std::string::npos);
  EXPECT_TRUE(fs::exists(out("failing") + "/small/cells/slow/seed-2/evaluation/result.json"));
  EXPECT_NE(table("failing").find("1 cells are missing here"), std::string::npos);
  fs::copy(out("failing") + "/small/cells/base/seed-1", missing, fs::copy_options::recursive);
  must("ablate " + config);
  EXPECT_NE(table("failing").find("| lost |"), std::string::npos);
}

TEST_F(Ablate, EndsWithAPageThatSaysWhatIsMissing) {
  const std::string missing = out("missing");
  const std::string config = write_config("page", "  - {name: lost, policy: " + missing + "}\n");
  must_fail("ablate " + config, "report: " + out("page") + "/small/report.html", 3);
  const auto has = [&](const std::string& part) {
    return read_file(out("page") + "/small/report.html").find(part) != std::string::npos;
  };
  EXPECT_TRUE(has("1 of 7 cells are not done: lost (failed: evaluate: "));
  EXPECT_TRUE(has("Difference from base"));  // of the cells that are done
  EXPECT_TRUE(has("<a href=\"cells/slow/seed-2/report.html\">training</a>"));
  EXPECT_TRUE(has("<a href=\"cells/slow/seed-2/evaluation/report.html\">evaluation</a>"));
  EXPECT_TRUE(has("Medians over the trainings of a variant"));
  EXPECT_TRUE(has("<figure id=\"block-0-profile\""));  // a market each
  EXPECT_TRUE(has("<figure id=\"block-1-profile\""));
  must_fail("report " + out("page") + "/small", "1 of 7 cells are not done", 0);

  fs::copy(out("page") + "/small/cells/base/seed-1", missing, fs::copy_options::recursive);
  must("ablate " + config);
  EXPECT_FALSE(has("are not done"));
  must("report " + out("page") + "/small --output " + out("elsewhere/page.html"));
  EXPECT_NE(read_file(out("elsewhere/page.html")).find("href=\"../page/small/cells/slow/seed-2/report.html\""),
            std::string::npos);
  // The folder may be looked at elsewhere, without the configs.
  fs::rename(out("page"), out("moved"));
  must("report " + out("moved") + "/small");

  write_file(out("moved") + "/small/experiment.json", "{}");
  must_fail("report " + out("moved") + "/small", "experiment.json: found a file that is not an experiment's");
}

TEST_F(Ablate, ACellIsAnOrdinaryRun) {
  must("ablate " + write_config("whole"));
  const std::string cell = out("whole") + "/small/cells/slow/seed-2";
  const std::string result = read_file(cell + "/evaluation/result.json");
  must("train " + cell + "/train.yaml run=" + out("alone"));
  must("evaluate " + cell + "/evaluate.yaml policy='{policy: " + out("alone") +
       ", name: slow}' output.dir=" + out("judged"));
  EXPECT_EQ(read_file(out("judged") + "/result.json"), result);
}

TEST_F(Ablate, ReplacesOnlyItsOwnFiles) {
  const std::string command = "ablate " + write_config("own") + " train= set=[] variants='[{policy: pid}]'";
  const std::string folder = out("own") + "/small/";
  fs::create_directories(folder);
  for (const std::string name : {"table.md", "table.json", "plot.svg", "config.yaml"}) {
    write_file(folder + name, "kind: thesis\n");
    must_fail(command, folder + name + ": found a file that is not ");
    EXPECT_EQ(read_file(folder + name), "kind: thesis\n");
    EXPECT_FALSE(fs::exists(folder + "experiment.json"));
    fs::remove(folder + name);
  }
  // Somebody's own config, which was not yet run.
  write_file(folder + "config.yaml", "kind: ablate\nname: small  # mine\n");
  must_fail(command, "the config of an experiment that began");
  fs::remove(folder + "config.yaml");
  must(command);
  const std::string before = table("own");
  must(command + " jobs=1");
  EXPECT_EQ(table("own"), before);
}

TEST_F(Ablate, WeightsThatATrainingStartsFromAreKnownByWhatTheyAre) {
  const auto train_start = [&](const std::string& run, int seed) {
    must("train configs/quickstart/behavior_cloning.yaml data.store=" + out("store.h5") + " run=" + out(run) +
         " train.steps=2 train.batch_size=16 train.threads=1 train.seed=" + std::to_string(seed));
  };
  train_start("start", 1);
  train_start("other", 2);
  const std::string command = "ablate " + write_config("from") +
                              " seeds=1 variants=[] set='[data.store=" + out("store.h5") +
                              ", train.steps=3, train.batch_size=16, train.initial=" + out("start") + "]'";
  must(command);
  must(command);
  fs::rename(out("start"), out("first"));
  fs::rename(out("other"), out("start"));
  must_fail(command, "train.initial");
}

TEST_F(Ablate, SaysWhatIsWrong) {
  const std::string config = write_config("wrong");
  const std::string with = "ablate " + config + " variants='[{name: typo, set: [model.widht=3]}]'";
  must_fail(with, "variant 'typo': ", 2);
  must_fail(with, "model.widht", 2);
  must_fail("ablate " + config + " reference=nobody", "reference: found 'nobody', expected one of base, slow", 2);
  must_fail("ablate " + config + " variants='[{name: a}, {name: a}]'", "two variants named 'a'", 2);
  must_fail("ablate " + config + " variants='[{grid: [model.width=3]}]'", "expected key=[value, value]", 2);
  must_fail("ablate " + config + " name=../up", "a name for a folder", 2);
  must_fail("ablate " + config + " evaluate=configs/ingest.yaml", "expected 'evaluate'", 2);
  ASSERT_EQ(::mkfifo(out("pipe").c_str(), 0600), 0);
  for (const char* key : {"evaluate=", "train="}) {
    must_fail("ablate " + config + " " + key + out("pipe"), out("pipe") + ": found a pipe, expected a file", 2);
  }
  EXPECT_FALSE(fs::exists(out("wrong")));

  must("ablate " + config + " variants=[] seeds=1");
  must_fail("ablate " + config + " variants=[] seeds=1 set='[data.store=" + out("store.h5") +
                ", train.steps=40, train.batch_size=16]'",
            "train.steps");
  must("ablate " + config + " seeds=1 variants='[{name: slow, set: [train.learning_rate=1e-5]}]'");
  must_fail("ablate " + config + " seeds=1 variants='[{name: slow, set: [train.learning_rate=1e-4]}]'",
            "variant 'slow': found train.learning_rate");
}

}  // namespace
}  // namespace genbid::app
