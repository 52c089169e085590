#include "base/config/period_text.h"

#include <gtest/gtest.h>

namespace genbid {
namespace {

TEST(PeriodRanges, ListsRunsInOrder) {
  EXPECT_EQ(period_ranges({7}), "7");
  EXPECT_EQ(period_ranges({9, 7, 8, 7}), "7..9");
  EXPECT_EQ(period_ranges({1000, 1001, 21, 7, 8}), "7, 8, 21, 1000, 1001");
  EXPECT_EQ(period_ranges({}), "none");
}

TEST(PeriodRanges, IsAtMostALine) {
  std::vector<int64_t> run;
  std::vector<int64_t> every_other;
  for (int64_t p = 1000; p < 10987; ++p) {
    run.push_back(p);
    every_other.push_back(2 * p);
  }
  EXPECT_EQ(period_ranges(run), "1000..10986");
  EXPECT_EQ(period_ranges(every_other),
            "2000, 2002, 2004, 2006, 2008, 2010, 2012, 2014, 2016, 2018, 2020, 2022, 2024, 2026, ... (9987 in all)");
}

}  // namespace
}  // namespace genbid
