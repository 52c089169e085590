#include "base/convert.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace genbid {
namespace {

TEST(Convert, AtTakesSignedPlacesOfAnyContainer) {
  std::vector<double> values = {1.0, 2.0, 3.0};
  at(values, int64_t{2}) = 5.0;
  EXPECT_EQ(values, (std::vector<double>{1.0, 2.0, 5.0}));
  constexpr std::array<int, 2> kPair = {7, 8};
  static_assert(at(kPair, 1) == 8);
  EXPECT_EQ(at(std::span<const double>(values).last(2), 1), 5.0);
  std::vector<bool> seen(2);
  at(seen, 1) = true;
  EXPECT_EQ(seen, (std::vector<bool>{false, true}));
}

TEST(Convert, TheWordsOfANumberAreItsBits) {
  static_assert(low_word(int64_t{0x123456789abcdef0}) == 0x9abcdef0U);
  static_assert(high_word(int64_t{0x123456789abcdef0}) == 0x12345678U);
  static_assert(low_word(-1) == 0xffffffffU);
  static_assert(high_word(int64_t{-1}) == 0xffffffffU);
}

TEST(Convert, RealNumbersAreRounded) {
  static_assert(as_double((int64_t{1} << 53) + 1) == 0x1p53);
  static_assert(as_float(0.1) == 0.1F);
}

#ifndef NDEBUG
TEST(Convert, WithAssertionsWhatDoesNotFitStopsTheProgram) {
  const std::vector<double> values(3);
  EXPECT_DEATH(static_cast<void>(at(values, 3)), "container.size");
  EXPECT_DEATH(static_cast<void>(at(values, -1)), "container.size");
  EXPECT_DEATH(static_cast<void>(to_size(-1)), "n >= 0");
  EXPECT_DEATH(static_cast<void>(to_int(int64_t{1} << 31)), "in_range");
  EXPECT_DEATH(static_cast<void>(to_signed(UINT64_MAX)), "in_range");
}
#endif

}  // namespace
}  // namespace genbid
