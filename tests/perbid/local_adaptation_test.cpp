#include "perbid/local_adaptation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <array>
#include <numeric>

#include "base/convert.h"
#include "campaigns/episode.h"
#include "perbid/small_field.h"

namespace genbid::perbid {
namespace {

constexpr int64_t kAgents = 3;
constexpr int64_t kCount = 20;

struct Judged {
  test::SmallField small;
  std::shared_ptr<ClusterAgents> agents;
  MatchingDays before;
  at::Tensor res_DM;
  at::Tensor agent_N;

  explicit Judged(int threads = 2) : small(kCount, threads) {
    torch::manual_seed(5);
    agents = std::make_shared<ClusterAgents>(AgentsConfig{16, 2}, kAgents, 0);
    agents->start_at(middle_alpha(small.days));
    before = days_to_match(
        small.samples, small.days.places, 1, 2, [](const PreparedDays&) { return at::Tensor(); }, small.threads);
    res_DM = play_all(*agents, {small.samples, before.days, {}}, small.threads).res_NM;
    agent_N = match_agents(before, res_DM).agent_N;
  }
  AdaptedDays adapt(const AdaptationConfig& config) {
    return adapt_and_play(*agents, small.blind(), before, res_DM, agent_N, config, small.threads);
  }
};

AdaptationConfig some_lessons() {
  AdaptationConfig config;
  config.episodes = 2;
  config.steps = 3;
  config.below = 0.7;
  return config;
}

TEST(LocalAdaptation, CopiesBidAsTheirAgents) {
  Judged judged;
  const auto copies = judged.agents->copies_of(at::tensor({2, 0, 2, 1}, at::kLong));
  const at::Tensor status = at::rand({1, 5, campaigns::kStatusSize});
  const at::Tensor start = at::ones({1, 5});
  const at::Tensor of_agents = judged.agents->moves_MB2({status.expand({kAgents, -1, -1}), {}, start});
  const at::Tensor of_copies = copies->moves_MB2({status.expand({4, -1, -1}), {}, start});
  for (int64_t k = 0; k < 4; ++k) {
    EXPECT_TRUE(at::allclose(of_copies[k], of_agents[std::array{2, 0, 2, 1}.at(to_size(k))], 1e-6, 1e-7)) << k;
  }
}

// Who did worse than asked on the last day, by the agent that bids today; nobody else, and nobody without days.
TEST(LocalAdaptation, IsOfTheBadlyServed) {
  Judged judged;
  const AdaptedDays adapted = judged.adapt(some_lessons());
  std::vector<int64_t> expected;
  for (int64_t d = 0; d < judged.before.days.count(); ++d) {
    const int64_t row = at(judged.before.judged, d);
    const bool last = at(judged.before.days.places, d).back == 1;
    const double res = judged.res_DM[d][judged.agent_N[row].item<int64_t>()].item<double>();
    if (last && res < 0.7) expected.push_back(row);
  }
  EXPECT_EQ(adapted.rows, expected);
  EXPECT_FALSE(expected.empty());
  EXPECT_LT(std::ssize(expected), kCount);
  EXPECT_EQ(adapted.sums.size(), expected.size());
  AdaptationConfig nobody = some_lessons();
  nobody.below = -1000.0;
  EXPECT_TRUE(judged.adapt(nobody).rows.empty());
}

TEST(LocalAdaptation, WithoutARateChangesNothing) {
  Judged judged;
  AdaptationConfig config = some_lessons();
  config.learning_rate = 0.0;
  const AdaptedDays still = judged.adapt(config);
  const AdaptedDays moved = judged.adapt(some_lessons());
  const PlayedByAll all = play_all(*judged.agents, judged.small.blind(), judged.small.threads);
  bool differ = false;
  for (size_t k = 0; k < still.rows.size(); ++k) {
    const int64_t row = still.rows[k];
    const auto& plain = at(all.sums, row * kAgents + judged.agent_N[row].item<int64_t>());
    EXPECT_NEAR(still.sums[k].value, plain.value, 1e-4 * plain.value);
    differ = differ || moved.sums[k].value != still.sums[k].value;
  }
  EXPECT_TRUE(differ);
}

// Copies learn on the day before of their own campaign: there they become better.
TEST(LocalAdaptation, CopiesLearnTheirOwnDay) {
  Judged judged;
  // The days before in the place of those that are judged: what copies make of the days that they learn on.
  MatchingDays itself = judged.before;
  itself.num_judged = itself.days.count();
  std::iota(itself.judged.begin(), itself.judged.end(), 0);
  at::Tensor agent_D = at::empty({itself.num_judged}, at::kLong);
  for (int64_t d = 0; d < itself.num_judged; ++d) agent_D[d] = judged.agent_N[at(judged.before.judged, d)];
  AdaptationConfig config = some_lessons();
  config.episodes = 60;
  config.steps = 10;
  config.learning_rate = 3e-3;
  const Field days{judged.small.samples, itself.days, {}};
  const AdaptedDays adapted =
      adapt_and_play(*judged.agents, days, itself, judged.res_DM, agent_D, config, judged.small.threads);
  ASSERT_GE(adapted.rows.size(), 3U);
  double before = 0.0;
  double after = 0.0;
  for (size_t k = 0; k < adapted.rows.size(); ++k) {
    const int64_t d = adapted.rows[k];
    before += judged.res_DM[d][agent_D[d].item<int64_t>()].item<double>();
    after += outcome_of(judged.small.samples, itself.days, d, adapted.sums[k]).res;
  }
  const double count = as_double(adapted.rows.size());
  EXPECT_GT(after / count, before / count + 0.1);
}

TEST(LocalAdaptation, IsTheSameForAnyNumberOfThreads) {
  Judged one(1);
  Judged three(3);
  const AdaptedDays a = one.adapt(some_lessons());
  const AdaptedDays b = three.adapt(some_lessons());
  ASSERT_EQ(a.rows, b.rows);
  for (size_t k = 0; k < a.rows.size(); ++k) EXPECT_EQ(a.sums[k].value, b.sums[k].value);
}

}  // namespace
}  // namespace genbid::perbid
