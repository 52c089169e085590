#include "bidders/online_lp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "data/csv_reader.h"
#include "golden.h"
#include "sample_assets.h"

namespace genbid::bidders {
namespace {

// Rows of the sample: 20 up to 500, 80 up to 1500, 300 up to 5000.
TEST(OnlineLpTable, TakesTheFirstRowBeyondTheMoney) {
  const auto table = test::sample_table();
  EXPECT_EQ(table->alpha(0, 0, 499.0, 100.0), 20.0);
  EXPECT_EQ(table->alpha(0, 0, 500.0, 100.0), 80.0);  // beyond, not at
  EXPECT_EQ(table->alpha(1, 47, 1499.0, 100.0), 80.0);
}

TEST(OnlineLpTable, CapsAtOneAndAHalfTimesTheCpaLimit) {
  const auto table = test::sample_table();
  EXPECT_EQ(table->alpha(0, 0, 1500.0, 100.0), 150.0);
  EXPECT_EQ(table->alpha(0, 0, 1000.0, 50.0), 75.0);
}

TEST(OnlineLpTable, BidsTheCpaLimitWhereNoRowFits) {
  OnlineLpTable table("t");
  table.set(0, 3, {20.0}, {500.0});
  EXPECT_EQ(table.alpha(0, 3, 500.0, 100.0), 100.0);
  EXPECT_EQ(table.alpha(0, 4, 10.0, 100.0), 100.0);  // a tick without rows
}

// The first of equal rows, as a walk in file order finds it.
TEST(OnlineLpTable, EqualCostsKeepTheirOrder) {
  OnlineLpTable table("t");
  table.set(0, 0, {1.0, 2.0, 3.0}, {10.0, 20.0, 20.0});
  EXPECT_EQ(table.alpha(0, 0, 15.0, 100.0), 2.0);
  EXPECT_EQ(table.alpha(0, 0, 20.0, 100.0), 100.0);
}

std::string error_of(const std::vector<double>& real_cpa, const std::vector<double>& cum_cost) {
  try {
    OnlineLpTable("t").set(2, 7, real_cpa, cum_cost);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(OnlineLpTable, RefusesWhatItsSearchWouldGetWrong) {
  EXPECT_EQ(error_of({1.0, 2.0}, {10.0, 9.5}),
            "t: category 2, tick 7: found cum_cost 9.5 behind 10, expected rows with ascending cum_cost");
  EXPECT_NE(error_of({1.0}, {std::numeric_limits<double>::quiet_NaN()}).find("not finite"), std::string::npos);
  EXPECT_NE(error_of({1.0}, {}).find("found 1 values of realCPA and 0 of cum_cost"), std::string::npos);
}

TEST(OnlineLp, BidsByCategoryTickAndMoney) {
  const auto bidder = make_online_lp(test::sample_table());
  const Advertiser advertisers[2] = {{1000.0, 100.0, 0}, {3000.0, 60.0, 1}};
  std::vector<SeatView> rows(2);
  rows[0].advertiser = &advertisers[0];
  rows[0].now.remaining_budget = 400.0;
  rows[1].advertiser = &advertisers[1];
  rows[1].now.remaining_budget = 2000.0;
  bidder->reset(rows);
  std::vector<BidFormula> bids(2);
  bidder->bid(rows, bids);
  EXPECT_EQ(bids[0].value, 20.0);
  EXPECT_EQ(bids[1].value, 90.0);
}

TEST(OnlineLp, ASeatWhoseCategoryTheTableLacksIsAnError) {
  const auto bidder = make_online_lp(test::sample_table());
  const Advertiser advertiser{1000.0, 100.0, 4};
  SeatView row;
  row.seat = 33;
  row.advertiser = &advertiser;
  try {
    bidder->reset({&row, 1});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "online_lp: table sample: seat 33: found no rows of category 4, expected one of the table's "
                 "categories: 0, 1");
  }
}

OnlineLpTools plain_tools() {
  return {[](int64_t n, int64_t count) {
            std::vector<int64_t> last;
            for (int64_t i = n - count; i < n; ++i) last.push_back(i);
            return last;
          },
          [](std::span<const double> keys) {
            std::vector<int64_t> order(keys.size());
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
              return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)];
            });
            return order;
          }};
}

// 16 usable impressions, of which two are sampled (here the last two), and three that nobody can buy.
TEST(OnlineLpTraining, BuysTheCheapestConversionsOfASample) {
  const std::vector<int> category(19, 4);
  std::vector<int> tick(19, 9);
  std::vector<double> pvalue(19, 0.4999);
  std::vector<double> cost(19, 1.0);
  tick[0] = 47;
  pvalue[1] = 0.0;
  cost[2] = 0.0001;
  pvalue[3] = -0.1;
  cost[17] = 20.0;  // 20 / (0.4999 + 0.0001) = 40
  cost[18] = 15.0;  // 30
  tick[18] = 8;
  const OnlineLpTable table = train_online_lp_table("t", {category, tick, pvalue, cost}, plain_tools());
  EXPECT_EQ(table.categories(), (std::vector<int>{4}));
  for (int t = 0; t <= 8; ++t) {
    EXPECT_EQ(table.rows(4, t).real_cpa, (std::vector<double>{15.0 / (0.4999 + 0.0001), 20.0 / (0.4999 + 0.0001)}));
    EXPECT_EQ(table.rows(4, t).cum_cost, (std::vector<double>{15.0, 35.0}));
  }
  EXPECT_EQ(table.rows(4, 9).cum_cost, (std::vector<double>{20.0}));
  EXPECT_TRUE(table.rows(4, 10).cum_cost.empty());
}

// Costs of 4 in rising price: kept are 12, 24 (12 more) and the last one below 6000.
TEST(OnlineLpTraining, KeepsARowForEveryTenUnitsOfMoneyUpTo6000) {
  const size_t n = 8 * 2000;
  const std::vector<int> category(n, 0);
  const std::vector<int> tick(n, 0);
  std::vector<double> pvalue;
  for (size_t i = 0; i < n; ++i) pvalue.push_back(0.9 - 1e-5 * static_cast<double>(i));
  const std::vector<double> cost(n, 4.0);
  const OnlineLpTable table = train_online_lp_table("t", {category, tick, pvalue, cost}, plain_tools());
  const auto& cum_cost = table.rows(0, 0).cum_cost;
  EXPECT_EQ(cum_cost[0], 12.0);
  EXPECT_EQ(cum_cost[1], 24.0);
  EXPECT_EQ(cum_cost[cum_cost.size() - 2], 5988.0);
  EXPECT_EQ(cum_cost.back(), 5996.0);
}

// 2.5 and 3.5 of 20 and 28 rows: Python rounds to the even number.
TEST(OnlineLpTraining, RoundsHalvesOfTheSampleToEven) {
  for (const auto& [n, expected] : {std::pair<size_t, int64_t>{20, 2}, {28, 4}}) {
    OnlineLpTools tools = plain_tools();
    int64_t asked = 0;
    tools.sample = [&](int64_t, int64_t count) {
      asked = count;
      return std::vector<int64_t>{};
    };
    const std::vector<int> zeros(n, 0);
    const std::vector<double> ones(n, 1.0);
    train_online_lp_table("t", {zeros, zeros, ones, ones}, tools);
    EXPECT_EQ(asked, expected);
  }
}

// numpy.random.seed(1) and permutation(n): 32-bit words masked and redrawn (auctionnet.md 2.1.10).
class LegacyPermutation {
 public:
  std::vector<int64_t> operator()(int64_t n, int64_t count) {
    std::vector<int64_t> all(static_cast<size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    for (uint32_t i = static_cast<uint32_t>(n) - 1; i > 0; --i) {
      const uint32_t mask = std::bit_ceil(i + 1) - 1;
      uint32_t j = 0;
      do {
        j = static_cast<uint32_t>(words_()) & mask;
      } while (j > i);
      std::swap(all[i], all[j]);
    }
    all.resize(static_cast<size_t>(count));
    return all;
  }

 private:
  std::mt19937 words_{1};
};

// A number as pandas 1.5 reads it: it takes 17 digits, zeros in front included, and scales them by one power of ten.
// That loses up to 1e-12 of a p-value.
double pandas_number(std::string_view text) {
  double number = 0.0;
  int num_digits = 0;
  int exponent = 0;
  size_t at = 0;
  bool point = false;
  for (; at < text.size() && text[at] != 'e'; ++at) {
    if (text[at] == '.') {
      point = true;
    } else if (num_digits < 17) {
      number = number * 10.0 + (text[at] - '0');
      ++num_digits;
      exponent -= point ? 1 : 0;
    }
  }
  if (at < text.size()) exponent += std::stoi(std::string(text.substr(at + 1)));
  const double power = std::stod("1e" + std::to_string(std::abs(exponent)));
  return exponent > 0 ? number * power : number / power;
}

// The original's table of a whole log, bit for bit.
TEST(OnlineLpTraining, MakesTheTableOfTheOriginal) {
  GENBID_VECTOR(log_path, "run_pid_small/data/log/0.csv");
  GENBID_VECTOR(table_path, "onlinelp/period0_small_seed1.csv");
  std::vector<int> categories;
  std::vector<int> ticks;
  std::vector<double> pvalues;
  std::vector<double> costs;
  data::CsvBlock block;
  data::CsvFile log(log_path);
  const data::CsvColumns columns(log, {"advertiserCategoryIndex", "timeStepIndex", "pValue", "leastWinningCost"});
  while (log.next(block)) {
    data::CsvRows row(block, columns);
    while (row.next()) {
      categories.push_back(static_cast<int>(row.whole(0, 0, 5)));
      ticks.push_back(static_cast<int>(row.whole(1, 0, 47)));
      pvalues.push_back(pandas_number(row.text(2)));
      costs.push_back(pandas_number(row.text(3)));
    }
  }
  OnlineLpTools tools = plain_tools();  // no two prices of a conversion are equal there
  tools.sample = LegacyPermutation();
  const OnlineLpTable table = train_online_lp_table("t", {categories, ticks, pvalues, costs}, tools);

  data::CsvFile file(table_path);
  const data::CsvColumns expected(file, {"advertiserCategoryIndex", "timeStepIndex", "realCPA", "cum_cost"});
  std::map<std::pair<int, int>, size_t> num_rows;
  while (file.next(block)) {
    data::CsvRows row(block, expected);
    while (row.next()) {
      const auto category = static_cast<int>(row.whole(0, 0, 5));
      const auto tick = static_cast<int>(row.whole(1, 0, 47));
      const size_t at = num_rows[{category, tick}]++;
      const OnlineLpTable::Rows& rows = table.rows(category, tick);
      ASSERT_LT(at, rows.cum_cost.size()) << row.where();
      ASSERT_EQ(rows.real_cpa[at], row.number(2)) << row.where();
      ASSERT_EQ(rows.cum_cost[at], row.number(3)) << row.where();
    }
  }
  for (int category = 0; category < 6; ++category) {
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      EXPECT_EQ((num_rows[{category, tick}]), table.rows(category, tick).cum_cost.size()) << category << " " << tick;
    }
  }
}

std::string error_of(const std::shared_ptr<OnlineLpTable>& table, std::vector<int> categories = {}) {
  try {
    make_online_lp(table, categories);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(OnlineLp, ATableMustHaveEveryTickOfItsDays) {
  const auto table = std::make_shared<OnlineLpTable>("t");
  EXPECT_EQ(error_of(table), "'online_lp t': found a table without rows");
  for (const int category : {0, 2}) {
    for (int tick = 0; tick < 24; ++tick) {
      if (category == 0 || tick != 17) table->set(category, tick, {20.0}, {500.0});
    }
  }
  EXPECT_EQ(table->num_ticks(), 24);
  EXPECT_EQ(error_of(table),
            "online_lp: table t: category 2: found no rows of tick 17, expected rows of every tick from 0 to 23");
  table->set(2, 17, {20.0}, {500.0});
  EXPECT_EQ(error_of(table), "no error");
}

TEST(OnlineLp, ATableMustHaveTheCategoriesOfItsSeats) {
  EXPECT_EQ(error_of(test::sample_table(), {0, 1}), "no error");
  EXPECT_EQ(error_of(test::sample_table(), {1, 2}),
            "online_lp: table sample: found no rows of category 2, expected one of the table's categories: 0, 1");
}

}  // namespace
}  // namespace genbid::bidders
