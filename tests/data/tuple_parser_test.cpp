#include "data/tuple_parser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace genbid::data {
namespace {

std::vector<double> numbers(const std::string& text) {
  std::vector<double> out(20);
  const TupleParse parse = parse_tuple(text, out);
  EXPECT_TRUE(parse.good) << text << " at " << parse.error_at;
  out.resize(parse.count);
  return out;
}

size_t error_at(const std::string& text) {
  std::vector<double> out(20);
  const TupleParse parse = parse_tuple(text, out);
  EXPECT_FALSE(parse.good) << text;
  return parse.error_at;
}

TEST(TupleParser, ReadsPlainTuples) {
  EXPECT_EQ(numbers("(1.0, 47, 3e-05, -0.5)"), (std::vector<double>{1.0, 47.0, 3e-05, -0.5}));
}

TEST(TupleParser, ReadsNumPyScalars) {
  EXPECT_EQ(numbers("(np.float64(0.97), np.int64(3), numpy.float32( 1.5 ))"), (std::vector<double>{0.97, 3.0, 1.5}));
}

TEST(TupleParser, ReadsListsArraysAndBareNumbers) {
  EXPECT_EQ(numbers("[1, 2]"), (std::vector<double>{1.0, 2.0}));
  EXPECT_EQ(numbers("[1.   2.5 3.]"), (std::vector<double>{1.0, 2.5, 3.0}));
  EXPECT_EQ(numbers("1,2"), (std::vector<double>{1.0, 2.0}));
  EXPECT_EQ(numbers("  ( 1 ,2 )  "), (std::vector<double>{1.0, 2.0}));
  EXPECT_EQ(numbers("(1.0,)"), (std::vector<double>{1.0}));
  EXPECT_EQ(numbers("()"), std::vector<double>{});
  EXPECT_EQ(numbers(""), std::vector<double>{});
}

TEST(TupleParser, ReadsWhatNumPyAndPyTorchPrint) {
  const std::vector<double> expected = {1.0, 0.000796125795, 12905.0};
  EXPECT_EQ(numbers("[1.00000000e+00 7.96125795e-04\n 1.29050000e+04]"), expected);
  EXPECT_EQ(numbers("[ 1.  7.96125795e-04\r\n  1.2905e+04 ]"), expected);
  EXPECT_EQ(numbers("array([1.0, 7.96125795e-04, 12905.])"), expected);
  EXPECT_EQ(numbers("array([1.00000000e+00, 7.96125795e-04,\n       1.29050000e+04])"), expected);
  EXPECT_EQ(numbers("np.array([1, 7.96125795e-04, 12905], dtype=float32)"), expected);
  EXPECT_EQ(numbers("numpy.array((1, 7.96125795e-04, 12905), dtype='<f4',)"), expected);
  EXPECT_EQ(numbers("tensor([1, 7.96125795e-04, 12905], device='cuda:0', dtype=torch.float64)"), expected);
}

TEST(TupleParser, OtherArraysAreRefused) {
  EXPECT_EQ(error_at("array([1, 2]"), 12U);
  EXPECT_EQ(error_at("array([[1, 2]])"), 7U);
  EXPECT_EQ(error_at("array([1, 2], 3)"), 15U);
  EXPECT_EQ(error_at("array([1, 2] 3)"), 13U);
  EXPECT_EQ(error_at("array([1, 2])) "), 13U);
  EXPECT_EQ(error_at("array(1, 2)"), 0U);
  EXPECT_EQ(error_at("list([1, 2])"), 0U);
  EXPECT_EQ(error_at("[1. 2. ... 3.]"), 7U);
}

TEST(TupleParser, MissingValuesAreNaNAndCounted) {
  std::vector<double> out(4);
  const TupleParse parse = parse_tuple("(nan, 1, None, np.float64(nan))", out);
  EXPECT_TRUE(parse.good);
  EXPECT_EQ(parse.count, 4U);
  EXPECT_EQ(parse.num_nan, 3U);
  EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[2]) && std::isnan(out[3]));
  EXPECT_EQ(out[1], 1.0);
}

TEST(TupleParser, CountsMoreNumbersThanItStores) {
  std::vector<double> out(2);
  const TupleParse parse = parse_tuple("(1, 2, 3, nan)", out);
  EXPECT_EQ(parse.count, 4U);
  EXPECT_EQ(parse.num_nan, 0U);
  EXPECT_EQ(out, (std::vector<double>{1.0, 2.0}));
}

TEST(TupleParser, SaysWhereTheTextStopsBeingNumbers) {
  EXPECT_EQ(error_at("(1.0, x)"), 6U);
  EXPECT_EQ(error_at("(1.0, 2.0"), 9U);
  EXPECT_EQ(error_at("(1.0, 2.0]"), 9U);
  EXPECT_EQ(error_at("(1.0)) "), 5U);
  EXPECT_EQ(error_at("(1,,2)"), 3U);
  EXPECT_EQ(error_at("(,1)"), 1U);
  EXPECT_EQ(error_at("((1, 2))"), 1U);
  EXPECT_EQ(error_at("(1.2.3)"), 4U);
  EXPECT_EQ(error_at("(np.float64(1)"), 14U);
  EXPECT_EQ(error_at("(np.float64(np.float64(1)))"), 1U);
  EXPECT_EQ(error_at("(np.float64)"), 1U);
}

TEST(TupleParser, RefusesInfinities) {
  EXPECT_EQ(error_at("(1, inf)"), 4U);
  EXPECT_EQ(error_at("(-inf,)"), 1U);
  EXPECT_EQ(error_at("(1e999,)"), 1U);
}

TEST(TupleParser, DeepNestingIsAnErrorNotADeepStack) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "n(";
  EXPECT_EQ(error_at(text), 0U);
}

// Mutated texts in buffers of their exact size: a read beyond the end shows under the address sanitizer.
TEST(TupleParser, MutationsNeverReadOutOfBounds) {
  const std::vector<std::string> seeds = {
      "(1.0, 0.9791666666666666, 3e-05, nan, 12905.0, 0, np.float64(0.97), np.int64(3))", "[1. 2.5e-10 -3 None]",
      "(np.float64(nan), -1.7976931348623157e308,)", "array([1., 2., 3.], dtype=float32, device='cpu')"};
  const std::string alphabet = "()[], .-+eE0123456789nanNonep_float64infarraydtype=\t\"";
  uint32_t random = 7;
  const auto next = [&] { return random = random * 1664525U + 1013904223U, random >> 8; };
  int good = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text = seeds[next() % seeds.size()];
    for (uint32_t edits = next() % 4; edits > 0 && !text.empty(); --edits) {
      const size_t at = next() % text.size();
      switch (next() % 4) {
        case 0:
          text.erase(at, 1 + next() % 5);
          break;
        case 1:
          text.insert(at, 1, alphabet[next() % alphabet.size()]);
          break;
        case 2:
          text.resize(at);
          break;
        default:
          text[at] = alphabet[next() % alphabet.size()];
      }
    }
    const std::unique_ptr<char[]> exact(new char[text.size()]);
    std::copy(text.begin(), text.end(), exact.get());
    double out[5] = {};
    const TupleParse parse = parse_tuple({exact.get(), text.size()}, out);
    if (parse.good) {
      ++good;
    } else {
      ASSERT_LE(parse.error_at, text.size());
    }
  }
  EXPECT_GT(good, 1000);
}

}  // namespace
}  // namespace genbid::data
