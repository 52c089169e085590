#include "perbid/agent_training.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>

#include "campaigns/click_play.h"
#include "perbid/profile_training.h"
#include "perbid/small_field.h"
#include "train/stepper.h"

namespace genbid::perbid {
namespace {

constexpr int64_t kCount = 24;

train::TrainConfig quick(int64_t steps) {
  train::TrainConfig config;
  config.steps = steps;
  config.warmup_steps = 10;
  config.learning_rate = 3e-3;
  config.ema_decay = 0.9;
  return config;
}

EpisodesConfig small_episodes() {
  EpisodesConfig config;
  config.per_round = 12;
  config.steps_a_round = 10;
  config.replay = 2000;
  return config;
}

double mean_res(ClusterAgents& agents, const Field& field, Threads& threads) {
  return std::get<0>(play_all(agents, field, threads).res_NM.max(1)).mean().item<double>();
}

// The best of bids that are the same for all campaigns and slots.
double best_common_bid(const test::SmallField& small) {
  double best = -1e9;
  for (double alpha = 0.02; alpha < 2.0; alpha *= 1.2) {
    for (const double beta : {0.0, 0.2, 0.4, 0.6, 0.8, 1.0}) {
      double sum = 0.0;
      for (int64_t i = 0; i < small.days.count(); ++i) {
        const campaigns::ClickDay day = small.samples.day(i, 0);
        const campaigns::ClickLimits& limits = at(small.days.limits, i);
        const auto played = campaigns::play_slots(day, 0, day.num_slots(), {alpha, beta}, limits.ppc, limits.budget);
        sum += campaigns::res(played.sums, at(small.days.optima, i).value, limits.ppc);
      }
      best = std::max(best, sum / as_double(small.days.count()));
    }
  }
  return best;
}

// From a bid that is far off, an agent comes to do better than any bid that is the same for all.
TEST(AgentEpisodes, TeachAgentsToBid) {
  constexpr int64_t kSteps = 1000;
  test::SmallField small(64, 2, 24);
  torch::manual_seed(1);
  ClusterAgents agents(AgentsConfig{32, 2}, 1, 2);
  agents.start_at(0.1);
  const double common = best_common_bid(small);
  EXPECT_LT(mean_res(agents, small.field(), small.threads), common);
  EpisodesConfig config = small_episodes();
  config.per_round = 48;
  config.replay = 20'000;
  AgentEpisodes episodes(small.field(), agents, config, 64, 1, small.threads);
  train::Stepper stepper(quick(kSteps), agents, episodes);
  for (int64_t step = 0; step < kSteps; ++step) stepper.run(step, kSteps);
  EXPECT_GT(mean_res(agents, small.field(), small.threads), common + 0.05);
}

// What a training carries from step to step is in state(): one that goes on from there takes the same steps.
TEST(AgentEpisodes, GoOnFromTheirState) {
  test::SmallField small(kCount);
  EpisodesConfig config = small_episodes();
  config.agents = 2;
  config.clusters = "random";
  config.reassign = true;
  config.reassign_every = 1;
  const auto train = [&](int64_t stop, bool goes_on) {
    torch::manual_seed(1);
    ClusterAgents agents(AgentsConfig{8, 1}, 2, 0);
    agents.start_at(0.2);
    policy::NamedTensors kept;
    for (int64_t first : {int64_t{0}, stop}) {
      if (first > 0 && !goes_on) break;
      AgentEpisodes episodes(small.blind(), agents, config, 16, 1, small.threads);
      for (const auto& [name, tensor] : kept) episodes.state().at(name).copy_(tensor);
      const int64_t end = goes_on && first == 0 ? stop : 35;
      for (int64_t step = first; step < end; ++step) {
        episodes.draw(step, 1);
        episodes.gather(at::zeros({1}, at::kLong));
      }
      kept.clear();
      for (const auto& [name, tensor] : episodes.state()) kept[name] = tensor.clone();
    }
    return kept;
  };
  const policy::NamedTensors whole = train(35, false);
  for (const int64_t stop : {7, 10, 20, 29}) {
    const policy::NamedTensors parts = train(stop, true);
    for (const auto& [name, tensor] : whole) EXPECT_TRUE(at::equal(tensor, parts.at(name))) << name << " " << stop;
  }
}

// Days go to the agent that serves them better by more than the threshold, and to no other.
TEST(AgentEpisodes, MoveDaysToWhomServesThemBest) {
  test::SmallField small(kCount);
  EpisodesConfig config = small_episodes();
  config.agents = 3;
  config.clusters = "ppc";
  config.reassign = true;
  config.reassign_every = 1;
  torch::manual_seed(3);
  ClusterAgents agents(AgentsConfig{16, 2}, 3, 0);
  agents.start_at(0.1);
  AgentEpisodes episodes(small.blind(), agents, config, 16, 1, small.threads);
  const at::Tensor first = episodes.assigned_N().clone();
  for (int64_t m = 0; m < 3; ++m) EXPECT_EQ(first.eq(m).sum().item<int64_t>(), kCount / 3);
  const at::Tensor res_NM = play_all(agents, small.blind(), small.threads).res_NM;
  episodes.draw(10, 1);  // a round that reassigns first
  for (int64_t i = 0; i < kCount; ++i) {
    const int64_t own = first[i].item<int64_t>();
    const int64_t best = res_NM[i].argmax().item<int64_t>();
    const bool moves = (res_NM[i][best] - res_NM[i][own]).item<double>() > config.threshold;
    EXPECT_EQ(episodes.assigned_N()[i].item<int64_t>(), moves ? best : own) << i;
  }
}

TEST(AgentEpisodes, BeginWithClustersAsAsked) {
  test::SmallField small(kCount);
  small.release(0);
  EpisodesConfig config = small_episodes();
  config.agents = 3;
  ClusterAgents agents(AgentsConfig{8, 1}, 3, 0);
  config.clusters = "type";
  const AgentEpisodes by_type(small.blind(), agents, config, 16, 1, small.threads);
  EXPECT_EQ(by_type.share_of_main_types(), 1.0);
  config.clusters = "campaign";
  const AgentEpisodes by_campaign(small.blind(), agents, config, 16, 1, small.threads);
  std::array<std::array<int64_t, 3>, 3> days{};  // by agent and type
  for (int64_t i = 0; i < kCount; ++i) {
    // By its beta: 0 (also where nothing binds), 1, between.
    const double beta = at(small.days.optima, i).bid.beta;
    EXPECT_EQ(by_type.assigned_N()[i].item<int64_t>(), beta == 0.0 ? 0 : beta == 1.0 ? 1 : 2) << i;
    EXPECT_EQ(by_campaign.assigned_N()[i].item<int64_t>(), i % 3);
    ++at(at(days, i % 3), beta == 0.0 ? 0 : beta == 1.0 ? 1 : 2);
  }
  int64_t of_main_type = 0;
  for (const auto& of_type : days) of_main_type += *std::max_element(of_type.begin(), of_type.end());
  EXPECT_EQ(by_campaign.share_of_main_types(), as_double(of_main_type) / as_double(kCount));
}

// With a weight of 1 each type is drawn as often as the others, however few its days are.
TEST(AgentEpisodes, MeetTypesEquallyOften) {
  test::SmallField small(kCount);
  small.release(0);
  EpisodesConfig config = small_episodes();
  config.per_round = 3000;
  config.replay = 3000 * small.samples.num_slots();
  const auto shares = [&](double type_weight) {
    config.type_weight = type_weight;
    torch::manual_seed(1);
    ClusterAgents agents(AgentsConfig{8, 1}, 1, 0);
    AgentEpisodes episodes(small.blind(), agents, config, 16, 1, small.threads);
    episodes.draw(0, 1);
    const at::Tensor day = episodes.state().at("place").select(2, 0).flatten();
    std::array<double, 3> share{};
    for (int64_t i = 0; i < kCount; ++i) {
      const double beta = at(small.days.optima, i).bid.beta;
      share.at(beta == 0.0 ? 0 : beta == 1.0 ? 1 : 2) += day.eq(i).to(at::kDouble).mean().item<double>();
    }
    return share;
  };
  constexpr double kNoise = 0.035;  // four standard errors of 3,000 days
  std::array<double, 3> of_days{};
  for (const campaigns::ClickOptimum& one : small.days.optima) {
    of_days.at(one.bid.beta == 0.0 ? 0 : one.bid.beta == 1.0 ? 1 : 2) += 1.0 / as_double(kCount);
  }
  ASSERT_GT(of_days[0], 1.0 / 3.0 + 2.0 * kNoise);
  for (size_t type = 0; type < 3; ++type) {
    EXPECT_NEAR(shares(0.0).at(type), of_days.at(type), kNoise) << type;
    EXPECT_NEAR(shares(1.0).at(type), 1.0 / 3.0, kNoise) << type;
  }
}

// A network that reads the market tells classes better than one that reads limits alone, and that better than the most
// frequent class.
TEST(ProfileLessons, TeachWhatBidsBring) {
  test::SmallField small(96);
  const KeptBids kept = try_kept_bids(small.samples, small.days, 16, 1, small.threads);
  const auto accuracy = [&](bool market) {
    torch::manual_seed(1);
    ProfileConfig config;
    config.width = 16;
    config.market = market;
    ProfileNetwork network(config);
    network.fit_days(small.days);
    ProfileLessons lessons(network, small.days, kept, LessonConfig{}, 32, 1);
    train::TrainConfig train = quick(300);
    train.learning_rate = 1e-2;
    train::Stepper stepper(train, network, lessons);
    for (int64_t step = 0; step < 300; ++step) stepper.run(step, 300);
    return profile_accuracy(network, small.days, kept);
  };
  const ProfileAccuracy with = accuracy(true);
  const ProfileAccuracy without = accuracy(false);
  EXPECT_GT(with.end, without.end + 0.03);
  EXPECT_GT(without.end, with.most_frequent);
}

// Slot by slot it says what it says of whole days, known before or not.
TEST(ProfileNetwork, SaysTheSameSlotBySlot) {
  const torch::NoGradGuard no_grad;
  test::SmallField small(kCount);
  for (const bool market : {true, false}) {
    ProfileConfig config;
    config.market = market;
    ProfileNetwork network(config);
    network.fit_days(small.days);
    const at::Tensor whole = network.profiles_NTH(small.days, at::arange(kCount, at::kLong));
    const at::Tensor limits_N2 = at::empty({kCount, 2});
    for (int64_t i = 0; i < kCount; ++i) {
      limits_N2[i][0] = at(small.days.limits, i).budget;
      limits_N2[i][1] = at(small.days.limits, i).ppc;
    }
    at::Tensor said = at::zeros({kCount, config.width});
    for (int64_t slot = 0; slot < 6; ++slot) {
      said = network.next_NH(small.days.before_NTP.select(1, slot), limits_N2, small.days.known_N.unsqueeze(1), said);
    }
    for (int64_t slot = 0; slot <= 6; ++slot) {
      EXPECT_LT((said - whole.select(1, slot)).abs().max().item<double>(), 1e-6) << slot;
      if (slot == 6) break;
      said = network.next_NH(small.days.slots_NTP.select(1, slot), limits_N2, at::ones({kCount, 1}), said);
    }
  }
}

TEST(ProfileNetwork, KnowsOnlyWhatHasBeen) {
  test::SmallField small(kCount);
  ProfileNetwork network(ProfileConfig{});
  network.fit_days(small.days);
  const at::Tensor rows = at::arange(kCount, at::kLong);
  const torch::NoGradGuard no_grad;
  const at::Tensor before = network.profiles_NTH(small.days, rows);
  PreparedDays changed = small.days;
  changed.slots_NTP = small.days.slots_NTP.clone();
  changed.slots_NTP.slice(1, 3).mul_(2.0);
  const at::Tensor after = network.profiles_NTH(changed, rows);
  EXPECT_EQ(before.size(1), small.samples.num_slots() + 1);
  EXPECT_TRUE(at::equal(before.slice(1, 0, 4), after.slice(1, 0, 4)));
  EXPECT_FALSE(at::allclose(before.select(1, 4), after.select(1, 4)));
}

}  // namespace
}  // namespace genbid::perbid
