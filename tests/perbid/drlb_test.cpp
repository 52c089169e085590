#include "perbid/drlb.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "base/random/random.h"
#include "campaigns/episode.h"
#include "perbid/drlb_training.h"
#include "perbid/small_field.h"

namespace genbid::perbid {
namespace {

constexpr int64_t kCount = 16;

DrlbConfig small_config() {
  DrlbConfig config;
  config.width = 16;
  config.depth = 2;
  config.per_round = 4;
  config.steps_a_round = 5;
  config.replay = 100;
  config.epsilon_rounds = 10;
  return config;
}

AgentStates drawn_states(int64_t count) {
  return {at::rand({1, count, campaigns::kStatusSize}, at::detail::createCPUGenerator(3)), {}, at::ones({1, count})};
}

TEST(Drlb, MovesAlphaByTheFactorOfTheHighestValue) {
  torch::manual_seed(1);
  Drlb agent(small_config());
  const AgentStates states = drawn_states(50);
  const at::Tensor moves = agent.moves_MB2(states);
  const at::Tensor best = agent.values_MBA(states).argmax(2);
  EXPECT_TRUE(at::equal(Drlb::choices_MB(moves), best));
  const at::Tensor bids = CampaignAgents::moved_MB2(states, moves);
  for (int64_t i = 0; i < 50; ++i) {
    const double factor = Drlb::kFactors.at(to_size(best[0][i].item<int64_t>()));
    EXPECT_NEAR(bids[0][i][0].item<double>(), factor * states.status_MBS[0][i][5].item<double>(), 1e-6);
    EXPECT_EQ(bids[0][i][1].item<float>(), states.status_MBS[0][i][6].item<float>());
  }
}

// Shares of choices that are not the best one: of the drawn ones, a seventh is the best by chance.
TEST(Drlb, ExploresMoreWhereValuesCannotBeRight) {
  torch::manual_seed(1);
  Drlb agent(small_config());
  const AgentStates states = drawn_states(4000);
  const auto share_of_others = [&](const std::array<float, 7>& values, double epsilon) {
    {
      const torch::NoGradGuard no_grad;
      for (const auto& item : agent.named_parameters()) {
        if (item.key() == "q.weight2") item.value().zero_();
        if (item.key() == "q.bias2") item.value().copy_(at::tensor(std::vector<float>(values.begin(), values.end())));
      }
    }
    const at::Tensor best = agent.moves_MB2(states);
    const at::Tensor moves = agent.explored_MB2(states, best, epsilon, at::detail::createCPUGenerator(7));
    return Drlb::choices_MB(moves).ne(Drlb::choices_MB(best)).to(at::kDouble).mean().item<double>();
  };
  constexpr double kDrawn = 6.0 / 7.0;
  constexpr double kNoise = 0.03;  // four standard errors of 4,000 choices
  for (const auto& one_peak :
       {std::array{1.0F, 2.0F, 3.0F, 4.0F, 3.0F, 2.0F, 1.0F}, std::array{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F},
        std::array{7.0F, 6.0F, 5.0F, 4.0F, 3.0F, 2.0F, 1.0F}, std::array{1.0F, 1.0F, 2.0F, 2.0F, 2.0F, 1.0F, 1.0F}}) {
    EXPECT_EQ(share_of_others(one_peak, 0.0), 0.0);
    EXPECT_NEAR(share_of_others(one_peak, 0.1), 0.1 * kDrawn, kNoise);
  }
  for (const auto& two_peaks :
       {std::array{2.0F, 1.0F, 3.0F, 4.0F, 3.0F, 2.0F, 1.0F}, std::array{1.0F, 2.0F, 3.0F, 4.0F, 3.0F, 2.0F, 3.0F}}) {
    EXPECT_NEAR(share_of_others(two_peaks, 0.0), 0.5 * kDrawn, kNoise);
    EXPECT_NEAR(share_of_others(two_peaks, 0.1), 0.5 * kDrawn, kNoise);
    EXPECT_NEAR(share_of_others(two_peaks, 0.9), 0.9 * kDrawn, kNoise);
  }
}

TEST(Drlb, ItsTargetIsACopyThatIsMadeAnew) {
  torch::manual_seed(1);
  DrlbConfig config = small_config();
  config.copy_every = 3;
  Drlb agent(config);
  const AgentStates states = drawn_states(5);
  EXPECT_TRUE(at::equal(agent.values_MBA(states), agent.target_values_MBA(states)));
  {
    const torch::NoGradGuard no_grad;
    for (const auto& item : agent.named_parameters()) {
      EXPECT_EQ(item.value().requires_grad(), !item.key().starts_with("target.")) << item.key();
      if (item.key().starts_with("q.bias")) item.value().add_(0.5);
    }
  }
  at::Generator noise = at::detail::createCPUGenerator(1);
  agent.after_step({1, noise});
  EXPECT_FALSE(at::equal(agent.values_MBA(states), agent.target_values_MBA(states)));
  agent.after_step({2, noise});
  EXPECT_TRUE(at::equal(agent.values_MBA(states), agent.target_values_MBA(states)));
}

// The memory of best returns has what the episodes of a round came to, at the cells that they went through.
TEST(DrlbEpisodes, RememberTheBestReturnOfEachCell) {
  torch::manual_seed(1);
  test::SmallField small(kCount);
  DrlbConfig config = small_config();
  config.per_round = 6;
  Drlb agent(config);
  agent.start_at(middle_alpha(small.days));
  DrlbEpisodes episodes(small.blind(), agent, config, 8, 1, small.threads);
  EXPECT_EQ(episodes.draw(0, 100), config.steps_a_round);

  // The same round again.
  const Exploration exploration{0.95, config.random_start, 0.0,
                                at::detail::createCPUGenerator(derive_seed(1, "perbid.drlb", 0)),
                                /*draws_beta=*/false};
  const at::Tensor rows_MB = at::randint(kCount, {1, 6}, exploration.generator, at::kLong);
  const Played played = play_days(agent, small.blind(), rows_MB, small.threads, &exploration);
  at::Tensor expected = at::full_like(episodes.best_NK(), -1.0);
  // A return counts for the beta that the agent will have: what other betas come to is not looked at.
  EXPECT_TRUE(played.met->status_TMBS.select(3, 6).eq(0.5).all().item<bool>());
  EXPECT_FALSE(played.met->status_TMBS.select(3, 5)[0].eq(agent.middle_alpha()).all().item<bool>());
  for (int64_t b = 0; b < 6; ++b) {
    const double res = std::max(-1.0, played.res_MB[0][b].item<double>());
    for (int64_t t = 0; t < small.samples.num_slots(); ++t) {
      const at::Tensor status = played.met->status_TMBS[t][0][b];
      const double gone = 1.0 - status[0].item<double>();
      const double octave = std::floor(std::log2(status[5].item<double>() / agent.middle_alpha())) + 4.0;
      const int64_t choice = Drlb::choices_MB(played.met->moves_TMB2[t])[0][b].item<int64_t>();
      const auto cell =
          (static_cast<int64_t>(gone * 12.0 + 1e-3) * 8 + static_cast<int64_t>(std::clamp(octave, 0.0, 7.0))) * 7 +
          choice;
      at::Tensor best = expected[rows_MB[0][b].item<int64_t>()][cell];
      best.fill_(std::max(best.item<double>(), res));
    }
  }
  EXPECT_TRUE(at::allclose(episodes.best_NK(), expected, 1e-6, 1e-6));
  // More episodes make none of them worse.
  const at::Tensor before = episodes.best_NK().clone();
  episodes.draw(config.steps_a_round, 100);
  EXPECT_TRUE(episodes.best_NK().ge(before).all().item<bool>());
  EXPECT_FALSE(at::equal(episodes.best_NK(), before));
}

TEST(DrlbEpisodes, ExploreLessAndLess) {
  test::SmallField small(kCount);
  const DrlbConfig config = small_config();
  Drlb agent(config);
  const DrlbEpisodes episodes(small.blind(), agent, config, 8, 1, small.threads);
  EXPECT_DOUBLE_EQ(episodes.epsilon(0), 0.95);
  EXPECT_DOUBLE_EQ(episodes.epsilon(5), 0.5);
  EXPECT_NEAR(episodes.epsilon(10), 0.05, 1e-12);
  EXPECT_NEAR(episodes.epsilon(1000), 0.05, 1e-12);
}

// The target of Q: what the reward network says of the choice, a share of the day, and what the copy says of the next
// state; behind the last slot there is nothing.
TEST(DrlbEpisodes, QLearnsFromTheRewardNetwork) {
  torch::manual_seed(1);
  test::SmallField small(kCount);
  const DrlbConfig config = small_config();
  Drlb agent(config);
  agent.start_at(middle_alpha(small.days));
  DrlbEpisodes episodes(small.blind(), agent, config, 200, 1, small.threads);
  episodes.draw(0, 1);
  episodes.gather(at::zeros({1}, at::kLong));
  at::Generator noise = at::detail::createCPUGenerator(1);
  const auto loss = [&] { return episodes.losses({0, noise}, agent, 1, 0).front().value.item<double>(); };
  const auto set = [&](const std::string& network, double value) {
    const torch::NoGradGuard no_grad;
    for (const auto& item : agent.named_parameters()) {
      if (item.key().starts_with(network)) item.value().zero_();
      if (item.key() == network + "bias2") item.value().fill_(value);
    }
  };
  set("reward.", 0.6);
  set("q.", 0.0);
  set("target.", 0.0);
  const double slots = as_double(small.samples.num_slots());
  EXPECT_NEAR(loss(), (0.6 / slots) * (0.6 / slots), 1e-7);
  set("q.", 0.6 / slots);
  EXPECT_NEAR(loss(), 0.0, 1e-9);
  set("target.", 0.3);
  // All but the last slots, a sixth of those drawn.
  EXPECT_NEAR(loss(), 0.09 * (1.0 - 1.0 / slots), 0.09 * 0.1);
  set("reward.", 0.0);
  set("q.", 0.3);
  EXPECT_NEAR(loss(), 0.09 / slots, 0.09 * 0.1);
}

// Of one episode every cell has its Res, and the reward network learns it.
TEST(DrlbEpisodes, TheRewardNetworkLearnsTheBestReturn) {
  torch::manual_seed(1);
  test::SmallField small(kCount);
  DrlbConfig config = small_config();
  config.per_round = 1;
  Drlb agent(config);
  agent.start_at(middle_alpha(small.days));
  DrlbEpisodes episodes(small.blind(), agent, config, 50, 1, small.threads);
  episodes.draw(0, 1);
  episodes.gather(at::zeros({1}, at::kLong));
  {
    const torch::NoGradGuard no_grad;
    for (const auto& item : agent.named_parameters()) {
      if (item.key().starts_with("reward.")) item.value().zero_();
      if (item.key() == "reward.bias2") item.value().fill_(0.6);
    }
  }
  const double res = episodes.best_NK().max().item<double>();
  at::Generator noise = at::detail::createCPUGenerator(1);
  const double loss = episodes.losses({0, noise}, agent, 0, 0).front().value.item<double>();
  EXPECT_NEAR(loss, (res - 0.6) * (res - 0.6), 1e-6);
}

// What follows a slot of a day is the next slot of the same day: a copy that says how much of the day is left says one
// slot less.
TEST(DrlbEpisodes, ASlotIsFollowedByTheNext) {
  torch::manual_seed(1);
  test::SmallField small(kCount);
  DrlbConfig config = small_config();
  config.depth = 1;
  Drlb agent(config);
  agent.start_at(middle_alpha(small.days));
  DrlbEpisodes episodes(small.blind(), agent, config, 200, 1, small.threads);
  episodes.draw(0, 1);
  episodes.gather(at::zeros({1}, at::kLong));
  {
    // Networks that are linear in the first feature, 2 x time_left - 1, where SiLU is: a unit of a large bias.
    const torch::NoGradGuard no_grad;
    const double bias = 100.0;
    for (const auto& item : agent.named_parameters()) {
      item.value().zero_();
      const std::string& key = item.key();
      const bool is_target = key.starts_with("target.");
      if (!is_target && !key.starts_with("q.")) continue;
      if (key.ends_with("weight0")) item.value()[0][0][0] = 1.0;
      if (key.ends_with("bias0")) item.value()[0][0][0] = bias;
      if (key.ends_with("weight1")) item.value().select(1, 0).fill_(0.5);
      // time_left = (feature + 1) / 2; the state's own is what Q should be: that of the next plus one slot.
      const double slot = 1.0 / as_double(small.samples.num_slots());
      if (key.ends_with("bias1")) item.value().fill_(0.5 - 0.5 * bias - (is_target ? 0.0 : slot));
    }
  }
  at::Generator noise = at::detail::createCPUGenerator(1);
  EXPECT_NEAR(episodes.losses({0, noise}, agent, 1, 0).front().value.item<double>(), 0.0, 1e-8);
}

TEST(DrlbEpisodes, NeedRoomForARound) {
  test::SmallField small(kCount);
  DrlbConfig config = small_config();
  config.replay = config.per_round * small.samples.num_slots() - 1;
  Drlb agent(config);
  EXPECT_THROW(DrlbEpisodes(small.blind(), agent, config, 8, 1, small.threads), Error);
}

}  // namespace
}  // namespace genbid::perbid
