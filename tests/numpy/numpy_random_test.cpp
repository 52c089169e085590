#include "numpy/numpy_random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "golden.h"
#include "market/official/vectors.h"
#include "npy.h"
#include "sha256.h"

namespace genbid::numpy {
namespace {

using test::from_hex;
using test::from_hexes;
using test::read_json;

uint64_t to_u64(const nlohmann::json& text) {
  return std::strtoull(text.get_ref<const std::string&>().c_str(), nullptr, 10);
}

// Calls check(seed, the seed's streams) for every seed of the golden file.
template <typename Check>
void for_seeds(const std::string& path, const Check& check) {
  const nlohmann::json seeds = read_json(path);
  ASSERT_EQ(seeds.size(), 15U);
  for (const auto& [seed, streams] : seeds.items()) {
    SCOPED_TRACE("seed " + seed);
    check(std::stoull(seed), streams);
  }
}

TEST(SeedSequence, GrowsSeedsIntoNumpysWords) {
  GENBID_VECTOR(path, "primitives/pcg64_streams.json");
  for_seeds(path, [](uint64_t seed, const nlohmann::json& streams) {
    const auto words = seed_words(seed);
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(words[i], to_u64(streams["generate_state_u64_4"][i]));
      EXPECT_EQ(static_cast<uint32_t>(words[i]), streams["generate_state_u32_8"][2 * i].get<uint32_t>());
      EXPECT_EQ(words[i] >> 32, streams["generate_state_u32_8"][2 * i + 1].get<uint32_t>());
    }
  });
}

TEST(Pcg64, DrawsNumpysWords) {
  GENBID_VECTOR(path, "primitives/pcg64_streams.json");
  for_seeds(path, [](uint64_t seed, const nlohmann::json& streams) {
    Pcg64 stream(seed);
    for (const auto& word : streams["raw_u64_16"]) EXPECT_EQ(stream.next64(), to_u64(word));
  });
}

TEST(Pcg64, DrawsNumpysDoubles) {
  GENBID_VECTOR(path, "primitives/pcg64_streams.json");
  for_seeds(path, [](uint64_t seed, const nlohmann::json& streams) {
    Pcg64 stream(seed);
    for (const double value : from_hexes(streams["random_double_16_hex"])) EXPECT_EQ(stream.next_double(), value);
  });
}

TEST(Pcg64, DrawsNumpysUniforms) {
  GENBID_VECTOR(path, "primitives/pcg64_streams.json");
  for_seeds(path, [](uint64_t seed, const nlohmann::json& streams) {
    Pcg64 stream(seed);
    for (const double value : from_hexes(streams["uniform_0p6_1p4_12_hex"])) {
      EXPECT_EQ(stream.uniform(1 - 0.4, 1 + 0.4), value);
    }
  });
}

TEST(Pcg64, DrawsHalvesLowFirst) {
  GENBID_VECTOR(path, "primitives/pcg64_streams.json");
  for_seeds(path, [](uint64_t seed, const nlohmann::json& streams) {
    Pcg64 stream(seed);
    for (const auto& word : streams["uint32_via_integers_first16"]) EXPECT_EQ(stream.next32(), word.get<uint32_t>());
  });
}

TEST(Pcg64, DrawsNumpysNormals) {
  GENBID_VECTOR(path, "primitives/pcg64_streams.json");
  for_seeds(path, [](uint64_t seed, const nlohmann::json& streams) {
    Pcg64 stream(seed);
    for (const double value : from_hexes(streams["standard_normal_first64_hex"])) {
      EXPECT_EQ(stream.standard_normal(), value);
    }
  });
}

// Some 260 of a million lie beyond the lowest layer's edge and 15,000 take the slow way.
TEST(Pcg64, DrawsNumpysFirstMillionNormals) {
  GENBID_VECTOR(path, "primitives/pcg64_streams.json");
  for_seeds(path, [](uint64_t seed, const nlohmann::json& streams) {
    Pcg64 stream(seed);
    double sum = 0.0;
    double last = 0.0;
    int beyond = 0;
    for (int i = 0; i < 1'000'000; ++i) {
      last = stream.standard_normal();
      sum += last;
      beyond += std::abs(last) > kZigguratEdge ? 1 : 0;
    }
    EXPECT_EQ(sum, from_hex(streams["standard_normal_1e6_sum_hex_sequential"]));
    EXPECT_EQ(last, from_hex(streams["standard_normal_1e6_last_hex"]));
    EXPECT_EQ(beyond, streams["count_abs_gt_r_3.654"].get<int>());
    EXPECT_EQ(stream.next_double(), from_hex(streams["next_double_after_1e6_normals_hex"]));
  });
}

TEST(Pcg64, ScalesNormalsInTwoRoundings) {
  Pcg64 scaled(3);
  Pcg64 standard(3);
  for (int i = 0; i < 1000; ++i) {
    const volatile double product = 0.06 * standard.standard_normal();
    EXPECT_EQ(scaled.normal(0.15, 0.06), 0.15 + product);
  }
}

TEST(Pcg64, AdvancesAsIfDrawn) {
  for (const uint64_t draws : {0U, 1U, 2U, 3U, 64U, 1000U, 99999U}) {
    Pcg64 drawn(5);
    for (uint64_t i = 0; i < draws; ++i) drawn.next64();
    Pcg64 advanced(5);
    advanced.advance(draws);
    EXPECT_EQ(advanced.next64(), drawn.next64()) << draws;
  }
}

TEST(Pcg64, KeepsTheWaitingHalfThroughOtherDraws) {
  Pcg64 stream(7);
  Pcg64 words(7);
  const uint64_t first = words.next64();
  EXPECT_EQ(stream.next32(), static_cast<uint32_t>(first));
  EXPECT_EQ(stream.next64(), words.next64());
  EXPECT_EQ(stream.next32(), static_cast<uint32_t>(first >> 32));
}

TEST(Pcg64, DrawsNothingBelowOne) {
  Pcg64 stream(1);
  EXPECT_EQ(stream.bounded(0), 0U);
  EXPECT_EQ(stream.next64(), Pcg64(1).next64());
}

// Of 3 * 2^30 values made from 2^32 words, those divisible by 3 would come twice as often if no word were refused.
TEST(Pcg64, RefusesTheWordsThatWouldFavourSomeValues) {
  Pcg64 stream(1);
  std::array<int, 3> counts{};
  for (int i = 0; i < 9000; ++i) ++counts[stream.bounded(3221225471U) % 3];
  for (const int count : counts) EXPECT_NEAR(count, 3000, 4.5 * std::sqrt(2000.0));
}

TEST(Ziggurat, HasNumpysTables) {
  GENBID_VECTOR(inside, "primitives/ziggurat_ki_u64.npy");
  GENBID_VECTOR(width, "primitives/ziggurat_wi_f64.npy");
  GENBID_VECTOR(height, "primitives/ziggurat_fi_f64.npy");
  const auto k = test::npy_integers(inside);
  const auto w = test::read_npy(width).values;
  const auto f = test::read_npy(height).values;
  for (size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(kZigguratLayers[i].inside, static_cast<uint64_t>(k.at(i))) << i;
    EXPECT_EQ(kZigguratLayers[i].width, w.at(i)) << i;
    EXPECT_EQ(kZigguratHeights[i], f.at(i)) << i;
  }
}

// 40,000 probabilities: zeros, ones, slots' 0.8 and 0.6, conversions' 0.001.
TEST(BinomialOne, DrawsNumpysBits) {
  GENBID_VECTOR(probabilities, "primitives/binomial_p.npy");
  const auto p = test::read_npy(probabilities).values;
  for (const int seed : {1, 2}) {
    GENBID_VECTOR(path, "primitives/binomial_n1_seed" + std::to_string(seed) + ".npy");
    const auto expected = test::npy_integers(path);
    ASSERT_EQ(p.size(), expected.size());
    Pcg64 stream(static_cast<uint64_t>(seed));
    for (size_t i = 0; i < p.size(); ++i) ASSERT_EQ(binomial_one(stream, p[i]), expected[i]) << i;
  }
}

TEST(BinomialOne, DrawsNothingForZeroAndOnceForOne) {
  Pcg64 stream(1);
  Pcg64 doubles(1);
  EXPECT_EQ(binomial_one(stream, 0.0), 0);
  EXPECT_EQ(binomial_one(stream, 1.0), 1);
  doubles.next_double();
  EXPECT_EQ(stream.next_double(), doubles.next_double());
}

// A stream of given doubles: with p = 0.5 a draw of 1 - 2^-53 is left at 0.5 - 2^-53 after the first probability,
// below the second. Only where roundings of the two fall short of 1 a draw passes both and is drawn again.
TEST(BinomialOne, DrawsAgainBeyondBothProbabilities) {
  struct Fixed {
    std::vector<double> draws;
    size_t at = 0;
    double next_double() { return draws.at(at++); }
  };
  Fixed half{{1.0 - 0x1p-53}};
  EXPECT_EQ(binomial_one(half, 0.5), 1);
  Fixed beyond{{0.95, 0.2}};
  EXPECT_EQ(binomial_inversion(beyond, 0.5, 0.4), 0);  // 0.4 and 0.5 / 0.5 * 0.4: 0.95 lies above their sum
  EXPECT_EQ(beyond.at, 2U);
}

TEST(Choose, PicksNumpysPositionsInBothMethods) {
  GENBID_VECTOR(path, "primitives/choice_noreplace.json");
  int num_tail_shuffles = 0;
  for (const auto& choice : read_json(path)) {
    SCOPED_TRACE(choice.dump().substr(0, 80));
    Pcg64 stream(choice["seed"].get<uint64_t>());
    std::vector<int64_t> chosen = choose(stream, choice["pop"].get<int64_t>(), choice["size"].get<int64_t>());
    ASSERT_EQ(static_cast<int64_t>(chosen.size()), choice["size"].get<int64_t>());
    const auto expected = choice[choice.contains("first20") ? "first20" : "result_in_order"];
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(chosen[i], expected[i].get<int64_t>()) << i;
    std::sort(chosen.begin(), chosen.end());
    test::Sha256 hash;
    hash.add(std::span<const int64_t>(chosen));
    EXPECT_EQ(hash.hex(), choice["sorted_set_sha"].get<std::string>());
    num_tail_shuffles += choice["branch"] == "tail_shuffle" ? 1 : 0;
  }
  EXPECT_EQ(num_tail_shuffles, 3);
}

TEST(Environment, HashesTuplesAsPythonDoes) {
  GENBID_VECTOR(path, "primitives/env_tuple_hash_i64_ep0-27x48.npy");
  const auto expected = test::npy_integers(path);
  for (int64_t episode = 0; episode < 28; ++episode) {
    for (int64_t agent = 0; agent < 48; ++agent) {
      ASSERT_EQ(tuple_hash(agent, 0, episode), expected.at(static_cast<size_t>(48 * episode + agent)));
    }
  }
}

TEST(Environment, SeedsAndTruncatesAsTheOfficialOne) {
  GENBID_VECTOR(seeds_path, "primitives/env_seed_u32_ep0-27x48.npy");
  GENBID_VECTOR(values_path, "primitives/env_trunc_values_ep0-27x48x2.npy");
  const auto seeds = test::npy_integers(seeds_path);
  const auto values = test::read_npy(values_path).values;
  size_t i = 0;
  for (int64_t episode = 0; episode < 28; ++episode) {
    for (int agent = 0; agent < 48; ++agent, ++i) {
      ASSERT_EQ(environment_seed(agent, episode), static_cast<uint64_t>(seeds.at(i)));
      ASSERT_EQ(truncation_values(agent, episode)[0], values.at(2 * i));
      ASSERT_EQ(truncation_values(agent, episode)[1], values.at(2 * i + 1));
    }
  }
}

}  // namespace
}  // namespace genbid::numpy
