#include "data/raw_log_writer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "numpy/python_float.h"
#include "golden.h"
#include "raw_logs.h"

// Raw logs are written as AuctionNet writes them, byte for byte, and are read back equal.

namespace genbid::data {
namespace {

using test::content_of;
using test::RawLogs;
using test::read_logs;
using test::TempFolder;

// Reads a log and writes it again.
void expect_same_bytes(const std::string& path, int threads) {
  const TempFolder folder;
  const std::string copy = folder.file("copy.csv");
  Threads workers(threads);
  RawLogWriter writer(copy);
  for (const RawTick& tick : read_logs({path}).ticks) {
    std::vector<RawLogSeat> seats;
    for (const RawHead& head : tick.heads) {
      seats.push_back({head.advertiser, head.category, head.budget, head.cpa, head.remaining_budget, head.is_end != 0});
    }
    std::vector<uint8_t> exposed, conversion;
    for (const uint8_t flags : tick.flags) {
      exposed.push_back((flags & kRawExposed) != 0 ? 1 : 0);
      conversion.push_back((flags & kRawConversion) != 0 ? 1 : 0);
    }
    writer.write_tick({tick.period, tick.tick, tick.num_pv, seats, tick.pvalue, tick.sigma, tick.bid, tick.cost,
                       tick.slot, exposed, conversion, tick.least_winning_cost, tick.pv.empty() ? 0 : tick.pv[0]},
                      workers);
  }
  EXPECT_FALSE(std::filesystem::exists(copy));
  writer.finish();
  EXPECT_EQ(writer.bytes(), static_cast<int64_t>(content_of(path).size()));
  EXPECT_TRUE(content_of(copy) == content_of(path)) << "the copy differs";
}

TEST(RawLogWriter, WritesWhatAuctionNetWrote) {
  for (const int threads : {1, 3}) expect_same_bytes("tests/golden/run_pid_small/log-0-agents-0-17.csv", threads);
}

TEST(RawLogWriter, WritesWhatAuctionNetWroteForAllBidders) {
  for (const char* period : {"0", "1"}) {
    GENBID_VECTOR(log, std::string("run_pid_small/data/log/") + period + ".csv");
    expect_same_bytes(log, 2);
  }
}

TEST(RawLogWriter, PrintsNumbersAsPython) {
  const auto text = [](double value) {
    char buffer[numpy::kMaxPythonFloat];
    return std::string(buffer, numpy::print_python_float(buffer, value));
  };
  // repr() of CPython 3.11.
  for (const char* expected : {"0.0",
                               "-0.0",
                               "1.0",
                               "-3.0",
                               "48.0",
                               "0.1",
                               "17.400000000000002",
                               "0.0001",
                               "9.999e-05",
                               "7.469044517422203e-05",
                               "1e-05",
                               "5e-324",
                               "2.2250738585072014e-308",
                               "123456.789",
                               "999999.0",
                               "1000000.0",
                               "9007199254740993.0",
                               "9999999999999998.0",
                               "1e+16",
                               "1.5e+16",
                               "1.2345678901234567e+19",
                               "1e+100",
                               "1.7976931348623157e+308",
                               "inf",
                               "-inf",
                               "2147483648.0",
                               "-2147483649.0",
                               "0.0006481119066487584",
                               "3.3333333333333335"}) {
    // 2^53 + 1 is no double: Python prints its neighbour.
    const std::string shown = std::string(expected) == "9007199254740993.0" ? "9007199254740992.0" : expected;
    EXPECT_EQ(text(std::strtod(expected, nullptr)), shown);
  }
  EXPECT_EQ(text(std::nan("")), "");
}

TEST(RawLogWriter, NumbersReadBack) {
  std::mt19937_64 generator(3);
  char buffer[numpy::kMaxPythonFloat];
  for (int i = 0; i < 200'000; ++i) {
    const double value = std::bit_cast<double>(generator() & 0x7FFF'FFFF'FFFF'FFFFU);
    if (!std::isfinite(value)) continue;
    const std::string text(buffer, numpy::print_python_float(buffer, value));
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
}

TEST(RawLogWriter, LongTicksComeInOrderWhateverTheThreads) {
  const int64_t num_pv = 6'000;  // many blocks
  const std::vector<RawLogSeat> seats = {{0, 0, 10.0, 1.0, 5.0, false},
                                         {1, 0, 20.0, 2.0, 6.0, true},
                                         {5, 1, 30.0, 3.0, 7.0, false},
                                         {6, 1, 40.0, 4.0, 8.0, false}};
  const size_t rows = static_cast<size_t>(num_pv) * seats.size();
  std::vector<double> values(rows);
  for (size_t i = 0; i < rows; ++i) values[i] = static_cast<double>(i) / 3.0;
  std::vector<double> chances(rows);
  for (size_t i = 0; i < rows; ++i) chances[i] = values[i] / static_cast<double>(rows);
  const std::vector<double> prices(values.begin(), values.begin() + num_pv);
  const std::vector<uint8_t> ones(rows, 1);
  const TempFolder folder;
  std::string expected;
  for (const int count : {1, 2, 5}) {
    Threads threads(count);
    RawLogWriter writer(folder.file("a.csv"));
    for (int tick = 0; tick < 2; ++tick) {
      writer.write_tick({3, tick, num_pv, seats, chances, values, values, values, ones, ones, ones, prices, 9},
                        threads);
    }
    writer.finish();
    const std::string bytes = content_of(folder.file("a.csv"));
    EXPECT_TRUE(expected.empty() || bytes == expected) << count;
    expected = bytes;
  }
  const RawLogs logs = read_logs({folder.file("a.csv")});
  EXPECT_TRUE(logs.result.in_order);
  ASSERT_EQ(logs.ticks.size(), 2U);
  EXPECT_EQ(logs.ticks[1].pvalue, chances);
  EXPECT_EQ(logs.ticks[1].bid, values);
  EXPECT_EQ(logs.ticks[1].least_winning_cost, prices);
  EXPECT_EQ(logs.ticks[1].pv.front(), 9);
  EXPECT_EQ(logs.ticks[1].heads[1].is_end, 1);
  EXPECT_EQ(logs.ticks[1].heads[2].advertiser, 5);
}

TEST(RawLogWriter, OneThatGoesAwayLeavesNothing) {
  const TempFolder folder;
  { const RawLogWriter writer(folder.file("a.csv")); }
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace genbid::data
