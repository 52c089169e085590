#include "numpy/legacy_random.h"

#include <gtest/gtest.h>

#include <vector>

#include "golden.h"
#include "market/official/vectors.h"
#include "npy.h"

namespace genbid::numpy {
namespace {

using test::from_hex;
using test::from_hexes;
using test::read_json;

TEST(LegacyRandom, DrawsNumpysDoubles) {
  GENBID_VECTOR(path, "primitives/legacy_mt19937.json");
  LegacyRandom random(1);
  for (const double value : from_hexes(read_json(path)["rand_16"])) EXPECT_EQ(random.next_double(), value);
}

TEST(LegacyRandom, DrawsNumpysNormals) {
  GENBID_VECTOR(path, "primitives/legacy_mt19937.json");
  LegacyRandom random(1);
  for (const double value : from_hexes(read_json(path)["normal_16"])) EXPECT_EQ(random.normal(0.0, 1.0), value);
}

TEST(LegacyRandom, KeepsTheSecondNormalThroughOtherDraws) {
  GENBID_VECTOR(path, "primitives/legacy_mt19937.json");
  const auto streams = read_json(path);
  auto expected = from_hexes(streams["normal_15_then_uniform"]);
  const double uniform = expected.back();
  expected.pop_back();
  LegacyRandom random(1);
  for (const double value : expected) EXPECT_EQ(random.normal(0.0, 1.0), value);
  EXPECT_EQ(random.next_double(), uniform);
  EXPECT_EQ(random.normal(0.0, 1.0), from_hex(streams["then_normal"]));
}

TEST(LegacyRandom, PermutesAsNumpy) {
  GENBID_VECTOR(path, "primitives/legacy_mt19937.json");
  EXPECT_EQ(LegacyRandom(1).permutation(20), read_json(path)["permutation_20"].get<std::vector<int64_t>>());
}

TEST(LegacyRandom, SwapsAPairHalfOfTheTime) {
  LegacyRandom random(1);
  int num_swapped = 0;
  for (int i = 0; i < 400; ++i) num_swapped += random.permutation(2) == std::vector<int64_t>{1, 0} ? 1 : 0;
  EXPECT_NEAR(num_swapped, 200, 45);
}

TEST(LegacyRandom, ChoosesTheFirstOfAPermutation) {
  GENBID_VECTOR(path, "primitives/legacy_mt19937.json");
  EXPECT_EQ(LegacyRandom(1).choose(1000, 50),
            read_json(path)["choice_50_of_1000_noreplace"].get<std::vector<int64_t>>());
}

TEST(LegacyRandom, DrawsNumpysBinomials) {
  GENBID_VECTOR(probabilities, "primitives/binomial_p.npy");
  GENBID_VECTOR(path, "primitives/legacy_binomial_seed1_first2000.npy");
  GENBID_VECTOR(sum_path, "primitives/legacy_mt19937.json");
  const auto p = test::read_npy(probabilities).values;
  const auto expected = test::npy_integers(path);
  ASSERT_EQ(expected.size(), 2000U);
  LegacyRandom random(1);
  int64_t sum = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const int drawn = random.binomial_one(p[i]);
    ASSERT_EQ(drawn, expected[i]) << i;
    sum += drawn;
  }
  EXPECT_EQ(sum, read_json(sum_path)["binomial_first2000_of_binomial_p_sum"].get<int64_t>());
}

TEST(LegacyRandom, DrawsForProbabilityZero) {
  LegacyRandom random(1);
  LegacyRandom doubles(1);
  EXPECT_EQ(random.binomial_one(0.0), 0);
  doubles.next_double();
  EXPECT_EQ(random.next_double(), doubles.next_double());
}

}  // namespace
}  // namespace genbid::numpy
