#include "play/log_tape.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "data/hdf5_file.h"
#include "data/tape_store.h"
#include "oracle/tape.h"
#include "play/simulate.h"

namespace genbid::play {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using Overrides = std::vector<std::string>;

// Days with a tape and a market log of the same.
std::string played(const TemporaryFolder& folder, const std::string& name, const Overrides& more) {
  SimulateConfig config;
  Overrides overrides = {"market.population=rules48", "market.impressions=5000",
                         "output.tape=true",          "output.market_log=true",
                         "output.ticks=false",        "market.budget_scale=0.04",
                         "market.periods=3..4",       "output.dir=" + folder.path(name)};
  overrides.insert(overrides.end(), more.begin(), more.end());
  ConfigFile::load("configs/simulate.yaml", overrides).read(config);
  EXPECT_TRUE(simulate(config));
  return folder.path(name);
}

LogTapeSettings at_logged_prices(double budget, double cpa) {
  LogTapeSettings settings;
  settings.prices = "logged";
  settings.budget = budget;
  settings.cpa = cpa;
  return settings;
}

LogTape make(const std::vector<std::string>& logs, const std::string& output, const LogTapeSettings& settings = {},
             int num_threads = 1) {
  Threads threads(num_threads);
  const auto made = tape_of_logs(logs, output, settings, threads);
  EXPECT_TRUE(made);
  return made.value_or(LogTape{});
}

std::string error_of(const std::vector<std::string>& logs, const std::string& output,
                     const LogTapeSettings& settings = {}) {
  Threads threads(1);
  try {
    tape_of_logs(logs, output, settings, threads);
  } catch (const Error& e) {
    EXPECT_FALSE(fs::exists(output));
    return e.what();
  }
  return "no error";
}

// A market's day and its log tell the same of any bid: p-values are told to the last digit of a float, and so are bids.
TEST(LogTape, OfBidsIsThatOfTheMarketItself) {
  const TemporaryFolder folder;
  const std::string days = played(folder, "days", {});
  const LogTape made = make({days + "/market_log.h5"}, folder.path("tape.h5"));
  EXPECT_EQ(made.prices, "bids");
  EXPECT_EQ(made.periods, 2);
  EXPECT_EQ(made.seats, 48);
  EXPECT_EQ(made.lowered, 0);
  const data::TapeStore store(folder.path("tape.h5"));
  EXPECT_EQ(store.periods(), (std::vector<int64_t>{3, 4}));
  // Whose days these are, and how they were read.
  EXPECT_NE(store.info().config.find("\nmarket:"), std::string::npos) << store.info().config;
  EXPECT_NE(store.info().config.find("\ntape:\n  prices: bids\n"), std::string::npos) << store.info().config;
  const data::TapeColumns found = store.read();
  const data::TapeColumns expected = data::TapeStore(days + "/tape.h5").read();
  EXPECT_EQ(found.budget, expected.budget);
  EXPECT_EQ(found.cpa_limit, expected.cpa_limit);
  EXPECT_EQ(found.lowest, expected.lowest);
  EXPECT_EQ(found.num_pv, expected.num_pv);
  ASSERT_EQ(found.knots.size(), expected.knots.size());
  int64_t apart = 0;
  for (size_t i = 0; i < found.knots.size(); ++i) {
    const double much = 1e-6 * std::abs(as_double(expected.knots[i])) + 1e-9;
    apart += std::abs(as_double(found.knots[i]) - as_double(expected.knots[i])) > much ? 1 : 0;
  }
  EXPECT_EQ(apart, 0);
  for (size_t i = 0; i < found.price.size(); ++i) {
    ASSERT_NEAR(found.price[i], expected.price[i], 1e-6F * expected.price[i]) << i;
    ASSERT_NEAR(found.mean_pvalue[i], expected.mean_pvalue[i], 1e-6F * expected.mean_pvalue[i]) << i;
  }
}

TEST(LogTape, IsTheSameForAnyNumberOfThreadsAndLogs) {
  const TemporaryFolder folder;
  const std::string both = played(folder, "both", {}) + "/market_log.h5";
  const std::string three = played(folder, "three", {"market.periods=3"}) + "/market_log.h5";
  const std::string four = played(folder, "four", {"market.periods=4"}) + "/market_log.h5";
  make({both}, folder.path("one.h5"));
  make({both}, folder.path("more.h5"), {}, 3);
  EXPECT_TRUE(read_file(folder.path("one.h5")) == read_file(folder.path("more.h5")));
  make({three, four}, folder.path("parts.h5"));
  EXPECT_TRUE(data::TapeStore(folder.path("one.h5")).read().knots ==
              data::TapeStore(folder.path("parts.h5")).read().knots);
  EXPECT_EQ(error_of({both, four}, folder.path("twice.h5")),
            four + ": found period 4, which is in " + both + " too; expected each once");
}

// A day of one's own campaign: without bids, budget and limit.
struct OwnLog {
  std::vector<double> pvalue = {0.1, 0.2, 0.3, 0.4};  // two ticks of two impressions
  std::vector<double> price = {1.0, 4.0, 9.0, 0.0};
  std::vector<int64_t> tick_first = {0, 2, 4};
  std::string config = {};

  std::string write(const std::string& path) const {
    data::Hdf5File file = data::Hdf5File::create(path, path);
    file.write_attribute("format", std::string("genbid-market-log"));
    for (const auto& [name, value] : {std::pair("version", 1), {"ticks", 2}, {"seats", 1}}) {
      file.write_attribute(name, int64_t{value});
    }
    file.create_group("/period-5");
    const auto put = [&](const std::string& name, const auto& values) {
      using Value = typename std::decay_t<decltype(values)>::value_type;
      file.create_dataset("/period-5/" + name, data::kHdf5TypeOf<Value>, {std::ssize(values)});
      file.write_rows("/period-5/" + name, 0, std::span<const Value>(values));
    };
    if (!config.empty()) file.write_attribute("config", config);
    put("tick_first", tick_first);
    put("pvalue", pvalue);
    put("least_winning_cost", price);
    file.close();
    return path;
  }
};

oracle::TapePoint bought(const data::TapeColumns& tape, int64_t tick, double alpha) {
  std::vector<oracle::Knot> knots;
  const float* numbers = tape.knots.data() + tick * tape.num_knots() * data::TapeColumns::kNumbers;
  for (int64_t k = 0; k < tape.num_knots(); ++k, numbers += data::TapeColumns::kNumbers) {
    knots.push_back({numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]});
  }
  return oracle::interpolate(knots, at(tape.lowest, 0), alpha);
}

// Of logged prices every impression is bought whose price is below the bid, at that price, and shown.
TEST(LogTape, OfLoggedPricesBuysWhatABidReaches) {
  const TemporaryFolder folder;
  const std::string log = OwnLog{}.write(folder.path("log.h5"));
  LogTapeSettings settings = at_logged_prices(1000.0, 20.0);
  const LogTape made = make({log}, folder.path("tape.h5"), settings);
  EXPECT_EQ(made.prices, "logged");
  EXPECT_EQ(made.ticks, 2);
  const data::TapeColumns tape = data::TapeStore(folder.path("tape.h5")).read();
  EXPECT_EQ(tape.budget, std::vector<double>{1000.0});
  EXPECT_EQ(tape.cpa_limit, std::vector<double>{20.0});
  EXPECT_EQ(tape.num_pv, (std::vector<float>{2.0F, 2.0F}));
  EXPECT_FLOAT_EQ(tape.price[0], 2.5F);
  EXPECT_FLOAT_EQ(tape.mean_pvalue[1], 0.35F);
  // Worth the money from alpha 10 (1 / 0.1), 20 and 30 on; the last one is free. The curves have knots at 4 x 2^(k/4).
  EXPECT_NEAR(bought(tape, 0, 8.0).value, 0.0, 1e-6);
  EXPECT_NEAR(bought(tape, 0, 16.0).value, 0.1, 1e-6);
  EXPECT_NEAR(bought(tape, 0, 16.0).cost, 1.0, 1e-6);
  EXPECT_NEAR(bought(tape, 0, 32.0).value, 0.3, 1e-6);
  EXPECT_NEAR(bought(tape, 0, 32.0).cost, 5.0, 1e-6);
  EXPECT_NEAR(bought(tape, 0, 32.0).slots, 2.0, 1e-6);
  EXPECT_NEAR(bought(tape, 1, 16.0).value, 0.4, 1e-6);
  EXPECT_NEAR(bought(tape, 1, 16.0).cost, 0.0, 1e-6);
  EXPECT_NEAR(bought(tape, 1, 64.0).value, 0.7, 1e-6);
  EXPECT_NEAR(bought(tape, 1, 64.0).cost, 9.0, 1e-6);
}

// A budget that is spent far below the limit: curves begin where its money is.
TEST(LogTape, BeginsWhereMoneyEnds) {
  const TemporaryFolder folder;
  const std::string log = OwnLog{}.write(folder.path("log.h5"));
  LogTapeSettings settings = at_logged_prices(1.5, 1000.0);
  EXPECT_EQ(make({log}, folder.path("tape.h5"), settings).lowered, 1);
  const data::TapeColumns tape = data::TapeStore(folder.path("tape.h5")).read();
  EXPECT_LE(tape.lowest[0], 10.0F);
  EXPECT_NEAR(bought(tape, 0, 16.0).cost, 1.0, 1e-6);
  EXPECT_NEAR(bought(tape, 0, 8.0).cost, 0.0, 1e-6);
}

// Far below it, too: a thousand times the budget is spent with the first alpha.
TEST(LogTape, BeginsWhereMoneyEndsHoweverFarThatIs) {
  const TemporaryFolder folder;
  OwnLog own;
  own.pvalue.assign(4, 0.1);
  own.price.assign(4, 1.0);
  const std::string log = own.write(folder.path("log.h5"));
  for (const double budget : {0.12, 0.012, 0.0012}) {
    const LogTapeSettings settings = at_logged_prices(budget, 1000.0);
    EXPECT_EQ(make({log}, folder.path("tape.h5"), settings).lowered, 1);
    const data::TapeColumns tape = data::TapeStore(folder.path("tape.h5")).read();
    EXPECT_NEAR(bought(tape, 0, 16.0).cost, 2.0, 1e-6) << budget;  // alpha 10 buys all there is
    EXPECT_NEAR(bought(tape, 0, 8.0).cost, 0.0, 1e-6) << budget;
  }
}

// Ticks and days without anything on offer, and things that are free or worth nothing.
TEST(LogTape, OfNothing) {
  const TemporaryFolder folder;
  OwnLog own;
  own.tick_first = {0, 0, 4};
  own.pvalue = {0.0, 0.0, 0.5, 0.5};
  own.price = {0.0, 1.0, 0.0, 1e300};
  const LogTapeSettings settings = at_logged_prices(10.0, 10.0);
  make({own.write(folder.path("log.h5"))}, folder.path("tape.h5"), settings);
  const data::TapeColumns tape = data::TapeStore(folder.path("tape.h5")).read();
  EXPECT_EQ(tape.num_pv, (std::vector<float>{0.0F, 4.0F}));
  EXPECT_EQ(bought(tape, 0, 20.0).slots, 0.0);
  EXPECT_NEAR(bought(tape, 1, 20.0).value, 0.5, 1e-6);
  EXPECT_NEAR(bought(tape, 1, 20.0).cost, 0.0, 1e-6);
  own.tick_first = {0, 0, 0};
  own.pvalue.clear();
  own.price.clear();
  make({own.write(folder.path("log.h5"))}, folder.path("tape.h5"), settings);
  EXPECT_EQ(data::TapeStore(folder.path("tape.h5")).read().num_pv, (std::vector<float>{0.0F, 0.0F}));
}

// What a log says of itself is kept where it is a config, and left out where it is anybody's words.
TEST(LogTape, KeepsWhatALogSaysWhereItCanBeRead) {
  const TemporaryFolder folder;
  const LogTapeSettings settings = at_logged_prices(10.0, 10.0);
  for (const auto& [said, kept] : {std::pair("made by me", ""), {"{market: {rules: mine}}", ""}, {"a: 1", "a: 1\n"}}) {
    OwnLog own;
    own.config = said;
    make({own.write(folder.path("log.h5"))}, folder.path("tape.h5"), settings);
    EXPECT_EQ(data::TapeStore(folder.path("tape.h5")).info().config,
              std::string(kept) + "tape:\n  prices: logged\n  budget: 10\n  cpa: 10\n");
  }
}

// Another auction's slots are not AuctionNet's.
TEST(LogTape, KnowsAuctionNetsAuctionAlone) {
  const TemporaryFolder folder;
  const std::string log = played(folder, "days", {"market.auction.reserve=0.5"}) + "/market_log.h5";
  EXPECT_NE(error_of({log}, folder.path("tape.h5")).find("a market with an auction of its own (market.auction)"),
            std::string::npos);
  LogTapeSettings settings;
  settings.prices = "logged";
  EXPECT_EQ(make({log}, folder.path("tape.h5"), settings).prices, "logged");
}

TEST(LogTape, InAnyCurrency) {
  const TemporaryFolder folder;
  LogTapeSettings settings = at_logged_prices(1000.0, 20.0);
  make({OwnLog{}.write(folder.path("log.h5"))}, folder.path("tape.h5"), settings);
  const data::TapeColumns one = data::TapeStore(folder.path("tape.h5")).read();
  for (const double unit : {0x1p-20, 0x1p20}) {
    OwnLog other;
    for (double& price : other.price) price *= unit;
    settings.budget = 1000.0 * unit;
    settings.cpa = 20.0 * unit;
    make({other.write(folder.path("other.h5"))}, folder.path("other_tape.h5"), settings);
    const data::TapeColumns found = data::TapeStore(folder.path("other_tape.h5")).read();
    for (size_t i = 0; i < one.knots.size(); ++i) {
      const double expected = as_double(one.knots[i]) * (i % 6 == 2 || i % 6 == 3 ? unit : 1.0);
      ASSERT_NEAR(as_double(found.knots[i]), expected, 1e-6 * expected) << unit << " " << i;
    }
  }
}

TEST(LogTape, SaysWhatALogLacks) {
  const TemporaryFolder folder;
  const std::string log = OwnLog{}.write(folder.path("log.h5"));
  const std::string output = folder.path("tape.h5");
  LogTapeSettings settings;
  settings.budget = 1000.0;
  EXPECT_EQ(error_of({log}, output, settings),
            log + ": period 5: found no cpa, expected one of each seat, or tape.cpa");
  settings.budget = 0.0;
  EXPECT_EQ(error_of({log}, output, settings),
            log + ": period 5: found no budget, expected one of each seat, or tape.budget");
  settings.prices = "bids";
  EXPECT_EQ(error_of({log}, output, settings),
            log + ": period 5: found no bids (top_bid, top_seat), expected them for tape.prices: bids");
  const std::string other = played(folder, "days", {}) + "/market_log.h5";
  EXPECT_EQ(error_of({other, log}, output), log + ": found 1 seats, expected 48 as in " + other);
  EXPECT_NE(error_of({folder.path("nothing.h5")}, output).find("nothing.h5"), std::string::npos);
}

}  // namespace
}  // namespace genbid::play
