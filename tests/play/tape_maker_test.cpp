#include "play/tape_maker.h"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/stop_signal.h"
#include "base/temporary_folder.h"
#include "market/rule_sets.h"
#include "play/resumable_outputs.h"
#include "play/simulate.h"

// Tapes: output.tape of simulate.

namespace genbid::play {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

// Budgets so small that over-spending takes bids and seats run out.
SimulateConfig small_run(const std::string& dir, const std::string& rules, int64_t threads = 1) {
  SimulateConfig config;
  config.market.rules = rules;
  config.market.population = "rules48";
  config.market.impressions = 5000;
  config.market.budget_scale = 0.005;
  config.market.periods.values = {3, 12};
  config.output.dir = dir;
  config.output.ticks = false;
  config.output.tape = true;
  config.threads = threads;
  return config;
}

std::string tape_of(const std::string& dir) { return read_file(dir + "/tape.h5"); }

struct Played : market::PeriodSink {
  std::vector<std::vector<market::SeatTick>> ticks;
  void on_tick(int64_t, int, std::span<const market::SeatTick> seats) override {
    ticks.emplace_back(seats.begin(), seats.end());
  }
};

std::vector<oracle::Knot> knots_of(const data::TapeColumns& tape, int64_t day, int64_t tick) {
  std::vector<oracle::Knot> knots;
  const float* numbers = tape.knots.data() + (day * tape.ticks + tick) * tape.num_knots() * tape.kNumbers;
  for (int64_t k = 0; k < tape.num_knots(); ++k, numbers += tape.kNumbers) {
    knots.push_back({numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]});
  }
  return knots;
}

class Tape : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Rules, Tape, testing::ValuesIn(market::rules_names()));

// The same period played again with the oracle beside it.
TEST_P(Tape, IsWhatTheOracleSaysOfThePeriodThatWasPlayed) {
  const TemporaryFolder folder;
  SimulateConfig config = small_run(folder.path("run"), GetParam());
  config.market.periods.values = {3};
  ASSERT_TRUE(simulate(config));
  const data::TapeStore store(folder.path("run/tape.h5"));
  EXPECT_EQ(store.info().octaves, oracle::kTapeOctaves);
  EXPECT_EQ(store.info().knots_per_octave, oracle::kKnotsPerOctave);
  EXPECT_NE(store.info().config.find("periods: 3"), std::string::npos) << store.info().config;
  EXPECT_EQ(store.info().config.find("threads"), std::string::npos);
  EXPECT_EQ(store.info().config.find(folder.path("")), std::string::npos);
  const data::TapeColumns tape = store.read();
  ASSERT_EQ(tape.num_days(), kNumSeats);

  Threads threads(1);
  const auto market = market::make_market(config.market, threads);
  const Population population = load_population("rules48");
  const auto cell = [&] { return make_cell(population, 3, config.market); };
  const SeatedPopulation seated(population, config.market.bidder_rules());
  Played played;
  ASSERT_TRUE(market::play(*market, {cell()}, seated.bidders, seated.seat_bidder, played));
  // Another object, because the official PID remembers.
  const SeatedPopulation again(population, config.market.bidder_rules());
  const auto responses = record_responses(*market, cell(), again.bidders, again.seat_bidder);

  double sum_value = 0.0, sum_slots = 0.0;
  for (int64_t seat = 0; seat < kNumSeats; ++seat) {
    SCOPED_TRACE(seat);
    const Advertiser advertiser = cell().advertisers[to_size(seat)];
    EXPECT_EQ(at(tape.period, seat), 3);
    EXPECT_EQ(at(tape.seat, seat), seat);
    EXPECT_EQ(at(tape.budget, seat), advertiser.budget);
    EXPECT_EQ(at(tape.cpa_limit, seat), advertiser.cpa_limit);
    const float lowest = at(tape.lowest, seat);
    EXPECT_EQ(lowest, oracle::tape_grid(advertiser.cpa_limit).lowest);
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      const market::SeatTick& seen = at(at(played.ticks, tick), seat);
      const int64_t row = seat * tape.ticks + tick;
      EXPECT_EQ(at(tape.num_pv, row), as_float(seen.start.num_pv));
      EXPECT_EQ(at(tape.mean_pvalue, row), as_float(seen.start.mean_pvalue));
      EXPECT_EQ(at(tape.price, row), as_float(seen.outcome.mean_least_winning_cost));
      const std::vector<oracle::Knot> knots = knots_of(tape, seat, tick);
      const oracle::AlphaGrid& grid = responses->grid(to_int(seat));
      const oracle::Curve fine = responses->bid_curve(to_int(seat), tick);
      for (size_t k = 0; k + 1 < knots.size(); k += oracle::kKnotsPerOctave) {
        const float alpha = std::ldexp(lowest, to_int(k) / oracle::kKnotsPerOctave);
        const auto point = to_size(grid.first_point_above(alpha)) - 1;
        if (grid.alpha(point) != alpha) continue;  // beyond the common grid
        EXPECT_EQ(knots[k].value, as_float(fine[point].value)) << k;
        EXPECT_EQ(knots[k].cost, as_float(fine[point].cost)) << k;
      }
      sum_value += as_double(knots[12].value);
      sum_slots += as_double(knots[12].slots);
    }
  }
  EXPECT_GT(sum_value, 1.0);
  EXPECT_GT(sum_slots, 1000.0);
}

// Everybody bids an alpha that is a knot and has money for all of it: what a seat won is what its curve says.
TEST_P(Tape, HasTheSlotsThatASeatWonWithItsOwnAlpha) {
  const TemporaryFolder folder;
  const std::string population = folder.path("constants.yaml");
  write_file(population, "seats: {bidder: fixed_alpha, alpha: 64}");
  SimulateConfig config = small_run(folder.path("run"), GetParam());
  config.market.population = population;
  config.market.budget_scale = 10.0;
  config.market.periods.values = {5};
  ASSERT_TRUE(simulate(config));
  const data::TapeColumns tape = data::TapeStore(folder.path("run/tape.h5")).read();

  Threads threads(1);
  const auto market = market::make_market(config.market, threads);
  const Population constants = load_population(population);
  const SeatedPopulation seated(constants, config.market.bidder_rules());
  Played played;
  ASSERT_TRUE(
      market::play(*market, {make_cell(constants, 5, config.market)}, seated.bidders, seated.seat_bidder, played));
  int64_t wins = 0;
  double differences = 0.0;
  for (int64_t seat = 0; seat < kNumSeats; ++seat) {
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      const int64_t won = at(at(played.ticks, tick), seat).outcome.num_wins;
      const auto point = oracle::interpolate(knots_of(tape, seat, tick), at(tape.lowest, seat), 64.0);
      // All bid alike, so that a bid of 64 times the value may tie with a rival's in the last bit of a float.
      differences += std::abs(point.slots - as_double(won));
      wins += won;
    }
  }
  EXPECT_GT(wins, 10000);
  EXPECT_LE(differences, 5.0);
}

TEST_P(Tape, IsTheSameForAnyNumberOfThreadsAndBesideLabels) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(small_run(folder.path("one"), GetParam())));
  ASSERT_TRUE(simulate(small_run(folder.path("three"), GetParam(), 3)));
  EXPECT_TRUE(tape_of(folder.path("one")) == tape_of(folder.path("three")));
  SimulateConfig labelled = small_run(folder.path("labelled"), GetParam(), 2);
  labelled.output.trajectories = labelled.output.labels = true;
  ASSERT_TRUE(simulate(labelled));
  const data::TapeStore alone(folder.path("one/tape.h5")), beside(folder.path("labelled/tape.h5"));
  EXPECT_TRUE(alone.read().knots == beside.read().knots);
  EXPECT_EQ(alone.periods(), (std::vector<int64_t>{3, 12}));
}

TEST_P(Tape, ChangesNothingElse) {
  const TemporaryFolder folder;
  SimulateConfig with = small_run(folder.path("with"), GetParam());
  SimulateConfig without = small_run(folder.path("without"), GetParam());
  without.output.tape = false;
  ASSERT_TRUE(simulate(with));
  ASSERT_TRUE(simulate(without));
  EXPECT_TRUE(read_file(folder.path("with/periods.csv")) == read_file(folder.path("without/periods.csv")));
  EXPECT_FALSE(fs::exists(folder.path("without/tape.h5")));
}

// Prices beyond the usual units: the day is recorded again. Twice the money gives twice the costs, at twice the alphas.
TEST(TapeOfOtherDays, IsInAnyCurrency) {
  const TemporaryFolder folder;
  const std::string population = folder.path("constants.yaml");  // PID counts in absolute money
  write_file(population, "seats: fixed_alpha");
  std::vector<data::TapeColumns> found;
  for (const double scale : {1.0, 4096.0, 8192.0}) {
    SimulateConfig config = small_run(folder.path(std::to_string(scale)), "corrected");
    config.market.population = population;
    config.market.cpa_scale = scale;
    config.market.budget_scale *= scale;
    ASSERT_TRUE(simulate(config));
    found.push_back(data::TapeStore(config.output.dir + "/tape.h5").read());
  }
  const data::TapeColumns &one = found[1], &two = found[2];
  ASSERT_EQ(one.knots.size(), two.knots.size());
  for (size_t i = 0; i < one.lowest.size(); ++i) EXPECT_EQ(two.lowest[i], 2.0F * one.lowest[i]) << i;
  int64_t num_costs = 0;
  for (size_t i = 0; i < one.knots.size(); ++i) {
    const bool money = i % 6 == 2 || i % 6 == 3;
    ASSERT_EQ(two.knots[i], (money ? 2.0F : 1.0F) * one.knots[i]) << i;
    num_costs += money && one.knots[i] > 0.0F ? 1 : 0;
  }
  EXPECT_GT(num_costs, std::ssize(one.knots) / 12);
  // Values are those of the usual currency: nothing was left out. (The reserve is in units of bids, so that a few
  // impressions without rivals differ.)
  double usual = 0.0, other = 0.0;
  for (size_t i = 0; i < one.knots.size(); i += 6) {
    usual += as_double(found[0].knots[i]);
    other += as_double(one.knots[i]);
  }
  EXPECT_NEAR(other / usual, 1.0, 0.02);
}

TEST(TapeOfOtherDays, HasTheirShape) {
  const TemporaryFolder folder;
  SimulateConfig config = small_run(folder.path("run"), "corrected");
  config.market.traffic.structure = "own";
  config.market.traffic.seats = 3;
  config.market.traffic.ticks = 5;
  const std::string population = folder.path("three.yaml");
  write_file(population, "seats: fixed_alpha");
  config.market.population = population;
  ASSERT_TRUE(simulate(config));
  const data::TapeColumns tape = data::TapeStore(folder.path("run/tape.h5")).read();
  EXPECT_EQ(tape.num_days(), 2 * 3);
  EXPECT_EQ(tape.ticks, 5);
  EXPECT_EQ(std::ssize(tape.price), 2 * 3 * 5);
}

SimulateConfig generation(const std::string& dir, const std::string& more = "output.tape=true") {
  SimulateConfig config;
  ConfigFile::load("configs/generate.yaml",
                   {"market.impressions=2000", "market.budget_scale=0.004", "market.periods=1000..1007", "threads=1",
                    "output.dir=" + dir, "output.tape=true", more})
      .read(config);
  return config;
}

void play_some(const SimulateConfig& config, int64_t periods) {
  EXPECT_THROW(simulate(config,
                        [&](int64_t done) {
                          if (done >= periods) throw std::runtime_error("gone");
                        }),
               std::runtime_error);
}

TEST(TapeOfGeneratedDays, AStoppedRunGoesOnToTheSameBytes) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(generation(folder.path("whole"), "output.resumable=false")));
  const SimulateConfig config = generation(folder.path("run"));
  stop_signal::install();
  EXPECT_FALSE(simulate(config, [](int64_t) { std::raise(SIGINT); }));
  stop_signal::reset();
  const int64_t done = unfinished_periods(folder.path("run"));
  EXPECT_GT(done, 0);
  EXPECT_LT(done, 8);
  EXPECT_EQ(simulate(config)->num_played_before, done);
  for (const char* name : {"/tape.h5", "/trajectories.h5", "/periods.csv"}) {
    EXPECT_TRUE(read_file(folder.path("run") + name) == read_file(folder.path("whole") + name)) << name;
  }
  EXPECT_FALSE(fs::exists(folder.path("run/unfinished")));
  // Whole, it is not played again.
  EXPECT_EQ(simulate(config)->num_played_before, 8);
  EXPECT_EQ(simulate(config)->files.size(), 3U);
}

// As if killed between the files' moves.
TEST(TapeOfGeneratedDays, ARunThatIsGoneBetweenItsLastStepsIsCompletedByTheNext) {
  const TemporaryFolder folder;
  ASSERT_TRUE(simulate(generation(folder.path("whole"))));
  const SimulateConfig config = generation(folder.path("run"));
  play_some(config, 8);
  fs::rename(folder.path("run/unfinished/periods.csv"), folder.path("run/periods.csv"));
  fs::rename(folder.path("run/unfinished/tape.h5"), folder.path("run/tape.h5"));
  EXPECT_EQ(simulate(config)->num_played_before, 8);
  EXPECT_TRUE(tape_of(folder.path("run")) == tape_of(folder.path("whole")));
  EXPECT_TRUE(fs::exists(folder.path("run/trajectories.h5")));
  EXPECT_FALSE(fs::exists(folder.path("run/unfinished")));
}

std::string error_of(const SimulateConfig& config) {
  try {
    simulate(config);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(TapeOfGeneratedDays, BelongsToARunThatGoesOn) {
  const TemporaryFolder folder;
  play_some(generation(folder.path("run")), 1);
  EXPECT_NE(error_of(generation(folder.path("run"), "output.tape=false"))
                .find("an interrupted run with output.tape: true, expected nothing"),
            std::string::npos);
}

TEST(TapeOfGeneratedDays, AFinishedRunWithoutItsTapeIsAnError) {
  const TemporaryFolder folder;
  const SimulateConfig config = generation(folder.path("run"));
  ASSERT_TRUE(simulate(config));
  fs::remove(folder.path("run/tape.h5"));
  const std::string path = folder.path("run/tape.h5");
  EXPECT_TRUE(error_of(config).starts_with(path + ": found nothing, expected the finished run's tape"))
      << error_of(config);
  write_file(path, "old");
  EXPECT_TRUE(error_of(config).starts_with(path + ": not an HDF5 file")) << error_of(config);
  // Beside a run that makes none.
  fs::remove(folder.path("run/trajectories.h5"));
  EXPECT_TRUE(error_of(generation(folder.path("run"), "output.tape=false"))
                  .starts_with(path + ": found the output of an earlier run"));
}

}  // namespace
}  // namespace genbid::play
