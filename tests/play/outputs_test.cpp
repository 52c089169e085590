#include "play/outputs.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "base/temporary_folder.h"
#include "data/ingest.h"
#include "data/market_log.h"
#include "data/trajectory_store.h"
#include "golden.h"
#include "golden_ticks.h"
#include "market/rule_sets.h"
#include "play/simulate.h"

namespace genbid::play {
namespace {

using test::TemporaryFolder;

SimulateConfig everything(const std::string& dir, const std::string& rules, int64_t threads = 1) {
  SimulateConfig config;
  config.market.rules = rules;
  config.market.impressions = 2000;
  config.market.budget_scale = 0.004;
  config.market.periods.values = {0, 1};
  config.output.dir = dir;
  config.output.raw_log = config.output.trajectories = config.output.market_log = config.output.tape = true;
  config.threads = threads;
  return config;
}

// Path in the folder and content of every file.
std::map<std::string, std::string> files_of(const std::string& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    files[std::filesystem::relative(entry.path(), dir).string()] = read_file(entry.path().string());
  }
  return files;
}

std::vector<std::string> names_of(const std::map<std::string, std::string>& files) {
  std::vector<std::string> names;
  for (const auto& [name, content] : files) names.push_back(name);
  return names;
}

// One run a rule set, played once.
class AllOutputs : public testing::TestWithParam<std::string> {
 protected:
  static std::string run(const std::string& rules) {
    static TemporaryFolder folder;
    const std::string dir = folder.path(rules);
    if (!std::filesystem::exists(dir)) simulate(everything(dir, rules));
    return dir;
  }
  std::string run() const { return run(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Rules, AllOutputs, testing::ValuesIn(market::rules_names()));

TEST(OfficialRun, SmallPidRunHasEveryNumberOfTheOriginal) {
  GENBID_VECTOR(golden, "run_pid_small/per_tick_agent.csv");
  const TemporaryFolder folder;
  SimulateConfig config = everything(folder.path("run"), "official");
  config.output.raw_log = config.output.trajectories = config.output.market_log = false;
  ASSERT_TRUE(simulate(config));
  test::expect_golden_ticks(test::read_table(folder.path("run/ticks.csv")), test::read_table(golden));
}

TEST(OfficialRun, SmallPidRunWritesTheBytesOfTheOriginalsLog) {
  GENBID_VECTOR(cut, "run_pid_small/log-0-agents-0-17.csv");
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(everything(folder.path("run"), "official", 2)));
  std::istringstream lines(read_file(folder.path("run/raw_log/period-0.csv")));
  std::string kept, line;
  while (std::getline(lines, line)) {
    if (line.starts_with("delivery") || line.starts_with("0.0,0.0,") || line.starts_with("0.0,17.0,")) {
      kept += line + "\n";
    }
  }
  EXPECT_TRUE(kept == read_file(cut)) << "the rows of seats 0 and 17 differ";
  for (const std::string period : {"0", "1"}) {
    GENBID_VECTOR(golden, "run_pid_small/data/log/" + period + ".csv");
    EXPECT_TRUE(read_file(folder.path("run/raw_log/period-" + period + ".csv")) == read_file(golden)) << period;
  }
}

// The columns up to `state` with the state's numbers, then action to done, then next_state's numbers.
std::vector<double> numbers_of(const std::string& line) {
  std::vector<double> numbers;
  const char* at = line.c_str();
  while (*at != '\0') {
    char* end = nullptr;
    const double value = std::strtod(at, &end);
    if (end == at) {
      ++at;
    } else {
      numbers.push_back(value);
      at = end;
    }
  }
  return numbers;
}

// The states of AuctionNet's generator are of a log's means, ours of the market's: last bits differ.
void expect_same_trajectories(const std::string& ours, const std::string& golden, bool seats_0_and_17) {
  std::istringstream ours_lines(ours), golden_lines(golden);
  std::string our_line, golden_line;
  std::getline(ours_lines, our_line);
  std::getline(golden_lines, golden_line);
  EXPECT_EQ(our_line, golden_line);
  int num_rows = 0;
  while (std::getline(golden_lines, golden_line)) {
    do {
      ASSERT_TRUE(std::getline(ours_lines, our_line));
    } while (seats_0_and_17 && !our_line.starts_with("0.0,0.0,") && !our_line.starts_with("0.0,17.0,"));
    const std::vector<double> a = numbers_of(our_line);
    const std::vector<double> b = numbers_of(golden_line);
    ASSERT_EQ(a.size(), b.size()) << our_line << "\n" << golden_line;
    for (size_t i = 0; i < a.size(); ++i)
      ASSERT_NEAR(a[i], b[i], 1e-12 * std::abs(b[i])) << our_line << "\n" << golden_line;
    ++num_rows;
  }
  EXPECT_EQ(num_rows, seats_0_and_17 ? 96 : 2304);
}

TEST(OfficialRun, SmallPidRunHasTheTrajectoriesOfTheOriginalsGenerator) {
  GENBID_VECTOR(cut, "rldata/period-0-agents-0-17-rlData.csv");
  const TemporaryFolder folder;
  for (const std::string period : {"0", "1"}) {
    SimulateConfig config = everything(folder.path("run"), "official");
    config.output.raw_log = config.output.market_log = false;
    // PID remembers the period before: the second one is found behind the first.
    if (period == "0") config.market.periods.values = {0};
    ASSERT_TRUE(simulate(config));
    std::string ours = read_file(folder.path("run/trajectories.csv"));
    if (period == "0") expect_same_trajectories(ours, read_file(cut), true);
    if (period == "1") ours = ours.substr(0, ours.find('\n') + 1) + ours.substr(ours.find("\n1.0,") + 1);
    GENBID_VECTOR(golden, "rldata/period-" + period + "-rlData.csv");
    expect_same_trajectories(ours, read_file(golden), false);
  }
}

TEST_P(AllOutputs, AreAllInTheFolder) {
  EXPECT_EQ(names_of(files_of(run())),
            (std::vector<std::string>{"market_log.h5", "periods.csv", "raw_log/period-0.csv", "raw_log/period-1.csv",
                                      "tape.h5", "ticks.csv", "trajectories.csv", "trajectories.h5"}));
}

TEST_P(AllOutputs, AnyNumberOfThreadsWritesTheSameBytes) {
  const TemporaryFolder folder;
  const auto one = files_of(run());
  for (const int threads : {2, 4}) {
    const std::string dir = folder.path(std::to_string(threads));
    ASSERT_TRUE(simulate(everything(dir, GetParam(), threads)));
    const auto more = files_of(dir);
    EXPECT_EQ(names_of(more), names_of(one));
    for (const auto& [name, content] : one) EXPECT_TRUE(more.at(name) == content) << name;
  }
}

TEST_P(AllOutputs, TablesAreThoseOfARunWithoutTheOthers) {
  const TemporaryFolder folder;
  SimulateConfig config = everything(folder.path("plain"), GetParam());
  config.output.raw_log = config.output.trajectories = config.output.market_log = config.output.tape = false;
  ASSERT_TRUE(simulate(config));
  const auto plain = files_of(folder.path("plain"));
  EXPECT_EQ(plain.size(), 2U);
  for (const auto& [name, content] : plain) EXPECT_TRUE(content == read_file(run() + "/" + name)) << name;
}

void expect_near(const LargeVector<float>& a, const LargeVector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-6F * std::abs(b[i]) + 1e-9F) << i;
}

void expect_same_store(const std::string& one, const std::string& other) {
  const data::TrajectoryStore a_store(one), b_store(other);
  EXPECT_EQ(a_store.info().features, b_store.info().features);
  EXPECT_EQ(a_store.info().feature_set, b_store.info().feature_set);
  EXPECT_EQ(a_store.info().ticks, b_store.info().ticks);
  EXPECT_EQ(a_store.info().seats, b_store.info().seats);
  const data::TrajectoryColumns a = a_store.read(), b = b_store.read();
  EXPECT_EQ(a.num_rows(), 2 * 48 * 48);
  EXPECT_EQ(a.period, b.period);
  EXPECT_EQ(a.advertiser, b.advertiser);
  EXPECT_EQ(a.category, b.category);
  EXPECT_EQ(a.budget, b.budget);
  EXPECT_EQ(a.cpa, b.cpa);
  EXPECT_EQ(a.conversions, b.conversions);
  EXPECT_EQ(a.first_row, b.first_row);
  EXPECT_EQ(a.tick, b.tick);
  EXPECT_EQ(a.reward, b.reward);
  EXPECT_EQ(a.done, b.done);
  // Money counts in 2^-32, prices are cut to it; an advertiser pays for hundreds of impressions.
  for (size_t i = 0; i < a.cost.size(); ++i) EXPECT_NEAR(a.cost[i], b.cost[i], 1e-12 * b.cost[i] + 1000 * 0x1p-32);
  expect_near(a.state, b.state);
  expect_near(a.action, b.action);
  expect_near(a.reward_continuous, b.reward_continuous);
}

TEST_P(AllOutputs, TrajectoriesAreThoseOfTheIngestedRawLog) {
  const TemporaryFolder folder;
  data::IngestConfig config;
  config.input = {run() + "/raw_log/period-1.csv", run() + "/raw_log/period-0.csv"};
  config.output = folder.path("s.h5");
  const auto summary = data::ingest(config);
  EXPECT_TRUE(summary->rows_in_order);
  EXPECT_TRUE(summary->open_ends.empty());
  expect_same_store(run() + "/trajectories.h5", config.output);
}

TEST_P(AllOutputs, TrajectoriesAreThoseOfTheirCsv) {
  const TemporaryFolder folder;
  data::IngestConfig config;
  config.input = {run() + "/trajectories.csv"};
  config.output = folder.path("s.h5");
  const auto summary = data::ingest(config);
  EXPECT_EQ(summary->features_checked, 2 * 48 * 48);
  EXPECT_EQ(summary->features_different, 0);
  EXPECT_EQ(summary->next_states_different, 0);
  EXPECT_GT(summary->next_states_checked, 1000);
  expect_same_store(run() + "/trajectories.h5", config.output);
}

template <typename Real>
void expect_same_ticks(const data::MarketLog& a, const data::MarketLog& b) {
  ASSERT_EQ(a.periods().size(), 2U);
  ASSERT_EQ(b.periods().size(), 2U);
  for (const int64_t number : {0, 1}) {
    const data::MarketLogPeriod& p = a.period(number);
    const data::MarketLogPeriod& q = b.period(number);
    EXPECT_EQ(p.tick_first, q.tick_first);
    EXPECT_EQ(p.advertiser, q.advertiser);
    EXPECT_EQ(p.category, q.category);
    EXPECT_EQ(p.budget, q.budget);
    EXPECT_EQ(p.cpa, q.cpa);
    EXPECT_TRUE(p.has_sigma && p.has_ladder && !p.has_source_row);
    EXPECT_TRUE(q.has_sigma && q.has_ladder && !q.has_source_row);
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      data::MarketLogTick<Real> x, y;
      a.read_tick(p, tick, x);
      b.read_tick(q, tick, y);
      EXPECT_TRUE(x.pvalue == y.pvalue && x.sigma == y.sigma && x.top_bid == y.top_bid && x.top_seat == y.top_seat &&
                  x.least_winning_cost == y.least_winning_cost)
          << "period " << number << ", tick " << tick;
    }
  }
}

TEST_P(AllOutputs, MarketLogIsThatOfTheIngestedRawLog) {
  for (const char* precision : {"float32", "float64"}) {
    const TemporaryFolder folder;
    SimulateConfig config = everything(folder.path("run"), GetParam());
    config.output.raw_log = config.output.trajectories = config.output.tape = false;
    config.output.market_log_precision = precision;
    ASSERT_TRUE(simulate(config));
    EXPECT_EQ(files_of(folder.path("run")).size(), 3U);
    data::IngestConfig raw;
    raw.input = {run() + "/raw_log/period-0.csv", run() + "/raw_log/period-1.csv"};
    raw.output_market_log = folder.path("m.h5");
    raw.settings.market_log.precision = precision;
    ASSERT_TRUE(data::ingest(raw));
    const data::MarketLog ours(folder.path("run/market_log.h5"));
    const data::MarketLog theirs(raw.output_market_log);
    EXPECT_EQ(ours.info().precision, precision);
    EXPECT_EQ(ours.info().ticks, theirs.info().ticks);
    EXPECT_EQ(ours.info().seats, theirs.info().seats);
    expect_same_ticks<double>(ours, theirs);
  }
}

TEST_P(AllOutputs, StoresSayWhatWasPlayedButNotWhere) {
  const std::string text = data::TrajectoryStore(run() + "/trajectories.h5").info().config;
  EXPECT_EQ(text, data::MarketLog(run() + "/market_log.h5").info().config);
  EXPECT_NE(text.find("rules: " + GetParam()), std::string::npos);
  EXPECT_NE(text.find("population: pid48"), std::string::npos);
  EXPECT_EQ(text.find("dir"), std::string::npos);
  EXPECT_EQ(text.find("threads"), std::string::npos);
}

// A log's prices are at least the reserve of its market; which one that was, its settings say.
TEST(SimulateOutputs, AMarketLogCarriesItsReserve) {
  const test::TemporaryFolder folder;
  SimulateConfig config;
  config.market.impressions = 2000;
  config.market.periods.values = {3};
  config.market.auction.reserve = 2.0;
  config.output.dir = folder.path("run");
  config.output.market_log = true;
  config.threads = 1;
  ASSERT_TRUE(simulate(config));
  const data::MarketLog log(folder.path("run/market_log.h5"));
  EXPECT_NE(log.info().config.find("  auction:\n    reserve: 2\n"), std::string::npos) << log.info().config;
  data::MarketLogTick<double> tick;
  log.read_tick(log.period(3), 20, tick);
  EXPECT_EQ(*std::min_element(tick.least_winning_cost.begin(), tick.least_winning_cost.end()), 2.0);
}

TEST(SimulateOutputs, OtherFeaturesOnRequest) {
  const TemporaryFolder folder;
  SimulateConfig config = everything(folder.path("run"), "corrected");
  config.output.raw_log = config.output.market_log = false;
  config.output.features = "auctionnet16";
  ASSERT_TRUE(simulate(config));
  EXPECT_EQ(data::TrajectoryStore(folder.path("run/trajectories.h5")).info().features.size(), 16U);
}

TEST(SimulateOutputs, TicksAndTheCsvOfTrajectoriesAreLeftOutOnRequest) {
  const TemporaryFolder folder;
  SimulateConfig config = everything(folder.path("run"), "corrected");
  config.output.raw_log = config.output.market_log = config.output.tape = false;
  ASSERT_TRUE(simulate(config));
  const auto all = files_of(folder.path("run"));
  config.output.dir = folder.path("less");
  config.output.ticks = config.output.trajectories_csv = false;
  ASSERT_TRUE(simulate(config));
  const auto less = files_of(folder.path("less"));
  EXPECT_EQ(names_of(less), (std::vector<std::string>{"periods.csv", "trajectories.h5"}));
  for (const auto& [name, content] : less) EXPECT_TRUE(content == all.at(name)) << name;

  for (const std::string name : {"ticks.csv", "trajectories.csv"}) {
    config.output.dir = folder.path("old-" + name);
    write_file(config.output.dir + "/" + name, "old");
    try {
      simulate(config);
      FAIL() << name;
    } catch (const Error& e) {
      const std::string option = name == "ticks.csv" ? "output.ticks=true" : "output.trajectories_csv=true";
      EXPECT_NE(std::string(e.what()).find("(another output.dir, or " + option), std::string::npos) << e.what();
    }
  }
}

TEST(SimulateOutputs, TrajectoriesOfPeriodsSideBySideAreThoseOfPeriodsAlone) {
  const TemporaryFolder folder;
  SimulateConfig config = everything(folder.path("together"), "corrected");
  config.output.raw_log = config.output.market_log = false;
  ASSERT_TRUE(simulate(config));
  config.output.dir = folder.path("alone");
  config.output.raw_log = true;
  ASSERT_TRUE(simulate(config));
  for (const std::string name : {"trajectories.h5", "trajectories.csv"}) {
    EXPECT_TRUE(read_file(folder.path("together/" + name)) == read_file(folder.path("alone/" + name))) << name;
  }
}

TEST(SimulateOutputs, ReplaceThoseOfTheirNamesInAFolderThatIsThere) {
  const TemporaryFolder folder;
  write_file(folder.path("run/notes.txt"), "old");
  write_file(folder.path("run/ticks.csv"), "episode,tick,agent,remaining_before,old");
  write_file(folder.path("run/market_log.h5"), "");
  write_file(folder.path("run/raw_log/period-7.csv"),
             "deliveryPeriodIndex,advertiserNumber,advertiserCategoryIndex,budget,CPAConstraint,timeStepIndex,"
             "remainingBudget,pvIndex,old");
  SimulateConfig config = everything(folder.path("run"), "corrected");
  config.output.trajectories = false;
  const auto summary = simulate(config);
  const auto files = files_of(folder.path("run"));
  EXPECT_EQ(names_of(files),
            (std::vector<std::string>{"market_log.h5", "notes.txt", "periods.csv", "raw_log/period-0.csv",
                                      "raw_log/period-1.csv", "tape.h5", "ticks.csv"}));
  EXPECT_EQ(files.at("notes.txt"), "old");
  EXPECT_TRUE(files.at("ticks.csv").starts_with(PeriodTables::ticks_header()));
  EXPECT_FALSE(files.at("market_log.h5").empty());
  std::vector<std::string> places;
  for (const char* name : {"ticks.csv", "periods.csv", "raw_log", "market_log.h5", "tape.h5"}) {
    places.push_back(folder.path(std::string("run/") + name));
  }
  EXPECT_EQ(summary->files, places);
}

TEST(SimulateOutputs, ReplaceTheirLike) {
  const TemporaryFolder folder;
  const SimulateConfig config = everything(folder.path("run"), "corrected");
  ASSERT_TRUE(simulate(config));
  const auto first = files_of(folder.path("run"));
  ASSERT_TRUE(simulate(config));
  EXPECT_TRUE(files_of(folder.path("run")) == first);
}

TEST(SimulateOutputs, KeepFilesOfTheirNamesThatAreNoneOfThem) {
  const std::vector<std::pair<std::string, std::string>> outputs = {{"ticks.csv", "a run's table of ticks"},
                                                                    {"periods.csv", "a run's table of periods"},
                                                                    {"trajectories.h5", "a trajectory store"},
                                                                    {"trajectories.csv", "a trajectory file"},
                                                                    {"market_log.h5", "a market log"},
                                                                    {"raw_log/notes.txt", "a raw log"},
                                                                    {"tape.h5", "a tape"}};
  for (const auto& [name, kind] : outputs) {
    const TemporaryFolder folder;
    const std::string path = folder.path("run/" + name);
    write_file(path, "tick,price\n1,2\n");
    std::string message = "no error";
    try {
      simulate(everything(folder.path("run"), "corrected"), [](int64_t) { ADD_FAILURE() << "a period was played"; });
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_EQ(message, path + ": found a file that is not " + kind + ", expected nothing, or " + kind +
                           " to replace (move it away, or take another output.dir)");
    EXPECT_EQ(files_of(folder.path("run")), (std::map<std::string, std::string>{{name, "tick,price\n1,2\n"}}));
  }
}

// It would lie beside tables of other periods.
TEST(SimulateOutputs, AnOldOneThatWouldStayIsAnError) {
  for (const char* name : {"raw_log/period-7.csv", "trajectories.h5", "trajectories.csv", "market_log.h5", "tape.h5"}) {
    const TemporaryFolder folder;
    write_file(folder.path(std::string("run/") + name), "old");
    SimulateConfig config = everything(folder.path("run"), "corrected");
    config.output.raw_log = config.output.trajectories = config.output.market_log = config.output.tape = false;
    try {
      simulate(config);
      FAIL() << name;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("found the output of an earlier run"), std::string::npos) << e.what();
    }
    EXPECT_EQ(names_of(files_of(folder.path("run"))), std::vector<std::string>{name});
  }
}

// Names and contents, as before.
void expect_untouched(const std::string& dir, const std::map<std::string, std::string>& before) {
  EXPECT_EQ(files_of(dir), before);
  EXPECT_FALSE(std::any_of(std::filesystem::directory_iterator(dir), std::filesystem::directory_iterator(),
                           [](const auto& entry) { return entry.path().string().find(".tmp-") != std::string::npos; }));
}

TEST(SimulateOutputs, AreNotThereWhenStopped) {
  const TemporaryFolder folder;
  write_file(folder.path("old/ticks.csv"), PeriodTables::ticks_header());
  const auto before = files_of(folder.path("old"));
  stop_signal::install();
  std::raise(SIGINT);
  EXPECT_FALSE(simulate(everything(folder.path("new"), "corrected")));
  EXPECT_FALSE(simulate(everything(folder.path("old"), "corrected")));
  stop_signal::reset();
  EXPECT_FALSE(std::filesystem::exists(folder.path("new")));
  expect_untouched(folder.path("old"), before);
}

// A file size limit stands for a full disk.
TEST(SimulateOutputs, AreNotThereWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  write_file(folder.path("old/ticks.csv"), PeriodTables::ticks_header());
  const auto before = files_of(folder.path("old"));
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small = {4'000'000, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message = "no error";
  try {
    simulate(everything(folder.path("old"), "corrected"));
  } catch (const Error& error) {
    message = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_NE(message.find("period-0.csv: cannot write: File too large"), std::string::npos) << message;
  expect_untouched(folder.path("old"), before);
}

TEST(SimulateOutputs, APlaceThatIsTakenIsAnErrorBeforeTheWork) {
  const auto error_of = [](const SimulateConfig& config) -> std::string {
    try {
      simulate(config, [](int64_t) { ADD_FAILURE() << "a period was played"; });
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const TemporaryFolder folder;
  write_file(folder.path("a/raw_log"), "a file");
  write_file(folder.path("b/trajectories.csv/x"), "a file in a folder");
  EXPECT_EQ(error_of(everything(folder.path("a"), "corrected")),
            folder.path("a/raw_log") + ": found a file, expected a folder");
  EXPECT_EQ(error_of(everything(folder.path("b"), "corrected")),
            folder.path("b/trajectories.csv") + ": found a folder, expected a file");
  EXPECT_EQ(names_of(files_of(folder.path("a"))), std::vector<std::string>{"raw_log"});
}

TEST(SimulateOutputs, WrongOptionsAreErrorsThatSayWhatIsExpected) {
  const auto error_of = [](const std::string& override) -> std::string {
    SimulateConfig config;
    try {
      ConfigFile::load("configs/simulate.yaml", {override}).read(config);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_NE(error_of("output.market_log_precision=float16").find("expected one of float32, float64"),
            std::string::npos);
  EXPECT_NE(error_of("output.features=auctionnet16_frozen").find("expected one of auctionnet16, constraint"),
            std::string::npos);
  EXPECT_NE(error_of("output.raw_log=maybe").find("true or false"), std::string::npos);
  EXPECT_EQ(error_of("output.raw_log=true"), "no error");
}

}  // namespace
}  // namespace genbid::play
