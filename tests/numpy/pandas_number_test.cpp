#include "numpy/pandas_number.h"

#include <gtest/gtest.h>

#include <limits>

namespace genbid::numpy {
namespace {

TEST(PandasNumber, ShortNumbersAreExact) {
  for (const double value : {0.0, 1.0, -2.5, 0.1, 130.0, 1e-4, 5e-5, 1e22, 0.0239292664184539}) {
    EXPECT_EQ(as_read_by_pandas(value), value) << value;
  }
}

// 17 digits, counted from the first zero: the four zeros of 0.0006 take the places of the last digits.
TEST(PandasNumber, ZerosInFrontCostDigits) {
  EXPECT_EQ(parse_as_pandas("0.0006481119066487584"), 6481119066487.0 / 1e16);
  EXPECT_NE(parse_as_pandas("0.0006481119066487584"), 0.0006481119066487584);
}

// With an exponent there are none: all 17 digits count.
TEST(PandasNumber, ScientificNumbersKeepTheirDigits) {
  EXPECT_EQ(parse_as_pandas("7.469044517422203e-05"), 7469044517422203.0 / 1e20);
  EXPECT_EQ(parse_as_pandas("2e+16"), 2e16);
  EXPECT_EQ(parse_as_pandas("123456789012345678"), 12345678901234567.0 * 10.0);
}

TEST(PandasNumber, ExponentsOutOfRange) {
  EXPECT_EQ(parse_as_pandas("1e-650"), 0.0);
  EXPECT_EQ(parse_as_pandas("1e309"), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace genbid::numpy
