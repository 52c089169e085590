#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "app/program.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

// Every verb, ended at any moment: nothing half-written lies around, and the same command, given again, ends with the
// bytes of a run that nobody disturbed. Moments are drawn with a fixed seed over the time that an undisturbed run
// takes; how far a run is at such a moment is up to the machine.

namespace genbid::app {
namespace {

namespace fs = std::filesystem;
using test::Program;
using test::TemporaryFolder;

using Files = std::map<std::string, std::string>;  // path in the folder to content

// What does not say how long something took, or that it was interrupted.
bool is_result(const std::string& name) {
  static const std::vector<std::string> kOthers = {"log.txt", "output.txt", "metrics.jsonl", "report.html", ".lock"};
  return name.find("events.out.tfevents") == std::string::npos &&
         std::none_of(kOthers.begin(), kOthers.end(), [&](const std::string& end) { return name.ends_with(end); });
}

Files files_in(const std::string& folder) {
  Files files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    if (entry.is_regular_file() && is_result(name)) files[name] = read_file(entry.path().string());
  }
  return files;
}

std::string difference(const Files& found, const Files& expected) {
  std::string text;
  for (const auto& [name, content] : expected) {
    if (!found.contains(name)) {
      text += "missing " + name + "\n";
    } else if (found.at(name) != content) {
      text += "different " + name + "\n";
    }
  }
  for (const auto& [name, content] : found) {
    if (!expected.contains(name)) text += "more than expected: " + name + "\n";
  }
  return text;
}

struct Verb {
  std::string name;
  std::vector<std::string> arguments;  // OUT stands for the folder that it writes to, IN for what it reads
  bool saves = false;                  // keeps what is done for the next time; else it leaves all or nothing
  bool writes = true;
};

const std::string kSmall = "market.impressions=4000";
const std::string kFewCampaigns = "campaigns.volume=[200, 900]";
const std::string kBudget = "market.budget_scale=0.008";

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = {
      {"ingest", {"ingest", "configs/ingest.yaml", "output=OUT/store.h5"}},
      // A period's table is trained; market log and labelled store are of two.
      {"ingest_table",
       {"ingest", "configs/ingest.yaml", "input=IN/days/raw_log/period-0.csv",
        "output=", "output_online_lp_table=OUT/table.csv"}},
      {"ingest_raw",
       {"ingest", "configs/ingest.yaml", "input=[IN/days/raw_log/period-0.csv, IN/days/raw_log/period-1.csv]",
        "labels=true", "output=OUT/store.h5", "output_market_log=OUT/market.h5"}},
      {"simulate",
       {"simulate", "configs/simulate.yaml", "market.population=rules48", kSmall, kBudget, "market.periods=0..19",
        "output.raw_log=true", "output.trajectories=true", "output.market_log=true", "output.dir=OUT/days"}},
      {"simulate_resumable",
       {"simulate", "configs/generate.yaml", kSmall, kBudget, "market.periods=1000..1079", "output.dir=OUT/days"},
       true},
      // The only shard: it is played, put together, and its files are taken away.
      {"simulate_shard",
       {"simulate", "configs/generate.yaml", kSmall, kBudget, "market.periods=1000..1039", "output.shard=0/1",
        "output.dir=OUT/days"},
       true},
      // One checkpoint is kept: which steps the others would be of is up to the signal.
      {"train",
       {"train", "configs/quickstart/behavior_cloning.yaml", "data.store=IN/store.h5", "run=OUT/run", "train.steps=120",
        "train.batch_size=16", "train.checkpoint_every=20", "train.keep=1", "train.eval_every=60", "train.threads=1"},
       true},
      {"train_ranks",
       {"train", "configs/quickstart/behavior_cloning.yaml", "data.store=IN/store.h5", "run=OUT/run", "train.steps=120",
        "train.batch_size=16", "train.checkpoint_every=20", "train.keep=1", "train.eval_every=60", "train.threads=1",
        "train.ranks=2"},
       true},
      // All of it while the learning rate rises.
      {"warm_up",
       {"train", "configs/quickstart/behavior_cloning.yaml", "data.store=IN/store.h5", "run=OUT/run", "train.steps=120",
        "train.batch_size=16", "train.checkpoint_every=20", "train.keep=1", "train.eval_every=60", "train.threads=1",
        "train.warmup_steps=120"},
       true},
      {"evaluate_market",
       {"evaluate", "configs/evaluate.yaml", "policy=[pid, pacing, teacher]", kSmall, kBudget, "market.periods=22..25",
        "output.dir=OUT/result"},
       true},
      // AuctionNet's PID remembers the period before, which a job that goes on must know.
      {"evaluate_official",
       {"evaluate", "configs/evaluate.yaml", "policy=[pid, {policy: fixed_alpha, alpha: 90}]", "market.rules=official",
        "market.population=pid48", kSmall, kBudget, "market.periods=22..25", "seats=[0, 9, 30]",
        "output.dir=OUT/result"},
       true},
      {"hindsight",
       {"evaluate", "configs/evaluate.yaml", "policy=[{policy: hindsight, choice: slots}, hindsight_alpha]", kSmall,
        kBudget, "market.periods=22..27", "output.dir=OUT/result"},
       true},
      {"evaluate_platform",
       {"evaluate", "configs/platform.yaml", "policy=[pid, {policy: fixed_alpha, alpha: 60}]", kSmall, kBudget,
        "market.periods=22..25", "output.dir=OUT/result"},
       true},
      {"select",
       {"evaluate", "configs/evaluate.yaml",
        "policy={policy: fixed_alpha, select: {over: [{alpha: 60}, {alpha: 90}, {alpha: 120}], periods: 21}}", kSmall,
        kBudget, "market.periods=22..23", "output.dir=OUT/result"},
       true},
      {"ablate", {"ablate", "IN/ablate.yaml", "dir=OUT/experiments"}, true},
      {"evaluate_replay",
       {"evaluate", "configs/replay.yaml", "policy=[pid, pacing]", "replay.log=IN/days/market_log.h5",
        "replay.periods=0..3", "output.dir=OUT/result"},
       true},
      {"evaluate_official_replay",
       {"evaluate", "configs/replay.yaml", "policy=[pid, pacing]", "replay.rules=official",
        "replay.log=IN/days/market_log.h5", "replay.periods=0..3", "replay.advertisers=0..11", "output.dir=OUT/result"},
       true},
      // Only the end of raw logs tells whether their rows were in order.
      {"evaluate_raw_replay",
       {"evaluate", "configs/replay.yaml", "policy=[pid, pacing]",
        "replay.log=[IN/days/raw_log/period-0.csv, IN/days/raw_log/period-1.csv, IN/days/raw_log/period-2.csv]",
        "replay.periods=0..2", "output.dir=OUT/result"},
       true},
      {"relabel", {"relabel", "configs/relabel.yaml", "tape=IN/days/tape.h5", "periods=0..3", "output=OUT/store.h5"}},
      {"train_market",
       {"train", "configs/quickstart/market.yaml", "tapes.store=IN/days/tape.h5", "tapes.train_periods=0..2",
        "tapes.held_out_periods=3", "tapes.cells=12", "model.width=16", "run=OUT/run", "train.steps=60",
        "train.checkpoint_every=20", "train.keep=1", "train.threads=1"},
       true},
      {"simulate_campaigns",
       {"simulate", "configs/campaigns.yaml", kFewCampaigns, "samples.train=40", "output.days=true",
        "output.dir=OUT/days"}},
      {"train_campaigns",
       {"train", "configs/campaigns/perbid.yaml", "profile_run=", kFewCampaigns, "campaigns.slots=12",
        "samples.train=20", "agents.width=8", "episodes.per_round=12", "episodes.steps_a_round=16",
        "episodes.reassign_every=2", "episodes.replay=500", "run=OUT/run", "train.steps=240", "train.batch_size=16",
        "train.checkpoint_every=40", "train.keep=1"},
       true},
      {"train_profile",
       {"train", "configs/campaigns/profile.yaml", kFewCampaigns, "campaigns.slots=12", "samples.train=20",
        "profile.width=4", "lesson.kept_bids=4", "run=OUT/run", "train.steps=240", "train.batch_size=4",
        "train.checkpoint_every=40", "train.keep=1"},
       true},
      {"train_drlb",
       {"train", "configs/campaigns/drlb.yaml", kFewCampaigns, "campaigns.slots=12", "samples.train=20", "drlb.width=8",
        "drlb.depth=1", "drlb.per_round=6", "drlb.steps_a_round=4", "drlb.copy_every=3", "drlb.replay=200",
        "run=OUT/run", "train.steps=240", "train.batch_size=4", "train.checkpoint_every=40", "train.keep=1"},
       true},
      // Whole files, one behind the other.
      {"evaluate_campaigns",
       {"evaluate", "configs/campaigns/evaluate.yaml", "policy=[yesterday, {policy: m_pid, tries: 40}]",
        "reference=yesterday", kFewCampaigns, "samples.test=60", "output.dir=OUT/result"},
       true},
      {"export", {"export", "IN/run/checkpoints/step-00000005", "output=OUT/bundles"}, true},
      {"report", {"report", "IN/result", "--output", "OUT/page.html"}},
      {"inspect", {"inspect", "IN/days/tape.h5"}, false, false},
      {"config", {"config", "configs/generate.yaml", "output.dir=OUT/days"}, false, false},
  };
  return all;
}

class Interrupted : public testing::TestWithParam<Verb> {
 protected:
  static void SetUpTestSuite() {
    inputs_ = new TemporaryFolder;
    Program ingest({"ingest", "configs/ingest.yaml", "output=" + inputs_->path("store.h5")}, inputs_->path("text.txt"));
    ASSERT_EQ(ingest.wait(), 0) << read_file(inputs_->path("text.txt"));
    Program simulate({"simulate", "configs/simulate.yaml", kSmall, kBudget, "market.periods=0..3",
                      "output.market_log=true", "output.raw_log=true", "output.tape=true",
                      "output.market_log_precision=float64", "output.dir=" + inputs_->path("days")},
                     inputs_->path("text.txt"));
    ASSERT_EQ(simulate.wait(), 0) << read_file(inputs_->path("text.txt"));
    Program evaluate({"evaluate", "configs/evaluate.yaml", "policy=[pid, pacing, teacher]", kSmall, kBudget,
                      "market.periods=22..25", "output.dir=" + inputs_->path("result")},
                     inputs_->path("text.txt"));
    ASSERT_EQ(evaluate.wait(), 0) << read_file(inputs_->path("text.txt"));
    Program train({"train", "configs/quickstart/behavior_cloning.yaml", "data.store=" + inputs_->path("store.h5"),
                   "run=" + inputs_->path("run"), "train.steps=5", "train.batch_size=16", "train.threads=1"},
                  inputs_->path("text.txt"));
    ASSERT_EQ(train.wait(), 0) << read_file(inputs_->path("text.txt"));
    write_file(inputs_->path("market.yaml"),
               "kind: evaluate\npolicy: pid\nmarket: {population: rules48, impressions: 2000, budget_scale: 0.004, "
               "periods: 30..31}\nseats: [0, 7, 20]\noutput: {dir: unused}\n");
    write_file(inputs_->path("ablate.yaml"),
               "kind: ablate\nname: small\ntrain: configs/quickstart/behavior_cloning.yaml\nevaluate: " +
                   inputs_->path("market.yaml") + "\nset: [data.store=" + inputs_->path("store.h5") +
                   ", train.steps=40, train.batch_size=16, train.checkpoint_every=10, train.keep=1]\njobs: 2\n"
                   "variants:\n  - {name: slow, set: [train.learning_rate=1e-5]}\n  - {policy: pid}\n");
  }
  static void TearDownTestSuite() { delete inputs_; }

  std::string out() const { return folder_.path("out"); }
  std::string text() const { return read_file(folder_.path("text.txt")); }

  void start_clean() const {
    fs::remove_all(out());
    fs::create_directories(out());
  }

  std::vector<std::string> arguments() const {
    std::vector<std::string> result = GetParam().arguments;
    for (std::string& one : result) {
      for (const auto& [word, path] : {std::pair<std::string, std::string>("OUT/", out() + "/"),
                                       std::pair<std::string, std::string>("IN/", inputs_->path() + "/")}) {
        for (size_t at = one.find(word); at != std::string::npos; at = one.find(word, at + 1)) {
          const bool begins = at == 0 || std::string("=[ ").find(one[at - 1]) != std::string::npos;
          if (begins) one.replace(at, word.size(), path);
        }
      }
    }
    return result;
  }

  // Nobody disturbs it: what it writes, and how long it takes.
  void run_whole() {
    start_clean();
    const auto start = test::Clock::now();
    Program program(arguments(), folder_.path("text.txt"));
    ASSERT_EQ(program.wait(), 0) << text();
    seconds_ = std::chrono::duration<double>(test::Clock::now() - start).count();
    whole_ = files_in(out());
    ASSERT_EQ(whole_.empty(), !GetParam().writes);
  }

  // Sends the signal at this share of a whole run. Then the same command again.
  void disturb(int number, double share) {
    start_clean();
    {
      Program program(arguments(), folder_.path("text.txt"));
      std::this_thread::sleep_for(std::chrono::duration<double>(share * seconds_));
      program.send(number);
      const int status = program.wait();
      // Before the program looks after signals they end it as they end any.
      const bool stopped = status == 128 + number || status == Program::kKilledBy + number;
      ASSERT_TRUE(status == 0 || stopped) << "status " << status << "\n" << text();
      if (stopped) ++num_stopped_;
      if (status == 0 || !GetParam().saves) {
        const Files left = files_in(out());
        if (status == 0 || !(left.empty() || number == SIGKILL)) {
          ASSERT_EQ(difference(left, whole_), "") << "status " << status << "\n" << text();
        }
        for (const auto& [name, content] : left) {  // a kill may leave temporaries, but no half result
          if (whole_.contains(name)) {
            ASSERT_EQ(content == whole_.at(name), true) << name << " is half-written";
          }
        }
      }
    }
    Program again(arguments(), folder_.path("text.txt"));
    ASSERT_EQ(again.wait(), 0) << text();
    ASSERT_EQ(difference(files_in(out()), whole_), "") << text();
  }

  static TemporaryFolder* inputs_;
  TemporaryFolder folder_;
  double seconds_ = 0.0;
  Files whole_;
  int num_stopped_ = 0;
};

TemporaryFolder* Interrupted::inputs_ = nullptr;

constexpr int kSignals[] = {SIGTERM, SIGHUP, SIGUSR1, SIGINT};

TEST_P(Interrupted, ByASignalItLeavesNothingHalfWrittenAndTheSameCommandGoesOn) {
  ASSERT_NO_FATAL_FAILURE(run_whole());
  std::mt19937 random(11);
  std::uniform_real_distribution<double> share(0.0, 1.05);
  const int moments = test::long_tests() ? 20 : 1;
  for (int moment = 0; moment < moments; ++moment) {
    for (const int number : kSignals) {
      const double at = share(random);
      SCOPED_TRACE("signal " + std::to_string(number) + " at " + std::to_string(at) + " of the run");
      ASSERT_NO_FATAL_FAILURE(disturb(number, at));
    }
  }
  EXPECT_GT(num_stopped_, 0);
  std::printf("%s: %zu of %zu signals were handled, %d of them stopped it\n", GetParam().name.c_str(),
              moments * std::size(kSignals), moments * std::size(kSignals), num_stopped_);
}

TEST_P(Interrupted, ByAKillItLeavesNoHalfResultAndTheSameCommandGoesOn) {
  if (!GetParam().writes) return;
  ASSERT_NO_FATAL_FAILURE(run_whole());
  std::mt19937 random(12);
  std::uniform_real_distribution<double> share(0.0, 1.05);
  const int moments = test::long_tests() ? 50 : 6;
  for (int moment = 0; moment < moments; ++moment) {
    const double at = share(random);
    SCOPED_TRACE("kill at " + std::to_string(at) + " of the run");
    ASSERT_NO_FATAL_FAILURE(disturb(SIGKILL, at));
  }
  EXPECT_GT(num_stopped_, 0);
  std::printf("%s: %d kills, %d of them came before the end\n", GetParam().name.c_str(), moments, num_stopped_);
}

INSTANTIATE_TEST_SUITE_P(Verbs, Interrupted, testing::ValuesIn(verbs()),
                         [](const auto& verb) { return verb.param.name; });

}  // namespace
}  // namespace genbid::app
