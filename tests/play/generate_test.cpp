#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "base/child_test.h"
#include "base/temporary_folder.h"
#include "bidders/bidder_config.h"
#include "data/trajectory_store.h"
#include "play/resumable_outputs.h"
#include "play/simulate.h"

// Data sets: simulate with exploration and output.resumable.

namespace genbid::play {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using Overrides = std::vector<std::string>;

// configs/generate.yaml with small days.
SimulateConfig generation(const std::string& dir, Overrides overrides = {}) {
  SimulateConfig config;
  overrides.insert(overrides.begin(), {"market.impressions=2000", "market.budget_scale=0.004",
                                       "market.periods=1000..1019", "threads=1", "output.dir=" + dir});
  ConfigFile::load("configs/generate.yaml", overrides).read(config);
  return config;
}

std::string store_of(const std::string& dir) { return read_file(dir + "/trajectories.h5"); }
std::string periods_of(const std::string& dir) { return read_file(dir + "/periods.csv"); }

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

// An uninterrupted run, played once.
const std::string& whole() {
  static TemporaryFolder folder;
  static const std::string dir = folder.path("whole");
  if (!fs::exists(dir)) simulate(generation(dir));
  return dir;
}

// Plays at least so many periods, then is gone.
void play_some(const SimulateConfig& config, int64_t periods) {
  EXPECT_THROW(simulate(config,
                        [&](int64_t done) {
                          if (done >= periods) throw std::runtime_error("gone");
                        }),
               std::runtime_error);
}

TEST(Generate, AnyNumberOfThreadsWritesTheSameBytes) {
  for (const char* threads : {"2", "3"}) {
    const TemporaryFolder folder;
    ASSERT_TRUE(simulate(generation(folder.path("run"), {std::string("threads=") + threads})));
    EXPECT_TRUE(store_of(folder.path("run")) == store_of(whole())) << threads;
    EXPECT_TRUE(periods_of(folder.path("run")) == periods_of(whole())) << threads;
  }
}

TEST(Generate, WritesTheBytesOfARunThatCannotGoOn) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(generation(folder.path("run"), {"output.resumable=false"})));
  EXPECT_TRUE(store_of(folder.path("run")) == store_of(whole()));
  EXPECT_TRUE(periods_of(folder.path("run")) == periods_of(whole()));
}

TEST(Generate, StoresHoldEveryTrajectoryAndTheirTableWhoMadeIt) {
  const data::TrajectoryStore store(whole() + "/trajectories.h5");
  EXPECT_EQ(store.info().feature_set, "constraint");
  EXPECT_EQ(store.info().ticks, 48);
  EXPECT_EQ(store.info().seats, 48);
  const data::TrajectoryColumns columns = store.read();
  ASSERT_EQ(columns.num_trajectories(), 20 * 48);
  EXPECT_EQ(columns.num_rows(), 20 * 48 * 48);
  EXPECT_EQ(columns.period.front(), 1000);
  EXPECT_EQ(columns.period.back(), 1019);

  const SimulateConfig config = generation("unused");
  const Exploration exploration(config.explore);
  const Population base = load_population("pid48");
  std::istringstream table(periods_of(whole()));
  std::string line;
  std::getline(table, line);
  EXPECT_TRUE(line.starts_with("period,seat,bidder,budget,cpa,")) << line;
  for (size_t i = 0; i < columns.period.size(); ++i) {
    const auto seat = static_cast<size_t>(columns.advertiser[i]);
    const Population population = exploration.populate(base, columns.period[i]);
    const PopulationSeat& drawn = population.seats[seat];
    EXPECT_EQ(columns.budget[i], make_cell(population, columns.period[i], config.market).advertisers[seat].budget);
    ASSERT_TRUE(std::getline(table, line));
    const std::string begin = std::to_string(columns.period[i]) + "," + std::to_string(seat) + "," +
                              bidders::bidder_label(drawn.bidder) + "," + shortest(columns.budget[i]) + "," +
                              shortest(columns.cpa[i]) + ",";
    EXPECT_TRUE(line.starts_with(begin)) << line << "\n" << begin;
    EXPECT_NE(line.find("," + shortest(drawn.budget_scale) + "," + shortest(drawn.cpa_scale)), std::string::npos)
        << line;
  }
}

TEST(Generate, AnyPeriodCanBeMadeAlone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(generation(folder.path("one"), {"market.periods=1013"})));
  const std::string alone = periods_of(folder.path("one"));
  const std::string rows = alone.substr(alone.find('\n') + 1);
  EXPECT_NE(periods_of(whole()).find(rows), std::string::npos);
  const data::TrajectoryColumns all = data::TrajectoryStore(whole() + "/trajectories.h5").read();
  const data::TrajectoryColumns one = data::TrajectoryStore(folder.path("one/trajectories.h5")).read();
  const size_t first = size_t{13} * 48 * 48;
  ASSERT_EQ(one.action.size(), size_t{48} * 48);
  EXPECT_TRUE(std::equal(one.action.begin(), one.action.end(), all.action.begin() + first));
  EXPECT_TRUE(std::equal(one.state.begin(), one.state.end(), all.state.begin() + first * 22));
}

TEST(Generate, AStoppedRunGoesOnToTheSameBytes) {
  const TemporaryFolder folder;
  const SimulateConfig config = generation(folder.path("run"));
  stop_signal::install();
  EXPECT_FALSE(simulate(config, [](int64_t) { std::raise(SIGINT); }));
  stop_signal::reset();
  const int64_t done = unfinished_periods(folder.path("run"));
  EXPECT_GT(done, 0);
  EXPECT_LT(done, 20);
  EXPECT_FALSE(fs::exists(folder.path("run/trajectories.h5")));

  std::vector<int64_t> calls;
  const auto summary = simulate(config, [&](int64_t periods) { calls.push_back(periods); });
  EXPECT_EQ(summary->num_played_before, done);
  EXPECT_EQ(summary->periods.size(), static_cast<size_t>(20 - done));
  EXPECT_GT(calls.front(), done);
  EXPECT_TRUE(store_of(folder.path("run")) == store_of(whole()));
  EXPECT_TRUE(periods_of(folder.path("run")) == periods_of(whole()));
  EXPECT_FALSE(fs::exists(folder.path("run/unfinished")));
}

// As if killed between the two files' moves.
TEST(Generate, ARunThatIsGoneBetweenItsLastStepsIsCompletedByTheNext) {
  const TemporaryFolder folder;
  const SimulateConfig config = generation(folder.path("run"));
  play_some(config, 20);
  EXPECT_EQ(unfinished_periods(folder.path("run")), 20);
  fs::rename(folder.path("run/unfinished/periods.csv"), folder.path("run/periods.csv"));
  EXPECT_EQ(simulate(config)->num_played_before, 20);
  EXPECT_TRUE(store_of(folder.path("run")) == store_of(whole()));
  EXPECT_TRUE(periods_of(folder.path("run")) == periods_of(whole()));
  EXPECT_FALSE(fs::exists(folder.path("run/unfinished")));
}

// Rows behind the account, as a kill in the middle of a group leaves them.
TEST(Generate, RowsOfAGroupThatWasCutOffAreWrittenAgain) {
  const TemporaryFolder folder;
  const SimulateConfig config = generation(folder.path("run"));
  play_some(config, 1);
  const std::string table = folder.path("run/unfinished/periods.csv");
  write_file(table, read_file(table) + "1008,0,pid,12");
  ASSERT_TRUE(simulate(config));
  EXPECT_TRUE(periods_of(folder.path("run")) == periods_of(whole()));
}

TEST(Generate, AFinishedRunIsNotPlayedAgain) {
  const TemporaryFolder folder;
  fs::copy(whole(), folder.path("run"));
  const auto summary =
      simulate(generation(folder.path("run")), [](int64_t) { ADD_FAILURE() << "a period was played"; });
  EXPECT_EQ(summary->num_played_before, 20);
  EXPECT_TRUE(summary->periods.empty());
  EXPECT_TRUE(store_of(folder.path("run")) == store_of(whole()));
}

// Its rows cannot be made of the store.
TEST(Generate, AFinishedRunWithoutItsWholeTableIsAnError) {
  const TemporaryFolder folder;
  const std::string table = folder.path("run/periods.csv");
  const std::string expected =
      ", expected the finished run's, of 960 rows (remove trajectories.h5 and it to play the run again, or take "
      "another "
      "output.dir)";
  fs::copy(whole(), folder.path("run"));
  fs::remove(table);
  EXPECT_EQ(error_of([&] { simulate(generation(folder.path("run"))); }), table + ": found nothing" + expected);
  const std::string rows = periods_of(whole());
  write_file(table, rows.substr(0, rows.rfind('\n', rows.size() - 2) + 1));
  EXPECT_EQ(error_of([&] { simulate(generation(folder.path("run"))); }),
            table + ": found a table of 959 rows" + expected);
  fs::remove(table);
  fs::remove(folder.path("run/trajectories.h5"));
  ASSERT_TRUE(simulate(generation(folder.path("run"))));
  EXPECT_TRUE(periods_of(folder.path("run")) == rows);
}

TEST(Generate, OtherSettingsThanThoseOfTheInterruptedRunAreAnError) {
  const TemporaryFolder folder;
  const std::string dir = folder.path("run");
  play_some(generation(dir), 1);
  const std::string text = periods_of(dir + "/unfinished");
  const auto error = [&](const std::string& override) {
    return error_of([&] { simulate(generation(dir, {override})); });
  };
  const std::string place = dir + "/unfinished: found an interrupted run with ";
  const std::string advice = " (give its command, take another output.dir, or remove the folder)";
  EXPECT_EQ(error("market.seed=2"), place + "market.seed: 1, expected 2" + advice);
  EXPECT_EQ(error("market.periods=1000..1020"), place + "market.periods: 1000..1019, expected 1000..1020" + advice);
  EXPECT_EQ(error("explore.alpha_noise=0.3"), place + "explore.alpha_noise: 0.2, expected 0.3" + advice);
  EXPECT_EQ(error("explore.bidders=[pid]"), place + "explore.bidders[0].bidder: fixed_alpha, expected pid" + advice);
  EXPECT_EQ(error("output.features=auctionnet16"),
            place + "output.features: constraint, expected auctionnet16" + advice);
  EXPECT_NE(error("market.auction.reserve=0.01").find("market.auction"), std::string::npos);
  EXPECT_EQ(periods_of(dir + "/unfinished"), text);
  // What an earlier program, without the option, began.
  EXPECT_EQ(read_file(dir + "/unfinished/settings.yaml").find("auction"), std::string::npos);
  EXPECT_TRUE(simulate(generation(dir, {"threads=2", "market.auction.reserve=0.0001"})));
}

TEST(Generate, AChangedPopulationFileIsAnError) {
  const TemporaryFolder folder;
  const auto config = [&] {
    return generation(folder.path("run"), {"market.population=" + folder.path("p.yaml"), "explore.bidders=[]"});
  };
  write_file(folder.path("p.yaml"), "seats: pid");
  play_some(config(), 1);
  write_file(folder.path("p.yaml"), "seats: {bidder: pid, budget: 3000}");
  EXPECT_NE(error_of([&] { simulate(config()); }).find("with population_seats[0].budget: 2900, expected 3000"),
            std::string::npos);
}

TEST(Generate, AChangedPopulationFileOfAFinishedRunIsAnError) {
  const TemporaryFolder folder;
  const auto config = [&](const std::string& name) {
    return generation(folder.path("run"), {"market.population=" + folder.path(name), "explore.bidders=[]"});
  };
  write_file(folder.path("p.yaml"), "seats: pid");
  ASSERT_TRUE(simulate(config("p.yaml")));
  write_file(folder.path("q.yaml"), "seats: [pid]  # the same bidders in another file");
  EXPECT_TRUE(simulate(config("q.yaml")));
  write_file(folder.path("p.yaml"), "seats: {bidder: pid, budget: 3000}");
  EXPECT_NE(error_of([&] { simulate(config("p.yaml")); }).find("with population_seats[0].budget: 2900, expected 3000"),
            std::string::npos);
}

TEST(Generate, OfAnotherFormatIsAnError) {
  const TemporaryFolder folder;
  play_some(generation(folder.path("run")), 1);
  const std::string path = folder.path("run/unfinished/settings.yaml");
  std::string text = read_file(path);
  text.replace(text.find("format: 1"), 9, "format: 7");
  write_file(path, text);
  EXPECT_NE(error_of([&] {
              simulate(generation(folder.path("run")));
            }).find("format: 7, expected 1, which is another version's way to write it down"),
            std::string::npos);
}

TEST(Generate, OtherSettingsThanThoseOfTheFinishedRunAreAnError) {
  const TemporaryFolder folder;
  fs::copy(whole(), folder.path("run"));
  EXPECT_EQ(error_of([&] { simulate(generation(folder.path("run"), {"explore.seed=2"})); }),
            folder.path("run/trajectories.h5") +
                ": found the output of a run with explore.seed: 1, expected 2 (another output.dir)");
}

TEST(Generate, OutputsOfOtherRunsInItsFolderAreAnError) {
  for (const char* name : {"ticks.csv", "trajectories.csv", "market_log.h5", "periods.csv"}) {
    const TemporaryFolder folder;
    write_file(folder.path(std::string("run/") + name), "old");
    EXPECT_NE(error_of([&] { simulate(generation(folder.path("run"))); }).find("found the output of an earlier run"),
              std::string::npos);
  }
}

TEST(Generate, AForeignFileBesideAnInterruptedRunIsKept) {
  const TemporaryFolder folder;
  play_some(generation(folder.path("run")), 1);
  write_file(folder.path("run/periods.csv"), "mine");
  EXPECT_EQ(error_of([&] { simulate(generation(folder.path("run"))); }),
            folder.path("run/periods.csv") +
                ": found a file that is not a run's table of periods, expected nothing, or a run's table of periods to "
                "replace (move it away, or take another output.dir)");
  EXPECT_EQ(periods_of(folder.path("run")), "mine");
}

TEST(Generate, TablesBesideAnInterruptedRunAreAnError) {
  const TemporaryFolder folder;
  play_some(generation(folder.path("run")), 1);
  EXPECT_NE(error_of([&] {
              simulate(generation(folder.path("run"), {"output.resumable=false"}));
            }).find("unfinished: found an interrupted run of output.resumable=true"),
            std::string::npos);
}

TEST(Generate, TwoProcessesDoNotWriteIntoOneFolder) {
  const TemporaryFolder folder;
  const int other = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_EQ(error_of([&] { simulate(generation(folder.path())); }),
            folder.path() + ": another process is writing there");
  ::close(other);
}

// A child of a killed process may hold its lock for a moment longer.
TEST(Generate, AProcessThatIsAboutToEndIsWaitedFor) {
  const TemporaryFolder folder;
  const int other = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  std::thread ends([other] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ::close(other);
  });
  EXPECT_EQ(error_of([&] { simulate(generation(folder.path())); }), "no error");
  ends.join();
}

TEST(Generate, AShortenedTableIsAnError) {
  const TemporaryFolder folder;
  play_some(generation(folder.path("run")), 1);
  write_file(folder.path("run/unfinished/periods.csv"), "period");
  EXPECT_NE(error_of([&] { simulate(generation(folder.path("run"))); }).find("found 6 bytes, expected at least"),
            std::string::npos);
}

// Rows of two meanings in one table would look alike.
TEST(Generate, ATableOfAnEarlierProgramIsAnError) {
  const TemporaryFolder folder;
  play_some(generation(folder.path("run")), 1);
  const std::string table = folder.path("run/unfinished/periods.csv");
  std::string text = read_file(table);
  const std::string last = ",score_of_expectation\n";
  text.erase(text.find(last), last.size() - 1);
  write_file(table, text + std::string(100, ' '));
  EXPECT_NE(error_of([&] { simulate(generation(folder.path("run"))); }).find("found other columns than this program"),
            std::string::npos);
}

TEST(Generate, MarketsOfOtherShapesGoOnToo) {
  const Overrides shape = {"market.traffic.structure=own", "market.traffic.seats=3", "market.traffic.ticks=5",
                           "market.traffic.slots=1", "explore.bidders=[pid, abid]"};
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(generation(folder.path("whole"), shape)));
  play_some(generation(folder.path("run"), shape), 1);
  ASSERT_TRUE(simulate(generation(folder.path("run"), shape)));
  EXPECT_TRUE(store_of(folder.path("run")) == store_of(folder.path("whole")));
  EXPECT_EQ(data::TrajectoryStore(folder.path("run/trajectories.h5")).read().num_rows(), 20 * 3 * 5);
}

// The test below is the child that plays.
pid_t start_child(const std::string& dir) {
  return test::start_child_test("Generate.Killed*", {{"GENBID_TEST_OUTPUT", dir}});
}

TEST(Generate, KilledAgainAndAgainItEndsWithTheSameBytes) {
  if (const char* dir = std::getenv("GENBID_TEST_OUTPUT")) {
    simulate(generation(dir, {"market.periods=1000..1063"}));
    return;
  }
  using Clock = std::chrono::steady_clock;
  const TemporaryFolder folder;
  const Clock::time_point start = Clock::now();
  int status = 0;
  ASSERT_TRUE(waitpid(start_child(folder.path("whole")), &status, 0) > 0 && status == 0);
  const auto full = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();

  uint32_t random = 7;
  int killed_at_work = 0;
  for (int run = 0; run < 3; ++run) {
    const std::string dir = folder.path("run-" + std::to_string(run));
    bool finished = false;
    for (int round = 0; round < 40 && !finished; ++round) {
      const pid_t child = start_child(dir);
      random = random * 1664525U + 1013904223U;
      const double share = 0.6 * static_cast<double>(random >> 8) * 0x1p-24;
      std::this_thread::sleep_for(std::chrono::microseconds(static_cast<int64_t>(share * static_cast<double>(full))));
      kill(child, SIGKILL);
      ASSERT_GT(waitpid(child, &status, 0), 0);
      finished = !WIFSIGNALED(status);
      const int64_t done = unfinished_periods(dir);
      if (!finished && done > 0 && done < 64) ++killed_at_work;
    }
    if (!finished) {
      ASSERT_TRUE(simulate(generation(dir, {"market.periods=1000..1063"})));
    }
    EXPECT_TRUE(store_of(dir) == store_of(folder.path("whole"))) << run;
    EXPECT_TRUE(periods_of(dir) == periods_of(folder.path("whole"))) << run;
    EXPECT_EQ(std::distance(fs::directory_iterator(dir), {}), 2);
  }
  EXPECT_GT(killed_at_work, 0);  // else no kill met the work
}

TEST(GenerateConfig, TheShippedFileMakesAsManyTrajectoriesAsTheCompetitionHas) {
  SimulateConfig config;
  ConfigFile::load("configs/generate.yaml").read(config);
  EXPECT_EQ(config.market.periods.values.size() * 48, 479376U);
  EXPECT_EQ(config.market.periods.values.front(), 1000);
  EXPECT_TRUE(config.output.resumable);
}

TEST(GenerateConfig, WrongOptionsAreErrorsThatSayWhatIsExpected) {
  const auto error = [](const std::string& override) { return error_of([&] { generation("unused", {override}); }); };
  const std::string alone = "trajectories.h5, tape.h5 and periods.csv alone go on";
  EXPECT_NE(error("output.ticks=true").find(alone), std::string::npos);
  EXPECT_NE(error("output.trajectories_csv=true").find(alone), std::string::npos);
  EXPECT_NE(error("output.raw_log=true").find(alone), std::string::npos);
  EXPECT_NE(error("output.market_log=true").find(alone), std::string::npos);
  EXPECT_NE(error("output.trajectories=false").find("true where output.resumable is"), std::string::npos);
  const auto official = [](const Overrides& overrides) {
    return error_of([&] {
      SimulateConfig config;
      ConfigFile::load("configs/simulate.yaml", overrides).read(config);
    });
  };
  EXPECT_NE(official({"market.rules=official", "explore.alpha_noise=0.1"}).find("nothing under the official rules"),
            std::string::npos);
  EXPECT_NE(official({"market.rules=official", "output.resumable=true", "output.trajectories=true",
                      "output.trajectories_csv=false", "output.ticks=false"})
                .find("resumable: false under the official rules"),
            std::string::npos);
}

}  // namespace
}  // namespace genbid::play
