#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "data/ingest.h"
#include "golden.h"
#include "full_disk_child.h"
#include "raw_logs.h"

// Every error that a raw log can lead to, once, word for word. No error leaves a file behind.

namespace genbid::data {
namespace {

using test::error_of;
using test::raw_table;
using test::RawLogs;
using test::read_logs;
using test::Table;
using test::TempFolder;

std::string error_of_texts(const std::vector<std::string>& texts, const IngestSettings& settings = {},
                           bool market_log = false) {
  const TempFolder folder;
  IngestConfig config;
  char name[] = "a.csv";
  for (const std::string& text : texts) {
    config.input.push_back(folder.write(name, text));
    ++name[0];
  }
  config.output = folder.file("s.h5");
  if (market_log) config.output_market_log = folder.file("m.h5");
  config.settings = settings;
  config.threads = 2;
  std::string message;
  for (const int64_t bytes : {300, 5'000, 1 << 22}) {  // the same whatever the blocks
    IngestControl control;
    control.block_bytes = bytes;
    std::string found = error_of([&] { ingest(config, control); });
    EXPECT_EQ(folder.names().size(), texts.size() + (found.empty() ? 1 : 0)) << "something was left behind";
    EXPECT_TRUE(message.empty() || found == message) << found;
    message = found;
  }
  const std::string prefix = folder.file("");
  for (size_t at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
    message.erase(at, prefix.size());
  }
  return message;
}

// Of a log of 3 ticks, 4 impressions, 5 advertisers: row r is line r + 2.
std::string error_after(const std::function<void(Table&)>& change) {
  Table table = raw_table();
  change(table);
  return error_of_texts({table.text()});
}

std::string error_of_cell(const std::string& column, const std::string& text) {
  return error_after([&](Table& table) { table.cell(3, column) = text; });  // line 5
}

TEST(RawLogErrors, MissingColumns) {
  EXPECT_EQ(error_after([](Table& table) {
              table.header[table.column("bid")] = "offer";
              table.header[table.column("isEnd")] = "end";
            }),
            "a.csv:1: missing columns 'bid', 'isEnd'; found 'deliveryPeriodIndex', 'advertiserNumber', "
            "'advertiserCategoryIndex', 'budget', 'CPAConstraint', 'timeStepIndex', 'remainingBudget', 'pvIndex', "
            "'pValue', 'pValueSigma', 'offer', 'xi', 'adSlot', 'cost', 'isExposed', 'conversionAction', "
            "'leastWinningCost', 'end'; expected a raw traffic log (columns of other names: data.columns)");
}

TEST(RawLogErrors, BadNumbers) {
  EXPECT_EQ(error_of_cell("pValue", "abc"), "a.csv:5: column 'pValue': found 'abc', expected a number");
  EXPECT_EQ(error_of_cell("bid", "inf"), "a.csv:5: column 'bid': found 'inf', expected a finite number");
  EXPECT_EQ(error_of_cell("bid", "1.5x"), "a.csv:5: column 'bid': found '1.5x', expected a number");
  EXPECT_EQ(error_of_cell("pValueSigma", "-0.5"),
            "a.csv:5: column 'pValueSigma': found '-0.5', expected a number, at least 0 and below 3.4e38");
  EXPECT_EQ(error_of_cell("cost", "1e39"),
            "a.csv:5: column 'cost': found '1e39', expected a number, at least 0 and below 3.4e38");
  EXPECT_EQ(error_of_cell("leastWinningCost", "?"), "a.csv:5: column 'leastWinningCost': found '?', expected a number");
  EXPECT_EQ(error_of_cell("remainingBudget", "all"),
            "a.csv:5: column 'remainingBudget': found 'all', expected a number");
  EXPECT_EQ(error_of_cell("budget", "0"), "a.csv:5: column 'budget': found '0', expected a number above 0");
  EXPECT_EQ(error_of_cell("CPAConstraint", "nan"),
            "a.csv:5: column 'CPAConstraint': found 'nan', expected a number above 0");
  EXPECT_EQ(error_of_cell("xi", "2"), "a.csv:5: column 'xi': found '2', expected a whole number in 0..1");
  EXPECT_EQ(error_of_cell("isExposed", "0.5"),
            "a.csv:5: column 'isExposed': found '0.5', expected a whole number in 0..1");
  EXPECT_EQ(error_of_cell("adSlot", "-1"), "a.csv:5: column 'adSlot': found '-1', expected a whole number in 0..255");
  EXPECT_EQ(error_of_cell("conversionAction", "yes"),
            "a.csv:5: column 'conversionAction': found 'yes', expected a whole number in 0..1");
  EXPECT_EQ(error_of_cell("isEnd", "7"), "a.csv:5: column 'isEnd': found '7', expected a whole number in 0..1");
}

// Each bid is a float, but not the sum of four over that of their p-values.
TEST(RawLogErrors, AnActionThatIsNotFinite) {
  Table table = raw_table();
  for (size_t pv = 0; pv < 4; ++pv) table.cell(5 * pv, "bid") = "3e38";
  for (const bool market_log : {false, true}) {
    const std::string error = error_of_texts({table.text()}, {}, market_log);
    EXPECT_TRUE(error.starts_with("a.csv: period 7, advertiser 0, tick 0: column 'action': found 5.76")) << error;
    EXPECT_NE(error.find("e+39, expected a finite number (float32)"), std::string::npos) << error;
  }
}

// The column comes first in a line that is read in the usual way, and last in one that has a quote.
std::string error_of_both_ways(const std::string& column, const std::string& text) {
  const std::string usual = error_of_cell(column, text);
  const std::string quoted = error_after([&](Table& table) {
    table.cell(3, column) = text;
    table.cell(3, "isEnd") = "\"0\"";
  });
  EXPECT_EQ(usual, quoted);
  // Rows in another order go through the other reader.
  const std::string sorted = error_after([&](Table& table) {
    table.cell(3, column) = text;
    std::swap(table.rows[0], table.rows[1]);
  });
  EXPECT_EQ(usual, sorted);
  return usual;
}

TEST(RawLogErrors, ProbabilitiesOutsideOfZeroToOne) {
  EXPECT_EQ(error_of_both_ways("pValue", "1.0000001"),
            "a.csv:5: column 'pValue': found '1.0000001', expected a probability in [0, 1]");
  EXPECT_EQ(error_of_both_ways("pValue", "-0.1"),
            "a.csv:5: column 'pValue': found '-0.1', expected a probability in [0, 1]");
  EXPECT_EQ(error_of_both_ways("pValue", "1e39"),
            "a.csv:5: column 'pValue': found '1e39', expected a probability in [0, 1]");
  EXPECT_EQ(error_of_both_ways("pValue", "inf"), "a.csv:5: column 'pValue': found 'inf', expected a finite number");
}

TEST(RawLogErrors, PricesAndSigmasBelowZero) {
  for (const char* column : {"pValueSigma", "bid", "cost", "leastWinningCost"}) {
    EXPECT_EQ(
        error_of_both_ways(column, "-1e-9"),
        std::string("a.csv:5: column '") + column + "': found '-1e-9', expected a number, at least 0 and below 3.4e38");
  }
}

TEST(RawLogErrors, NumbersOfTooManyDigits) {
  const std::string digits = "99999999999999999999";  // beyond 64 bits
  for (const auto& [column, highest] :
       {std::pair("deliveryPeriodIndex", "9007199254740992"), std::pair("advertiserNumber", "9223372036854775807"),
        std::pair("advertiserCategoryIndex", "2147483647"), std::pair("pvIndex", "9007199254740992")}) {
    EXPECT_EQ(error_of_both_ways(column, digits), std::string("a.csv:5: column '") + column + "': found '" + digits +
                                                      "', expected a whole number in 0.." + highest);
  }
  EXPECT_EQ(error_of_both_ways("timeStepIndex", digits),
            "a.csv:5: column 'timeStepIndex': found '" + digits + "', expected a whole number in 0..95");
  EXPECT_EQ(error_of_both_ways("xi", digits),
            "a.csv:5: column 'xi': found '" + digits + "', expected a whole number in 0..1");
}

TEST(RawLogErrors, ProbabilitiesAboveOneOfASimulatedLog) {
  GENBID_VECTOR(log, "11-rawlog_pvalue_gt1.csv")
  EXPECT_EQ(error_of([&] { read_logs({log}); }),
            log + ":2: column 'pValue': found '3.1986762769520283', expected a probability in [0, 1]");
}

TEST(RawLogErrors, BadKeys) {
  EXPECT_EQ(error_of_cell("deliveryPeriodIndex", ""),
            "a.csv:5: column 'deliveryPeriodIndex': found '', expected a whole number, at least 0");
  EXPECT_EQ(error_of_cell("advertiserNumber", "1.5"),
            "a.csv:5: column 'advertiserNumber': found '1.5', expected a whole number, at least 0");
  EXPECT_EQ(error_of_cell("pvIndex", "nan"),
            "a.csv:5: column 'pvIndex': found 'nan', expected a whole number, at least 0");
  EXPECT_EQ(error_of_cell("timeStepIndex", "96"),
            "a.csv:5: column 'timeStepIndex': found '96', expected a whole number in 0..95");
}

TEST(RawLogErrors, TickOutOfTheConfiguredRange) {
  Table table = raw_table();
  IngestSettings settings;
  settings.data.ticks = 2;
  EXPECT_EQ(error_of_texts({table.text()}, settings),
            "a.csv:42: column 'timeStepIndex': found '2.0', expected a whole number in 0..1");
  settings.data.ticks = 4;
  EXPECT_EQ(error_of_texts({table.text()}, settings), "a.csv:2: period 7: tick 3 is missing (found 3 ticks up to 2)");
}

TEST(RawLogErrors, TruncatedLastLine) {
  std::string text = raw_table().text();
  text.resize(text.size() - 12);
  EXPECT_EQ(error_of_texts({text}),
            "a.csv:61: found 17 fields, expected 18 as in the header (the file ends here without a line feed: was it "
            "cut off?)");
  text.resize(text.rfind('\n') + 1);
  EXPECT_EQ(
      error_of_texts({text}),
      "a.csv:57: period 7, tick 2, pvIndex 3: advertiser 4 is missing (found 4 of the 5 advertisers of the period)");
}

TEST(RawLogErrors, WrongNumberOfFields) {
  EXPECT_EQ(error_after([](Table& table) { table.rows[3].emplace_back("1"); }),
            "a.csv:5: found 19 fields, expected 18 as in the header");
  EXPECT_EQ(error_after([](Table& table) { table.rows[3].pop_back(); }),
            "a.csv:5: found 17 fields, expected 18 as in the header");
}

TEST(RawLogErrors, KeyTwice) {
  EXPECT_EQ(error_after([](Table& table) { table.rows.insert(table.rows.begin() + 30, table.rows[22]); }),
            "a.csv:32: period 7, tick 1, pvIndex 0, advertiser 2 appears a second time, first at a.csv:24");
  EXPECT_EQ(error_after([](Table& table) { table.rows.insert(table.rows.begin() + 1, table.rows[0]); }),
            "a.csv:3: period 7, tick 0, pvIndex 0, advertiser 0 appears a second time, first at a.csv:2");
  EXPECT_EQ(error_after([](Table& table) {  // a whole impression
              const std::vector<std::vector<std::string>> again(table.rows.begin() + 5, table.rows.begin() + 10);
              table.rows.insert(table.rows.begin() + 10, again.begin(), again.end());
            }),
            "a.csv:12: period 7, tick 0, pvIndex 1, advertiser 0 appears a second time, first at a.csv:7");
  const std::string text = raw_table().text();
  EXPECT_EQ(error_of_texts({text, text}),
            "b.csv:2: period 7, tick 0, pvIndex 0, advertiser 0 appears a second time, first at a.csv:2");
}

TEST(RawLogErrors, KeyMissing) {
  EXPECT_EQ(error_after([](Table& table) { table.rows.erase(table.rows.begin() + 33); }),  // tick 1, pv 2, advertiser 3
            "a.csv:32: period 7, tick 1, pvIndex 2: advertiser 3 is missing (found 4 of the 5 advertisers of the "
            "period)");
  EXPECT_EQ(error_after([](Table& table) { table.rows.erase(table.rows.begin()); }),
            "a.csv:2: period 7, tick 0, pvIndex 0: advertiser 0 is missing (found 4 of the 5 advertisers of the "
            "period)");
  EXPECT_EQ(error_after([](Table& table) { table.rows.pop_back(); }),
            "a.csv:57: period 7, tick 2, pvIndex 3: advertiser 4 is missing (found 4 of the 5 advertisers of the "
            "period)");
}

TEST(RawLogErrors, AdvertiserMissingInATick) {
  Table table = raw_table(48, 2, 48);
  std::erase_if(table.rows, [&](const auto& row) { return row[5] == "7.0" && row[1] == "13.0"; });
  EXPECT_EQ(error_of_texts({table.text()}),
            "a.csv:674: period 7, tick 7: advertiser 13 is missing (found 47 of the 48 advertisers of the period)");
}

TEST(RawLogErrors, AdvertiserMissingInTheFirstTicks) {
  EXPECT_EQ(error_after([](Table& table) {
              std::erase_if(table.rows, [&](const auto& row) { return row[5] != "2.0" && row[1] == "4.0"; });
            }),
            "a.csv:2: period 7, tick 0: advertiser 4 is missing (found 4 of the 5 advertisers of the period)");
}

TEST(RawLogErrors, TickMissing) {
  const auto without = [](const std::string& tick) {
    return error_after(
        [&](Table& table) { std::erase_if(table.rows, [&](const auto& row) { return row[5] == tick; }); });
  };
  EXPECT_EQ(without("1.0"), "a.csv:2: period 7: tick 1 is missing (found 2 ticks up to 2)");
  EXPECT_EQ(without("0.0"), "a.csv:2: period 7: tick 0 is missing (found 2 ticks up to 2)");
  Table short_one = raw_table(2, 4, 5, 8);
  EXPECT_EQ(error_of_texts({raw_table().text(), short_one.text()}),
            "b.csv:2: period 8: tick 2 is missing (found 2 ticks up to 1)");
}

TEST(RawLogErrors, ContradictingRows) {
  EXPECT_EQ(error_after([](Table& table) { table.cell(8, "budget") = "5"; }),
            "a.csv:10: column 'budget': found '5', expected '103' as in other rows of period 7, advertiser 3");
  EXPECT_EQ(error_after([](Table& table) { table.cell(48, "CPAConstraint") = "5"; }),
            "a.csv:50: column 'CPAConstraint': found '5', expected '13' as in other rows of period 7, advertiser 3");
  EXPECT_EQ(error_after([](Table& table) { table.cell(48, "advertiserCategoryIndex") = "5"; }),
            "a.csv:50: column 'advertiserCategoryIndex': found '5', expected '1' as in other rows of period 7, "
            "advertiser 3");
  EXPECT_EQ(error_after([](Table& table) { table.cell(8, "remainingBudget") = "5"; }),
            "a.csv:10: column 'remainingBudget': found '5', expected '103' as in other rows of period 7, advertiser 3, "
            "tick 0");
  EXPECT_EQ(error_after([](Table& table) { table.cell(8, "isEnd") = "1"; }),
            "a.csv:10: column 'isEnd': found '1', expected '0' as in other rows of period 7, advertiser 3, tick 0");
  EXPECT_EQ(error_after([](Table& table) { table.cell(8, "leastWinningCost") = "5"; }),
            "a.csv:10: column 'leastWinningCost': found '5', expected '0.03125' as in other rows of period 7, tick 0, "
            "pvIndex 1");
}

TEST(RawLogErrors, TooManyAdvertisers) {
  EXPECT_EQ(error_of_texts({raw_table(1, 1, 65).text()}),
            "a.csv:66: column 'advertiserNumber': found '64', one advertiser more than the 64 that period 7 may have");
}

TEST(RawLogErrors, TheFirstFaultOfTheFileIsNamed) {
  EXPECT_EQ(error_after([](Table& table) {
              std::swap(table.rows[2], table.rows[50]);  // no fault, but the end of the usual order
              table.cell(20, "bid") = "x";
              table.cell(40, "cost") = "y";
            }),
            "a.csv:22: column 'bid': found 'x', expected a number");
}

TEST(RawLogErrors, NoRows) {
  Table table = raw_table();
  table.rows.clear();
  EXPECT_EQ(error_of_texts({table.text()}), "a.csv: no rows to store");
}

TEST(RawLogErrors, SkippingRows) {
  IngestSettings settings;
  settings.data.bad_rows = "skip";
  EXPECT_EQ(error_of_texts({raw_table().text()}, settings),
            "data.bad_rows: found 'skip', expected stop: an impression of a raw log cannot lose a row");
}

TEST(RawLogErrors, FilesOfTwoKinds) {
  EXPECT_EQ(error_of_texts({raw_table().text(), test::sample().text()}),
            "input: found the raw traffic log 'a.csv' and the trajectory file 'b.csv', expected files of one kind");
}

TEST(RawLogErrors, MarketLogOfTrajectories) {
  EXPECT_EQ(error_of_texts({test::sample().text()}, {}, true),
            "output_market_log: found 'm.h5', but 'a.csv' is a trajectory file, expected raw traffic logs: "
            "trajectories do not tell of impressions");
}

TEST(RawLogErrors, PeriodsOfAMarketLogWithOtherSeats) {
  const std::string other = raw_table(3, 4, 4, 8).text();
  EXPECT_EQ(
      error_of_texts({raw_table().text(), other}, {}, true),
      "b.csv:2: period 8 has 4 advertisers, expected 5 as in period 7 (all periods of a market log have as many)");
  EXPECT_EQ(error_of_texts({raw_table().text(), other}), "");
}

TEST(RawLogErrors, Outputs) {
  const TempFolder folder;
  IngestConfig config;
  config.input = {folder.write("a.csv", raw_table().text())};
  EXPECT_EQ(error_of([&] { ingest(config); }), "output: found nothing, expected a path (or one in output_market_log)");
  config.output = config.output_market_log = folder.file("s.h5");
  EXPECT_EQ(error_of([&] { ingest(config); }),
            "output_market_log: found '" + config.output + "', which is the output too");
  config.output_market_log = config.input[0];
  EXPECT_EQ(error_of([&] { ingest(config); }),
            "output_market_log: found '" + config.input[0] + "', which is an input too; expected another file");
  config.output_market_log = folder.file("a.csv") + "/m.h5";
  EXPECT_NE(error_of([&] { ingest(config); }), "");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.csv"});
}

// A file-size limit stands for a full disk: writes fail in the middle.
TEST(RawLogErrors, FullDiskLeavesNothing) {
  const TempFolder folder;
  const auto with_small_files = [](const std::function<void()>& work) {
    return test::error_on_full_disk(20'000, work);
  };
  IngestConfig config;
  const TempFolder inputs;
  config.input = {inputs.write("a.csv", raw_table(3, 400, 64).text())};
  config.output_market_log = folder.file("m.h5");
  config.output = folder.file("s.h5");
  EXPECT_EQ(with_small_files([&] { ingest(config); }),
            config.output_market_log + ": dataset '/period-7/pvalue' cannot be written (HDF5: File too large)");
  EXPECT_TRUE(folder.names().empty());

  const std::vector<double> values(1'000, 0.123456789);
  const std::vector<uint8_t> zeros(1'000, 0);
  const std::vector<RawLogSeat> seats(1, RawLogSeat{0, 0, 1.0, 1.0, 1.0, false});
  EXPECT_EQ(with_small_files([&] {
              Threads threads(2);
              RawLogWriter writer(folder.file("a.csv"));
              writer.write_tick({0, 0, 1'000, seats, values, values, values, values, zeros, zeros, zeros, values, 0},
                                threads);
            }),
            folder.file("a.csv") + ": cannot write: File too large");
  EXPECT_TRUE(folder.names().empty());
}

// Any bytes are read or refused, and both ways of reading a line agree: the fast one, and the one that lines take of
// which a field is quoted.
TEST(RawLogErrors, DamagedBytesAreReadAlikeOnBothWays) {
  const std::string text = raw_table(2, 3, 3).text();
  const size_t body = text.find('\n') + 1;
  const std::string bytes = "0123456789.,-+eE \"\n\rnax;";
  std::mt19937_64 generator(7);
  const TempFolder folder;
  RawReadOptions small_blocks;
  small_blocks.block_bytes = 4096;
  int read = 0;
  int refused = 0;
  const auto outcome = [&](const std::string& log) {
    RawLogs logs{};
    const std::string path = folder.write("a.csv", log);
    const std::string error = error_of([&] { logs = read_logs({path}, small_blocks, 1); });
    if (!error.empty()) return error;
    std::string values;
    for (const RawTick& tick : logs.ticks) {
      for (const std::vector<double>* column : {&tick.pvalue, &tick.sigma, &tick.bid, &tick.cost}) {
        for (const double value : *column) values += std::to_string(value) + " ";
      }
      for (const double value : tick.least_winning_cost) values += std::to_string(value) + " ";
      for (const uint8_t flags : tick.flags) values += std::to_string(flags) + " ";
    }
    return values;
  };
  for (int i = 0; i < 600; ++i) {
    std::string damaged = text;
    const size_t at = body + generator() % (text.size() - body);
    const char byte = bytes[generator() % bytes.size()];
    if (i % 3 == 0) damaged[at] = byte;
    if (i % 3 == 1) damaged.insert(at, 1, byte);
    if (i % 3 == 2) damaged.erase(at, 1 + generator() % 3);
    const std::string fast = outcome(damaged);
    (fast.find(": ") == std::string::npos ? read : refused) += 1;
    // Quotes around the first field send every line the slow way, where they fit.
    if (damaged.find('"') != std::string::npos) continue;
    std::string quoted = damaged.substr(0, body);
    for (size_t begin = body; begin < damaged.size();) {
      const size_t end = std::min(damaged.find('\n', begin), damaged.size());
      const size_t comma = damaged.find(',', begin);
      if (comma < end) {
        quoted += '"' + damaged.substr(begin, comma - begin) + '"' + damaged.substr(comma, end - comma);
      } else {
        quoted += damaged.substr(begin, end - begin);
      }
      if (end < damaged.size()) quoted += '\n';
      begin = end + 1;
    }
    ASSERT_EQ(outcome(quoted), fast) << damaged;
  }
  EXPECT_GT(read, 60);
  EXPECT_GT(refused, 60);
}

}  // namespace
}  // namespace genbid::data
