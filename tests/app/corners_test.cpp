#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "app/config_fields.h"
#include "app/program.h"
#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "data/campaign_store.h"

// The lowest and the highest value of every field, alone and in pairs that meet in one quantity. Wanted: a right
// result, or an error that names a key that was set (or the memory needed). A run that only takes long must show that
// it goes on, and end when it is asked to.

namespace genbid::app {
namespace {

namespace fs = std::filesystem;
using test::ConfigField;
using test::Program;
using test::TemporaryFolder;

struct Base {
  std::string name;
  Command (*command)();
  std::vector<std::string> arguments;                  // VERB CONFIG overrides; OUT and IN stand for folders
  std::string element = {};                            // what the one element of `policy` begins with
  std::vector<std::vector<std::string>> meeting = {};  // keys whose values meet in one quantity
};

const std::vector<std::string> kMoney = {"budget_scale", "rival_budget_scale", "cpa_scale",   "impressions",
                                         "value_level",  "value_spread",       "uncertainty", "seats"};
const std::vector<std::string> kWork = {"impressions", "ticks", "seats", "slots", "count_swing"};
const std::vector<std::string> kSmallDay = {"market.impressions=2000", "market.budget_scale=0.004", "threads=1"};

const std::vector<std::string> kFewCampaigns = {"campaigns.volume=[200, 900]", "samples.train=6",
                                                "samples.validation=3", "samples.test=3", "threads=1"};

std::vector<std::string> with(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Base evaluate(const std::string& name, const std::string& policy, const std::vector<std::string>& more,
              std::vector<std::vector<std::string>> meeting) {
  std::vector<std::string> arguments = {"evaluate", "configs/evaluate.yaml", "policy={" + policy + "}",
                                        "market.periods=22..23", "output.dir=OUT/result"};
  return {"evaluate_" + name, &evaluate_command, with(with(arguments, kSmallDay), more), policy, std::move(meeting)};
}

Base train(const std::string& model) {
  return {"train_" + model,
          &train_command,
          {"train", "configs/" + model + ".yaml", "data.store=IN/store.h5", "data.train_periods=7",
           "data.held_out_periods=8", "run=OUT/run", "train.steps=2", "train.batch_size=4", "train.threads=1"},
          {},
          {{"steps", "warmup_steps", "stop_at"}, {"width", "depth", "batch_size"}, {"learning_rate", "clip_norm"}}};
}

std::vector<Base> bases() {
  const std::vector<std::string> own = {"market.traffic.structure=own"};
  const std::vector<std::string> official = {"market.rules=official", "market.population=official"};
  const std::vector<std::string> days = {"simulate", "configs/simulate.yaml", "output.dir=OUT/days"};
  std::vector<Base> all = {
      {"simulate", &simulate_command, with(with(days, kSmallDay), {"market.population=rules48"}), {}, {kMoney}},
      {"simulate_own",
       &simulate_command,
       with(with(with(days, kSmallDay), {"market.population=rules48"}), own),
       {},
       {kMoney, kWork}},
      {"simulate_official", &simulate_command, with(with(days, kSmallDay), official), {}, {kMoney}},
      {"generate",
       &simulate_command,
       with({"simulate", "configs/generate.yaml", "market.periods=1000..1001", "output.dir=OUT/days"}, kSmallDay),
       {},
       {{"budget_scale", "cpa_scale", "rival_budget_scale", "alpha_noise"}}},
      evaluate("pid", "policy: pid", own, {{"seats", "ticks", "slots"}, {"budget_scale", "cpa_scale"}}),
      evaluate("fixed_alpha", "policy: fixed_alpha", {},
               {{"alpha", "cpa_scale", "budget_scale"}, {"cpa_ratio", "cpa_scale", "budget_scale"}}),
      evaluate("pacing", "policy: pacing", {}, {{"price_level", "later_value", "prior_days", "cpa_brake"}}),
      evaluate("planner", "policy: planner", {}, {{"price_level", "budget_scale", "cpa_scale"}}),
      evaluate("teacher", "policy: teacher", {}, {{"budget_scale", "cpa_scale", "rival_budget_scale"}}),
      evaluate("online_lp", "policy: online_lp, table: own_category", own, {{"seats", "ticks"}}),
      {"replay",
       &evaluate_command,
       {"evaluate", "configs/replay.yaml", "replay.log=IN/days/market_log.h5", "replay.periods=0..1",
        "output.dir=OUT/result", "threads=1"},
       {},
       {{"budget", "cpa"}}},
      {"ingest", &ingest_command, {"ingest", "configs/ingest.yaml", "output=OUT/store.h5", "threads=1"}},
      {"campaigns",
       &simulate_command,
       {"simulate", "configs/campaigns.yaml", "campaigns.volume=[200, 900]", "samples.train=3", "samples.validation=1",
        "samples.test=1", "output.dir=OUT/days", "threads=1"},
       {},
       {{"volume", "slots", "drift"}, {"budget_share", "ppc_share"}}},
      {"ingest_campaigns",
       &ingest_command,
       {"ingest", "configs/ingest_campaigns.yaml", "input=IN/log.csv", "campaigns=IN/campaigns.csv",
        "output=OUT/campaign_days.h5", "threads=1"},
       {},
       {{"validation_share", "test_share"}}},
      {"train_campaigns",
       &train_command,
       with({"train", "configs/campaigns/perbid.yaml", "profile_run=", "episodes.per_round=6", "train.steps=12",
             "train.batch_size=8", "episodes.reassign_every=2", "run=OUT/run"},
            kFewCampaigns),
       {},
       {{"agents", "per_round", "replay"}, {"width", "depth", "batch_size"}, {"alpha_step", "noise", "relabel"}}},
      {"train_campaigns_drlb",
       &train_command,
       with({"train", "configs/campaigns/drlb.yaml", "train.steps=12", "train.batch_size=8", "run=OUT/run"},
            kFewCampaigns),
       {},
       {{"replay", "batch_size"}}},
      {"train_campaigns_profile",
       &train_command,
       with({"train", "configs/campaigns/profile.yaml", "train.steps=12", "train.batch_size=8", "run=OUT/run"},
            kFewCampaigns),
       {},
       {{"days_each", "slots", "batch_size"}}},
      {"evaluate_campaigns",
       &evaluate_command,
       with({"evaluate", "configs/campaigns/evaluate.yaml", "policy=[m_pid, yesterday]", "reference=yesterday",
             "output.dir=OUT/result"},
            kFewCampaigns),
       {},
       {{"volume", "slots", "drift"}}},
      train("behavior_cloning"),
      train("decision_transformer"),
      train("diffbid"),
  };
  return all;
}

// --- What a right result is ------------------------------------------------------------------

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result;
  std::stringstream text(line);
  for (std::string cell; std::getline(text, cell, ',');) result.push_back(cell);
  return result;
}

// Calls check(row, line) with the numbers of each row, which are finite; columns of texts are left out.
template <typename Check>
void check_rows(const std::string& path, const std::set<std::string>& texts, Check&& check) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = cells(line);
  while (std::getline(file, line)) {
    std::map<std::string, double> row;
    const std::vector<std::string> values = cells(line);
    ASSERT_EQ(values.size(), header.size()) << path << ": " << line;
    for (size_t i = 0; i < values.size(); ++i) {
      if (texts.contains(header[i]) || values[i].empty()) continue;
      row[header[i]] = std::strtod(values[i].c_str(), nullptr);
      ASSERT_TRUE(std::isfinite(row[header[i]])) << path << ": " << header[i] << " in " << line;
    }
    ASSERT_NO_FATAL_FAILURE(check(row, line));
  }
}

void check_table(const std::string& path) {
  check_rows(path, {"bidder"}, [&path](std::map<std::string, double>& row, const std::string& line) {
    ASSERT_GE(row["cost"], 0.0) << path << ": " << line;
    const std::string money = row.contains("budget") ? "budget" : "remaining_before";
    ASSERT_LE(row["cost"], row[money] * (1.0 + 1e-9)) << path << ": " << line;
    const std::string exposed = row.contains("exposed_count") ? "exposed_count" : "num_exposed";
    ASSERT_LE(row["conversions"], row[exposed]) << path << ": " << line;
    if (row.contains("xi_count")) {
      ASSERT_LE(row["exposed_count"], row["xi_count"]) << path << ": " << line;
    }
  });
}

void check_samples(const std::string& path) {
  check_rows(path, {"set", "type"}, [&path](std::map<std::string, double>& row, const std::string& line) {
    ASSERT_GT(row["budget"], 0.0) << path << ": " << line;
    ASSERT_GT(row["ppc"], 0.0) << path << ": " << line;
    ASSERT_LE(row["yesterday_cost"], row["budget"]) << path << ": " << line;
    ASSERT_LE(row["yesterday_res"], 1.0) << path << ": " << line;
  });
}

void check_numbers(const nlohmann::json& node, const std::string& path) {
  if (node.is_structured()) {
    for (const auto& [key, value] : node.items()) check_numbers(value, path + "/" + key);
  } else if (node.is_number()) {
    ASSERT_TRUE(std::isfinite(node.get<double>())) << path;
  }
}

void check_result(const std::string& path) {
  const nlohmann::json result = nlohmann::json::parse(read_file(path));
  ASSERT_NO_FATAL_FAILURE(check_numbers(result, path));
  for (const auto& cell : result.at("cells")) {
    const double cost = cell.at("cost");
    ASSERT_GE(cost, 0.0) << path << ": " << cell;
    ASSERT_LE(cost, cell.at("budget").get<double>() * (1.0 + 1e-9)) << path << ": " << cell;
    ASSERT_LE(cell.at("conversions").get<double>(), cell.at("wins").get<double>()) << path << ": " << cell;
  }
  // Of all cells together: which wins are exposed is chance, and a cell of a small day has few of them.
  if (!result.contains("mean")) return;  // of a platform, whose seats are all judged against each other
  const auto& mean = result.at("mean");
  if (!mean.contains("optimum")) return;
  const double optimum = mean.at("optimum");
  ASSERT_LE(mean.at("expected_score").get<double>(), 1.05 * optimum + 1e-9) << path << ": " << mean;
}

void check_outputs(const std::string& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (path.ends_with("/ticks.csv") || path.ends_with("/periods.csv")) {
      ASSERT_NO_FATAL_FAILURE(check_table(path));
    }
    if (path.ends_with("/samples.csv")) {
      ASSERT_NO_FATAL_FAILURE(check_samples(path));
    }
    if (path.ends_with("/campaign_days.h5")) {
      const data::StoredSamples store(path);
      for (int64_t i = 0; i < std::ssize(store.all()); ++i) {
        for (int64_t back = 0; back <= at(store.all(), i).days_before; ++back) ASSERT_NO_THROW(store.day(i, back));
      }
    }
    if (path.ends_with("/result.json")) {
      ASSERT_NO_FATAL_FAILURE(check_result(path));
    }
  }
}

// --- Runs ------------------------------------------------------------------------------------

class Corners : public testing::TestWithParam<Base> {
 protected:
  struct Setting {
    ConfigField field;
    std::string value;
  };

  static void SetUpTestSuite() {
    inputs_ = new TemporaryFolder;
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"ingest", "configs/ingest.yaml", "output=" + inputs_->path("store.h5")},
          with({"simulate", "configs/simulate.yaml", "output.market_log=true", "output.market_log_precision=float64",
                "output.dir=" + inputs_->path("days")},
               kSmallDay)}) {
      Program program(arguments, inputs_->path("text.txt"));
      ASSERT_EQ(program.wait(), 0) << read_file(inputs_->path("text.txt"));
    }
    write_file(inputs_->path("campaigns.csv"), "campaign,budget,ppc\n1,10,1\n2,20,2\n");
    write_file(inputs_->path("log.csv"),
               "campaign,day,slot,value,ctr,price\n1,3,0,1,0.5,2\n1,4,95,1,0.5,2\n2,3,7,1,0.5,2\n");
  }
  static void TearDownTestSuite() { delete inputs_; }

  std::vector<std::string> arguments() const {
    std::vector<std::string> result = GetParam().arguments;
    for (std::string& one : result) {
      for (const auto& [word, path] : {std::pair<std::string, std::string>("OUT/", folder_.path("out") + "/"),
                                       std::pair<std::string, std::string>("IN/", inputs_->path() + "/")}) {
        if (const size_t at = one.find(word); at != std::string::npos) one.replace(at, word.size(), path);
      }
    }
    return result;
  }

  std::vector<ConfigField> fields() const {
    const std::vector<std::string> all = arguments();
    return test::config_fields(GetParam().command(), all[1], {all.begin() + 2, all.end()}, GetParam().element);
  }

  std::string text() const { return read_file(folder_.path("text.txt")); }

  // What shows that a run goes on: more text, or more on disk. Each entry counts, the empty file for its text too.
  int64_t signs_of_work() const {
    int64_t bytes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      std::error_code gone;
      const auto size = fs::is_regular_file(entry.path(), gone) ? fs::file_size(entry.path(), gone) : 1;
      if (!gone) bytes += static_cast<int64_t>(size);
    }
    return bytes;
  }

  void try_out(const std::vector<Setting>& settings) {
    fs::remove_all(folder_.path("out"));
    fs::create_directories(folder_.path("out"));
    std::vector<std::string> all = arguments();
    std::string shown;
    for (const Setting& setting : settings) {
      all.push_back(test::override_of(setting.field.path, setting.value, GetParam().element));
      shown += " " + all.back();
    }
    SCOPED_TRACE(GetParam().name + shown);
    // More than any of these small runs needs; so a run that wants more than a machine has does not bring it down.
    constexpr int64_t kMemory = int64_t{12} << 30;
    fs::remove(folder_.path("text.txt"));
    const int64_t before = signs_of_work();
    Program program(all, folder_.path("text.txt"), Program::Limits{0, kMemory});
    const auto patience = test::long_tests() ? std::chrono::seconds(10) : std::chrono::seconds(3);
    int status = program.wait(patience);
    if (status == -1) {
      EXPECT_TRUE(signs_of_work() > before + 1 || !test::long_tests()) << "10 seconds without a sign of work";
      program.send(SIGTERM);
      status = program.wait(std::chrono::seconds(20));
      // It may have come to its end just before the signal.
      EXPECT_TRUE(status == 128 + SIGTERM || status == 0) << "not ended by SIGTERM: " << status << "\n" << text();
      if (status == 0) check_outputs(folder_.path("out"));
      return;
    }
    if (status == 0) {
      check_outputs(folder_.path("out"));
      return;
    }
    ASSERT_TRUE(status == 1 || status == 2) << "status " << status << "\n" << text();
    const std::string message = text();
    for (const char* foreign : {"std::", "bad_alloc", "c10::", "terminate", "Exception raised", "vector::"}) {
      EXPECT_EQ(message.find(foreign), std::string::npos) << message;
    }
    // "seat 48" names `seats`; a choice is named by its key or its word.
    const bool named = std::any_of(settings.begin(), settings.end(), [&](const Setting& setting) {
      std::string key = setting.field.key();
      if (key.ends_with('s')) key.pop_back();
      const bool word = setting.field.kind == ConfigField::Kind::kChoice;
      // Each protocol has sections of its own.
      if (key == "protocol" && message.find(": key '") != std::string::npos) return true;
      return message.find(key) != std::string::npos || (word && message.find(setting.value) != std::string::npos);
    });
    EXPECT_TRUE(named || message.find("memory") != std::string::npos) << "names no key that was set:\n" << message;
  }

  static TemporaryFolder* inputs_;
  TemporaryFolder folder_;
};

TemporaryFolder* Corners::inputs_ = nullptr;

// At most so many of them, drawn with a fixed seed, unless all are wanted.
template <typename T>
void sample(std::vector<T>& cases, size_t most) {
  if (test::long_tests() || cases.size() <= most) return;
  std::mt19937 random(13);
  std::shuffle(cases.begin(), cases.end(), random);
  cases.resize(most);
}

TEST_P(Corners, EveryFieldAtItsLowestAndHighestIsRightOrRefusedByName) {
  std::vector<Setting> cases;
  const std::vector<ConfigField> all = fields();
  ASSERT_GT(all.size(), 1U);
  for (const ConfigField& field : all) {
    for (const std::string& value : field.values) cases.push_back({field, value});
  }
  sample(cases, 12);
  for (const Setting& one : cases) try_out({one});
}

TEST_P(Corners, FieldsThatMeetInOneQuantityAreRightOrRefusedByName) {
  std::vector<std::vector<Setting>> cases;
  const std::vector<ConfigField> all = fields();
  for (const std::vector<std::string>& group : GetParam().meeting) {
    std::vector<ConfigField> meeting;
    for (const ConfigField& field : all) {
      if (std::find(group.begin(), group.end(), field.key()) != group.end()) meeting.push_back(field);
    }
    for (size_t a = 0; a < meeting.size(); ++a) {
      for (size_t b = a + 1; b < meeting.size(); ++b) {
        // Two options of one element of a list would be two overrides of one key.
        if (meeting[a].path.find("[]") != std::string::npos && meeting[b].path.find("[]") != std::string::npos)
          continue;
        for (const std::string& x : meeting[a].values) {
          for (const std::string& y : meeting[b].values) cases.push_back({{meeting[a], x}, {meeting[b], y}});
        }
      }
    }
  }
  sample(cases, 8);
  for (const std::vector<Setting>& one : cases) try_out(one);
}

INSTANTIATE_TEST_SUITE_P(Bases, Corners, testing::ValuesIn(bases()), [](const auto& base) { return base.param.name; });

}  // namespace
}  // namespace genbid::app
