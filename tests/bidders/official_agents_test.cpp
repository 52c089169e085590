#include <gtest/gtest.h>

#include <cmath>

#include "golden.h"
#include "bidders/official_agents.h"
#include "npy.h"
#include "sample_assets.h"

namespace genbid::bidders {
namespace {

std::vector<float> normalised(std::span<const double> state) {
  std::vector<float> out(state.size());
  normalise_features(state, official_feature_ranges(), out);
  return out;
}

// Both sides scale in double; the vectors were stored before they were rounded to float.
void expect_normalised(const std::string& raw_path, const std::string& normalised_path, int64_t num_rows) {
  const test::Npy raw = test::read_npy(raw_path);
  const test::Npy expected = test::read_npy(normalised_path);
  ASSERT_EQ(raw.shape, (std::vector<int64_t>{num_rows, kNumAuctionnetFeatures}));
  ASSERT_EQ(expected.shape, raw.shape);
  for (size_t row = 0; row < static_cast<size_t>(num_rows); ++row) {
    const auto found = normalised(std::span(raw.values).subspan(row * 16, 16));
    for (size_t f = 0; f < 16; ++f) {
      ASSERT_EQ(found[f], static_cast<float>(expected.values[row * 16 + f])) << "row " << row << " feature " << f;
    }
  }
}

TEST(OfficialAgent, ScalesItsInputsAsTheOriginal) {
  GENBID_VECTOR(raw, "official_agents/states_raw.npy");
  GENBID_VECTOR(scaled, "official_agents/states_normalised.npy");
  expect_normalised(raw, scaled, 239);
}

TEST(OfficialAgent, ScalesTheStatesOfAnEpisodeAsTheOriginal) {
  for (const char* agent : {"0", "5", "17", "30"}) {
    const std::string name = std::string("inference_state/agent") + agent + "_ep0_";
    GENBID_VECTOR(raw, name + "raw_48x16.npy");
    GENBID_VECTOR(scaled, name + "normalised_48x16.npy");
    expect_normalised(raw, scaled, kTicksPerPeriod);
  }
}

// num_pv over [1153, 25550], not clipped; the others raw.
TEST(OfficialAgent, ScalesImpressionCountsOnly) {
  std::vector<double> state(16, 2.0);
  state[13] = 25550.0 + 24397.0;
  state[14] = 72145.0 / 2;
  state[15] = 0.0;
  const auto found = normalised(state);
  EXPECT_EQ(found[12], 2.0F);
  EXPECT_EQ(found[13], 2.0F);
  EXPECT_EQ(found[14], 0.5F);
  EXPECT_EQ(found[15], 0.0F);
}

TEST(OfficialAgent, AnEmptyRangeGivesZero) {
  const FeatureRange range{1, 5.0, 5.0};
  const std::vector<double> state(16, 7.0);
  std::vector<float> out(16);
  normalise_features(state, {&range, 1}, out);
  EXPECT_EQ(out[0], 7.0F);
  EXPECT_EQ(out[1], 0.0F);
}

std::vector<float> inputs(float time_left, float budget_left) {
  std::vector<float> x(16);
  x[kFeatureTimeLeft] = time_left;
  x[kFeatureBudgetLeft] = budget_left;
  return x;
}

// max(0, 40 - 10 budget_left) + max(0, 3 time_left)
TEST(OfficialAgent, IsAPerceptron) {
  EXPECT_EQ(official_agent_alphas(*test::sample_agent(), inputs(1.0F, 2.0F))[0], 23.0F);
  EXPECT_EQ(official_agent_alphas(*test::sample_agent(), inputs(-1.0F, 5.0F))[0], 0.0F);
}

TEST(OfficialAgent, HeadsClampOrBend) {
  for (const float sign : {1.0F, -1.0F}) {
    const auto alpha = [&](AgentHead head) {
      const auto agent = test::sample_agent(head);
      agent->layers.back().weights = {sign / 40.0F, sign / 40.0F};
      return official_agent_alphas(*agent, inputs(0.0F, 2.0F))[0];
    };
    EXPECT_EQ(alpha(AgentHead::kPlain), sign * 0.5F);
    EXPECT_EQ(alpha(AgentHead::kClampAtZero), sign > 0 ? 0.5F : 0.0F);
    EXPECT_NEAR(alpha(AgentHead::kThreeHundredTanh), sign * 138.6351, 1e-3);  // 300 tanh(0.5)
  }
}

// Widths that are no multiple of four inputs or of a SIMD register, and values that round: the sum must run in the
// order of the inputs.
TEST(OfficialAgent, SumsRunInTheOrderOfTheInputsWithTheBiasLast) {
  OfficialAgent agent;
  const int widths[] = {16, 37, 13, 1};
  for (size_t l = 0; l + 1 < std::size(widths); ++l) {
    DenseLayer layer{widths[l], widths[l + 1], {}, {}, l < 2};
    for (int k = 0; k < widths[l] * widths[l + 1]; ++k) layer.weights.push_back(std::sin(0.7F * static_cast<float>(k)));
    for (int k = 0; k < widths[l + 1]; ++k) layer.bias.push_back(0.1F * std::sin(1.3F * static_cast<float>(k)));
    agent.layers.push_back(layer);
  }
  std::vector<float> x(48);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::cos(1.1F * static_cast<float>(i));
  const std::vector<float> found = official_agent_alphas(agent, x);
  ASSERT_EQ(found.size(), 3U);
  for (size_t row = 0; row < 3; ++row) {
    std::vector<float> in(x.begin() + static_cast<std::ptrdiff_t>(16 * row),
                          x.begin() + static_cast<std::ptrdiff_t>(16 * row + 16));
    for (const DenseLayer& layer : agent.layers) {
      std::vector<float> out;
      for (size_t o = 0; o < layer.bias.size(); ++o) {
        float sum = 0.0F;
        for (size_t i = 0; i < in.size(); ++i) sum += in[i] * layer.weights[i * layer.bias.size() + o];
        sum += layer.bias[o];
        out.push_back(layer.relu ? std::max(sum, 0.0F) : sum);
      }
      in = out;
    }
    EXPECT_EQ(found[row], in[0]);
  }
}

// The bidder puts the seat's state in and leaves out who is not asked.
TEST(OfficialAgent, BidsForTheSeatsThatAreAsked) {
  const auto bidder = make_official_agent(test::sample_agent());
  const Advertiser advertiser{1000.0, 100.0, 0};
  const TickHistory history;
  std::vector<SeatView> rows(3);
  for (size_t i = 0; i < 3; ++i) {
    rows[i].advertiser = &advertiser;
    rows[i].history = &history;
    rows[i].now = {.tick = 24, .num_pv = 1153, .mean_pvalue = 0.0005, .remaining_budget = 1000.0};
  }
  rows[1].may_bid = false;
  rows[2].now.remaining_budget = 500.0;
  bidder->reset(rows);
  std::vector<BidFormula> bids(3);
  bidder->bid(rows, bids);
  EXPECT_EQ(bids[0].value, 31.5);  // 40 - 10 + 3 x 0.5
  EXPECT_EQ(bids[1].value, 0.0);
  EXPECT_EQ(bids[2].value, 36.5);
}

// "Last three" ticks are the first three of the period, as AuctionNet's strategies have them (6.12).
TEST(OfficialAgent, SeesTheFirstThreeTicksAsTheLastThree) {
  const auto agent = test::sample_agent();
  agent->layers[0].weights.assign(agent->layers[0].weights.size(), 0.0F);
  agent->layers[0].weights[size_t{3} * 2] = 1.0F;  // mean_bid_last_3
  agent->layers[0].bias = {0.0F, 0.0F};
  const auto bidder = make_official_agent(agent);
  const Advertiser advertiser{1000.0, 100.0, 0};
  TickHistory history;
  for (int tick = 1; tick <= 5; ++tick) history.append({.bid = static_cast<double>(tick)}, 0.0, 0.0, 0.0);
  SeatView row;
  row.advertiser = &advertiser;
  row.history = &history;
  row.now.tick = 5;
  BidFormula bid;
  bidder->bid({&row, 1}, {&bid, 1});
  EXPECT_EQ(bid.value, 2.0);  // of 1, 2, 3; the true last three are 3, 4, 5
}

}  // namespace
}  // namespace genbid::bidders
