#include "market/official/official_traffic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "golden.h"
#include "npy.h"

namespace genbid::market::official {
namespace {

TEST(OfficialTraffic, HasTheCountsOfFortyEpisodes) {
  GENBID_VECTOR(path, "traffic/counts_pv500000_ep0-39x48.npy");
  const auto expected = test::npy_integers(path);
  for (int64_t episode = 0; episode < 40; ++episode) {
    const EpisodeFactors factors = episode_factors(episode);
    for (size_t t = 0; t < 48; ++t) {
      ASSERT_EQ(factors.num_pv[t], expected.at(static_cast<size_t>(episode) * 48 + t)) << episode << " " << t;
    }
  }
}

TEST(OfficialTraffic, HasTheFactorsOfTheFirstEpisodes) {
  for (int64_t episode = 0; episode < 3; ++episode) {
    const std::string prefix = "traffic/ep" + std::to_string(episode);
    GENBID_VECTOR(shares_path, prefix + "_factor_traffic_ratio.npy");
    GENBID_VECTOR(category_path, prefix + "_category_mean_ratio_6x48.npy");
    GENBID_VECTOR(mean_path, prefix + "_pvalue_mean_48agents_x48ticks.npy");
    GENBID_VECTOR(ratio_path, prefix + "_pvalue_stdratio_48x48.npy");
    const auto shares = test::read_npy(shares_path).values;
    const test::Npy category_ratio = test::read_npy(category_path);
    const test::Npy mean = test::read_npy(mean_path);
    const test::Npy ratio = test::read_npy(ratio_path);
    const EpisodeFactors factors = episode_factors(episode);
    const auto own_shares = tick_shares(episode);
    for (size_t t = 0; t < 48; ++t) {
      const auto tick = static_cast<int64_t>(t);
      EXPECT_EQ(own_shares[t], shares.at(t)) << t;
      for (size_t s = 0; s < 48; ++s) {
        const auto seat = static_cast<int64_t>(s);
        ASSERT_EQ(factors.mean[t][s], mean.at(seat, tick)) << t << " " << s;
        ASSERT_EQ(factors.deviation[t][s], ratio.at(seat, tick) * mean.at(seat, tick)) << t << " " << s;
        if (s % 8 == 0) {
          ASSERT_EQ(factors.mean[t][s], category_ratio.at(seat / 8, tick) * 0.0005) << t << " " << s;
        }
      }
    }
  }
}

// Whole episodes of 2,000 nominal impressions.
void expect_small_episode(int64_t episode, const std::string& counts_path, const std::string& pvalues_path,
                          const std::string& sigmas_path) {
  const auto counts = test::npy_integers(counts_path);
  const auto pvalues = test::read_npy(pvalues_path).values;
  const auto sigmas = test::read_npy(sigmas_path).values;
  const EpisodeFactors factors = episode_factors(episode, 2000);
  PvalueStream stream(factors);
  std::vector<double> all_pvalues, all_sigmas;
  for (int tick = 0; tick < 48; ++tick) {
    ASSERT_EQ(factors.num_pv[static_cast<size_t>(tick)], counts.at(static_cast<size_t>(tick)));
    std::vector<double> values(factors.tick_size(tick));
    ASSERT_EQ(stream.tick(), tick);
    stream.fill_next(values);
    all_pvalues.insert(all_pvalues.end(), values.begin(), values.end());
    std::vector<double> uncertainty(values.size());
    fill_sigmas(factors, tick, values, uncertainty);
    all_sigmas.insert(all_sigmas.end(), uncertainty.begin(), uncertainty.end());
  }
  EXPECT_TRUE(all_pvalues == pvalues);
  EXPECT_TRUE(all_sigmas == sigmas);
  EXPECT_GT(std::count(pvalues.begin(), pvalues.end(), 0.0), 2000);
}

TEST(OfficialTraffic, IsTheOfficialSmallEpisode0) {
  GENBID_VECTOR(counts, "traffic/small_pv2000_ep0_counts.npy");
  GENBID_VECTOR(pvalues, "traffic/small_pv2000_ep0_pv.npy");
  GENBID_VECTOR(sigmas, "traffic/small_pv2000_ep0_sigma.npy");
  expect_small_episode(0, counts, pvalues, sigmas);
}

TEST(OfficialTraffic, IsTheOfficialSmallEpisode1) {
  GENBID_VECTOR(counts, "traffic/small_pv2000_ep1_counts.npy");
  GENBID_VECTOR(pvalues, "traffic/small_pv2000_ep1_pv.npy");
  GENBID_VECTOR(sigmas, "traffic/small_pv2000_ep1_sigma.npy");
  expect_small_episode(1, counts, pvalues, sigmas);
}

TEST(OfficialTraffic, IsTheOfficialSmallEpisode2) {
  GENBID_VECTOR(counts, "traffic/small_pv2000_ep2_counts.npy");
  GENBID_VECTOR(pvalues, "traffic/small_pv2000_ep2_pv.npy");
  GENBID_VECTOR(sigmas, "traffic/small_pv2000_ep2_sigma.npy");
  expect_small_episode(2, counts, pvalues, sigmas);
}

TEST(OfficialTraffic, MakesAnyTicksSigmasAlone) {
  GENBID_VECTOR(sigmas_path, "traffic/ep0_tick7_sigma_full.npy");
  GENBID_VECTOR(pvalues_path, "traffic/ep0_tick7_pv_full.npy");
  const auto expected = test::read_npy(sigmas_path).values;
  const auto pvalues = test::read_npy(pvalues_path).values;
  const EpisodeFactors factors = episode_factors(0);
  ASSERT_EQ(pvalues.size(), factors.tick_size(7));
  std::vector<double> sigmas(pvalues.size());
  fill_sigmas(factors, 7, pvalues, sigmas);
  EXPECT_TRUE(sigmas == expected);
}

// In episodes 0 to 199 some seat draws a ratio above 0.3 and gets 0.2; none keeps more than 0.3.
TEST(OfficialTraffic, TurnsALargeSigmaRatioIntoAFifth) {
  int num_replaced = 0;
  for (int64_t episode = 0; episode < 200; ++episode) {
    for (const double ratio : episode_factors(episode, 1).sigma_ratio) {
      EXPECT_GE(ratio, 0.0);
      EXPECT_LE(ratio, 0.3);
      num_replaced += ratio == 0.2 ? 1 : 0;
    }
  }
  // 9,600 draws of N(0.15, 0.06), 0.62 % of them above 0.3: 59.6 with a standard deviation of 7.7.
  EXPECT_NEAR(num_replaced, 60, 31);
}

}  // namespace
}  // namespace genbid::market::official
