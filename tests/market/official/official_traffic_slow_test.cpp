#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "golden.h"
#include "numpy/numpy_sum.h"
#include "market/official/official_traffic.h"
#include "market/official/vectors.h"
#include "npy.h"
#include "sha256.h"

// Episodes of 500,000 impressions, whole: known by their hashes, with samples that say where a difference begins.
namespace genbid::market::official {
namespace {

std::string sha256_of(const std::vector<double>& values) {
  test::Sha256 hash;
  hash.add(std::span<const double>(values));
  return hash.hex();
}

// A sample of rows of every tick: [48 ticks][rows][48 seats].
bool same_rows(const std::vector<double>& sample, int tick, size_t num_rows, std::span<const double> rows) {
  const auto* expected = sample.data() + static_cast<size_t>(tick) * num_rows * kNumSeats;
  return std::equal(rows.begin(), rows.end(), expected, expected + num_rows * kNumSeats);
}

class OfficialEpisode : public ::testing::TestWithParam<int> {};

TEST_P(OfficialEpisode, IsTheOfficialOne) {
  const std::string key = "ep" + std::to_string(GetParam());
  const std::string prefix = "traffic/" + key;
  GENBID_VECTOR(summary_path, "traffic/summary_pv500000.json");
  GENBID_VECTOR(head_path, prefix + "_pv_head16_48ticks.npy");
  GENBID_VECTOR(tail_path, prefix + "_pv_tail4_48ticks.npy");
  GENBID_VECTOR(sigma_head_path, prefix + "_sigma_head16_48ticks.npy");
  GENBID_VECTOR(sum_path, prefix + "_pv_colsum_48ticks_x48agents.npy");
  GENBID_VECTOR(sigma_sum_path, prefix + "_sigma_colsum_48ticks_x48agents.npy");
  GENBID_VECTOR(zeros_path, prefix + "_zero_count_48ticks_x48agents.npy");
  const nlohmann::json summary = test::read_json(summary_path)[key];
  const auto head = test::read_npy(head_path).values;
  const auto tail = test::read_npy(tail_path).values;
  const auto sigma_head = test::read_npy(sigma_head_path).values;
  const test::Npy sums = test::read_npy(sum_path);
  const test::Npy sigma_sums = test::read_npy(sigma_sum_path);
  const test::Npy zeros = test::read_npy(zeros_path);

  const EpisodeFactors factors = episode_factors(GetParam());
  PvalueStream stream(factors);
  test::Sha256 all_pvalues, all_sigmas;
  int64_t num_rows = 0;
  double max_pvalue = 0.0;
  double sum_pvalues = 0.0;
  double sum_sigmas = 0.0;
  for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
    SCOPED_TRACE("tick " + std::to_string(tick));
    const auto t = static_cast<size_t>(tick);
    std::vector<double> pvalues(factors.tick_size(tick));
    std::vector<double> sigmas(pvalues.size());
    stream.fill_next(pvalues);
    fill_sigmas(factors, tick, pvalues, sigmas);

    EXPECT_TRUE(same_rows(head, tick, 16, std::span(pvalues).first(16 * kNumSeats)));
    EXPECT_TRUE(same_rows(tail, tick, 4, std::span(pvalues).last(4 * kNumSeats)));
    EXPECT_TRUE(same_rows(sigma_head, tick, 16, std::span(sigmas).first(16 * kNumSeats)));
    // Sums over axis 0 run through the rows in order.
    SeatValues sum{}, sigma_sum{};
    std::array<int64_t, kNumSeats> num_zeros{};
    for (size_t i = 0; i < pvalues.size(); ++i) {
      const size_t seat = i % kNumSeats;
      sum[seat] += pvalues[i];
      sigma_sum[seat] += sigmas[i];
      num_zeros[seat] += pvalues[i] == 0.0 ? 1 : 0;
      max_pvalue = std::max(max_pvalue, pvalues[i]);
    }
    for (int seat = 0; seat < kNumSeats; ++seat) {
      const auto s = static_cast<size_t>(seat);
      EXPECT_EQ(sum[s], sums.at(tick, seat)) << seat;
      EXPECT_EQ(sigma_sum[s], sigma_sums.at(tick, seat)) << seat;
      EXPECT_EQ(static_cast<double>(num_zeros[s]), zeros.at(tick, seat)) << seat;
    }
    EXPECT_EQ(sha256_of(pvalues), summary["sha256_per_tick_pv"][t].get<std::string>());
    EXPECT_EQ(sha256_of(sigmas), summary["sha256_per_tick_sigma"][t].get<std::string>());
    all_pvalues.add(std::span<const double>(pvalues));
    all_sigmas.add(std::span<const double>(sigmas));
    num_rows += factors.num_pv[t];
    // Up to 1.2 million terms: the buffers of 2.1.7.
    const auto size = static_cast<int64_t>(pvalues.size());
    sum_pvalues += numpy::pairwise_sum(size, [&pvalues](int64_t i) { return pvalues[static_cast<size_t>(i)]; });
    sum_sigmas += numpy::pairwise_sum(size, [&sigmas](int64_t i) { return sigmas[static_cast<size_t>(i)]; });

    if (tick == 0) {
      const auto first = test::from_hexes(summary["pv_first_row_hex"]);
      const auto first_sigma = test::from_hexes(summary["sigma_first_row_hex"]);
      EXPECT_TRUE(std::equal(first.begin(), first.end(), pvalues.begin()));
      EXPECT_TRUE(std::equal(first_sigma.begin(), first_sigma.end(), sigmas.begin()));
    }
    if (tick == kTicksPerPeriod - 1) {
      const auto last = test::from_hexes(summary["pv_last_row_hex"]);
      EXPECT_TRUE(std::equal(last.begin(), last.end(), pvalues.end() - kNumSeats));
    }
  }
  EXPECT_EQ(stream.tick(), kTicksPerPeriod);
  EXPECT_EQ(num_rows, summary["total_rows"].get<int64_t>());
  EXPECT_EQ(sum_pvalues, summary["sum_pv"].get<double>());
  EXPECT_EQ(sum_sigmas, summary["sum_sigma"].get<double>());
  EXPECT_EQ(max_pvalue, summary["max_pv"].get<double>());
  EXPECT_EQ(all_pvalues.hex(), summary["sha256_all_pv"].get<std::string>());
  EXPECT_EQ(all_sigmas.hex(), summary["sha256_all_sigma"].get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(FirstThree, OfficialEpisode, ::testing::Values(0, 1, 2));

TEST(OfficialEpisode, HasTheOfficialTick7) {
  GENBID_VECTOR(pvalues_path, "traffic/ep0_tick7_pv_full.npy");
  const EpisodeFactors factors = episode_factors(0);
  PvalueStream stream(factors);
  std::vector<double> pvalues;
  for (int tick = 0; tick <= 7; ++tick) {
    pvalues.resize(factors.tick_size(tick));
    stream.fill_next(pvalues);
  }
  EXPECT_TRUE(pvalues == test::read_npy(pvalues_path).values);
}

}  // namespace
}  // namespace genbid::market::official
