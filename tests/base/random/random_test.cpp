#include "base/random/random.h"

#include <Random123/philox.h>
#include <gtest/gtest.h>

#include <set>

namespace genbid {
namespace {

// The known answer of Random123's own test file for philox4x32, 10 rounds, key 0, counter 0.
TEST(Random, PhiloxGivesItsKnownAnswer) {
  const auto out = r123::Philox4x32()({{0, 0, 0, 0}}, {{0, 0}});
  EXPECT_EQ(out[0], 0x6627e8d5U);
  EXPECT_EQ(out[1], 0xe169c58dU);
  EXPECT_EQ(out[2], 0xbc57ac4cU);
  EXPECT_EQ(out[3], 0x9b00dbd8U);
}

TEST(Random, AStreamIsPhiloxUnderItsKey) {
  const RandomStream stream(7, "market.traffic");
  const auto expected = r123::Philox4x32()({{1, 2, 3, 4}}, {{stream.key0(), stream.key1()}});
  const auto bits = stream.bits(1, 2, 3, 4);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(bits[i], expected[i]);
}

TEST(Random, ADrawDependsOnNothingButItsCounter) {
  const RandomStream stream(7, "market.traffic");
  const auto before = stream.bits(5);
  stream.bits(6);
  EXPECT_EQ(stream.bits(5), before);
  EXPECT_EQ(RandomStream(7, "market.traffic").bits(5), before);
}

TEST(Random, NamesAndSeedsGiveDifferentStreams) {
  std::set<uint64_t> keys;
  for (const char* name : {"market.traffic", "market.clearing", "train.sampler", "a", "b", ""}) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
      const RandomStream stream(seed, name);
      keys.insert((uint64_t{stream.key1()} << 32) | stream.key0());
    }
  }
  EXPECT_EQ(keys.size(), 24U);
}

TEST(Random, UniformsStayBelowOne) {
  EXPECT_EQ(uniform_float(0), 0.0F);
  EXPECT_LT(uniform_float(0xffffffffU), 1.0F);
  EXPECT_EQ(uniform_float(0x80000000U), 0.5F);
  EXPECT_EQ(uniform_double(0), 0.0);
  EXPECT_LT(uniform_double(0xffffffffU), 1.0);
  EXPECT_EQ(uniform_double(0x80000000U), 0.5);
}

TEST(Random, DerivedSeedsDifferByNameAndIndex) {
  std::set<uint64_t> seeds;
  for (const char* name : {"bootstrap", "init"}) {
    for (uint64_t index = 0; index < 100; ++index) seeds.insert(derive_seed(1, name, index));
  }
  EXPECT_EQ(seeds.size(), 200U);
}

}  // namespace
}  // namespace genbid
