#include "report/axis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace genbid::report {
namespace {

using Labels = std::vector<std::string>;

TEST(Axis, MarksAreRoundAndTheEndsMoveOutToThem) {
  const Axis axis = make_axis(3.0, 96.0, 6, Scale::kLinear, true);
  EXPECT_EQ(axis.labels, (Labels{"0", "20", "40", "60", "80", "100"}));
  EXPECT_EQ(axis.low, 0.0);
  EXPECT_EQ(axis.high, 100.0);
  EXPECT_DOUBLE_EQ(axis.share(25.0), 0.25);
}

TEST(Axis, EndsThatStayKeepMarksWithinThem) {
  const Axis axis = make_axis(3.0, 47.0, 6, Scale::kLinear, false);
  EXPECT_EQ(axis.labels, (Labels{"10", "20", "30", "40"}));
  EXPECT_EQ(axis.low, 3.0);
  EXPECT_EQ(axis.high, 47.0);
}

TEST(Axis, LabelsOfOneAxisHaveTheSameDecimals) {
  EXPECT_EQ(make_axis(0.0, 1.0, 6, Scale::kLinear, true).labels, (Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(make_axis(0.0, 150000.0, 4, Scale::kLinear, true).labels, (Labels{"0", "50k", "100k", "150k"}));
  EXPECT_EQ(make_axis(0.0, 3e6, 4, Scale::kLinear, true).labels, (Labels{"0", "1M", "2M", "3M"}));
  EXPECT_EQ(make_axis(0.0, 1e-4, 3, Scale::kLinear, true).labels, (Labels{"0", "5e-5", "1e-4"}));
  EXPECT_EQ(make_axis(-2.0, 2.0, 5, Scale::kLinear, true).labels, (Labels{"-2", "-1", "0", "1", "2"}));
}

TEST(Axis, LogarithmicMarksArePowersOrTheirSimpleParts) {
  EXPECT_EQ(make_axis(0.3, 4.0, 6, Scale::kLog, true).labels, (Labels{"0.2", "0.5", "1", "2", "5"}));
  EXPECT_EQ(make_axis(1e-6, 1e3, 5, Scale::kLog, true).labels, (Labels{"1e-6", "0.001", "1", "1000"}));
  EXPECT_NEAR(make_axis(1.0, 100.0, 4, Scale::kLog, true).share(10.0), 0.5, 1e-12);
}

// Any range, down to a single value or none, has marks, no more than asked for, rising, with labels that differ.
TEST(Axis, AnyRangeHasFewDifferentMarksWithinIt) {
  const double ends[] = {-1e9, -3.7, -1e-7, 0.0, 1e-12, 2e-5, 0.99999, 1.0, 1.00001, 47.0, 123456.0, 7e17};
  for (const Scale scale : {Scale::kLinear, Scale::kLog}) {
    for (const bool rounded : {false, true}) {
      for (const double low : ends) {
        for (const double high : ends) {
          if (high < low || (scale == Scale::kLog && low <= 0.0)) continue;
          for (const int most : {2, 5, 12}) {
            SCOPED_TRACE(std::to_string(low) + " to " + std::to_string(high) + ", " + std::to_string(most));
            const Axis axis = make_axis(low, high, most, scale, rounded);
            ASSERT_EQ(axis.marks.size(), axis.labels.size());
            EXPECT_LE(axis.marks.size(), static_cast<size_t>(most));
            EXPECT_LT(axis.low, axis.high);
            EXPECT_TRUE(std::is_sorted(axis.marks.begin(), axis.marks.end()));
            EXPECT_EQ(std::set<std::string>(axis.labels.begin(), axis.labels.end()).size(), axis.labels.size());
            for (const double mark : axis.marks) {
              EXPECT_GE(axis.share(mark), -1e-6);
              EXPECT_LE(axis.share(mark), 1.0 + 1e-6);
            }
            EXPECT_GE(axis.share(low), -1e-9);
            EXPECT_LE(axis.share(high), 1.0 + 1e-9);
          }
        }
      }
    }
  }
}

TEST(Axis, ARangeThatIsNoneStillHasMarks) {
  EXPECT_EQ(make_axis(std::nan(""), 1.0, 3, Scale::kLinear, true).labels, (Labels{"0", "0.5", "1.0"}));
  EXPECT_EQ(make_axis(INFINITY, -INFINITY, 3, Scale::kLinear, true).labels, (Labels{"0", "0.5", "1.0"}));
}

}  // namespace
}  // namespace genbid::report
