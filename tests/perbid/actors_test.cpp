#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "campaigns/episode.h"
#include "perbid/agent_training.h"
#include "perbid/small_field.h"
#include "train/optimizer.h"

namespace genbid::perbid {
namespace {

constexpr int64_t kCount = 12;
constexpr int64_t kSlots = 6;

AgentsConfig small(const std::string& actor) {
  AgentsConfig config;
  config.width = 16;
  config.depth = 1;
  config.actor = actor;
  config.transformer = {.layers = 2, .heads = 2, .context = 3, .days = 4, .losses = {}};
  config.diffusion.levels = 3;
  return config;
}

std::shared_ptr<ClusterAgents> agents_of(const AgentsConfig& config, int64_t count, int64_t profile = 0) {
  torch::manual_seed(1);
  auto agents = std::make_shared<ClusterAgents>(config, count, profile);
  agents->start_at(0.2);
  const torch::NoGradGuard no_grad;  // weights of all sizes, so that what is said depends on all that is read
  for (const at::Tensor& parameter : agents->parameters()) parameter.add_(at::randn_like(parameter) * 0.2);
  return agents;
}

at::Tensor drawn_status(int64_t agents, int64_t count) {
  return at::rand({agents, count, campaigns::kStatusSize}, at::detail::createCPUGenerator(5));
}

// As many statuses, of days of which every slot is the next of M B days.
AgentStates whole_days(const at::Tensor& status_MBS, int64_t slots) {
  AgentStates states{status_MBS, {}, at::full(status_MBS.sizes().slice(0, 2), 0.2)};
  states.slots = slots;
  return states;
}

// A transformer moves in play as in training: slot by slot with its memory, and whole days at once.
TEST(TransformerActor, MovesSlotBySlotAsOnWholeDays) {
  const torch::NoGradGuard no_grad;
  for (const int64_t context : {1, 2, 3, 20}) {
    AgentsConfig config = small("transformer");
    config.transformer.context = context;
    const auto agents = agents_of(config, 2);
    const at::Tensor status_MBTS = drawn_status(2, 3 * kSlots).view({2, 3, kSlots, -1});
    const at::Tensor whole = agents->moves_MB2(whole_days(status_MBTS.flatten(1, 2), kSlots)).view({2, 3, kSlots, 2});
    std::vector<at::Tensor> memory = agents->first_memory(2 * 3);
    for (int64_t slot = 0; slot < kSlots; ++slot) {
      AgentStates states{status_MBTS.select(2, slot).contiguous(), {}, at::full({2, 3}, 0.2)};
      states.memory = &memory;
      // Sums of two orders.
      EXPECT_LT((agents->moves_MB2(states) - whole.select(2, slot)).abs().max().item<double>(), 1e-6) << slot;
    }
  }
}

// A memory whose length is no multiple of a round's slots keeps whole rounds, day by day, also once it is full.
TEST(TransformerActor, FindsWholeDaysInTheMemory) {
  test::SmallField field(kCount);
  const auto agents = agents_of(small("transformer"), 2);
  EpisodesConfig config;
  config.agents = 2;
  config.clusters = "random";
  config.per_round = 4;  // two days of each
  config.steps_a_round = 1;
  config.replay = 3 * 2 * kSlots + 5;
  AgentEpisodes episodes(field.blind(), *agents, config, 8, 1, field.threads);
  for (int64_t step = 0; step < 5; ++step) {
    episodes.draw(step, 1);
    episodes.gather(at::zeros({1}, at::kLong));
  }
  const at::Tensor place_MC2 = episodes.state().at("place");
  ASSERT_EQ(place_MC2.size(1), 3 * 2 * kSlots);
  for (int64_t place = 0; place < place_MC2.size(1); ++place) {
    const int64_t in_round = place % (2 * kSlots);
    for (int64_t agent = 0; agent < 2; ++agent) {
      EXPECT_EQ(place_MC2[agent][place][1].item<int64_t>(), in_round / 2) << place;
      const int64_t first = place - in_round + in_round % 2;  // the day's first slot
      EXPECT_EQ(place_MC2[agent][place][0].item<int64_t>(), place_MC2[agent][first][0].item<int64_t>()) << place;
    }
  }
}

// Two layers that see three slots each see five: the first of six slots is out of sight of the last, and later ones are
// out of sight of all before them.
TEST(TransformerActor, SeesAsFarAsItsContext) {
  const torch::NoGradGuard no_grad;
  const auto agents = agents_of(small("transformer"), 1);
  const at::Tensor status = drawn_status(1, kSlots);
  const at::Tensor moves = agents->moves_MB2(whole_days(status, kSlots));
  for (int64_t changed = 0; changed < kSlots; ++changed) {
    at::Tensor other = status.clone();
    other.select(1, changed).mul_(0.5);
    const at::Tensor is_other = agents->moves_MB2(whole_days(other, kSlots)).ne(moves).any(2).squeeze(0);
    for (int64_t slot = 0; slot < kSlots; ++slot) {
      EXPECT_EQ(is_other[slot].item<bool>(), slot >= changed && slot <= changed + 4) << changed << " " << slot;
    }
  }
}

// Days that are played beside each other do not see each other.
TEST(TransformerActor, KeepsDaysApart) {
  const torch::NoGradGuard no_grad;
  const auto agents = agents_of(small("transformer"), 1);
  const at::Tensor status = drawn_status(1, 2 * kSlots);
  const at::Tensor both = agents->moves_MB2(whole_days(status, kSlots));
  at::Tensor other = status.clone();
  other.slice(1, 0, kSlots).mul_(0.5);
  const at::Tensor moves = agents->moves_MB2(whole_days(other, kSlots));
  EXPECT_TRUE(at::equal(both.slice(1, kSlots), moves.slice(1, kSlots)));
  EXPECT_FALSE(at::allclose(both.slice(1, 0, kSlots), moves.slice(1, 0, kSlots)));
}

class GenerativeActors : public testing::TestWithParam<std::string> {};

// An agent's copies say what it says, whatever their number and order.
TEST_P(GenerativeActors, AreCopied) {
  const torch::NoGradGuard no_grad;
  const auto agents = agents_of(small(GetParam()), 3);
  const auto copies = agents->copies_of(at::tensor({2, 0}, at::kLong));
  AgentStates states = whole_days(drawn_status(1, kSlots).expand({3, -1, -1}), kSlots);
  if (agents->draws_a_move() > 0) states.noise_MBZ = at::randn({1, kSlots, agents->draws_a_move()}).expand({3, -1, -1});
  const at::Tensor of_agents = agents->moves_MB2(states);
  EXPECT_FALSE(at::allclose(of_agents[0], of_agents[2]));
  states = {states.status_MBS.slice(0, 0, 2),
            {},
            states.start_MB.slice(0, 0, 2),
            states.noise_MBZ.defined() ? states.noise_MBZ.slice(0, 0, 2) : at::Tensor(),
            kSlots};
  const at::Tensor of_copies = copies->moves_MB2(states);
  EXPECT_TRUE(at::allclose(of_copies, at::stack({of_agents[2], of_agents[0]}), 0.0, 1e-6));
}

// What a day comes to depends neither on the days beside it nor on the number of threads, drawn moves included.
TEST_P(GenerativeActors, PlayEachDayByItself) {
  test::SmallField field(kCount);
  const auto agents = agents_of(small(GetParam()), 2, 2);
  const at::Tensor all = at::arange(kCount, at::kLong).expand({2, kCount}).contiguous();
  const Played together = play_days(*agents, field.field(), all, field.threads);
  Threads one(1);
  for (const int64_t day : {int64_t{0}, int64_t{7}}) {
    const Played alone = play_days(*agents, field.field(), at::full({2, 1}, day, at::kLong), one);
    EXPECT_LT((alone.res_MB.select(1, 0) - together.res_MB.select(1, day)).abs().max().item<double>(), 1e-5);
  }
  const Played again = play_days(*agents, field.field(), all, one);
  EXPECT_TRUE(at::equal(again.res_MB, together.res_MB));
}

// By imitation alone: of two kinds of moves, each made as often as the other in any state, the one that brought what is
// asked for is made again.
TEST_P(GenerativeActors, MakeTheMovesThatBroughtWhatIsAsked) {
  AgentsConfig config = small(GetParam());
  config.width = 32;
  config.depth = 2;
  config.transformer.losses.value = config.diffusion.losses.value = 0.0;
  torch::manual_seed(1);
  ClusterAgents agents(config, 1, 0);
  agents.start_at(0.2);
  const at::Tensor status = drawn_status(1, 8 * kSlots);
  AgentStates states = whole_days(status, kSlots);
  train::AdamWOptions options;
  std::vector<train::AdamW> optimizers;
  for (const auto& group : policy::grouped_parameters(agents)) optimizers.emplace_back(group, options).set_rate(3e-3);
  const at::Generator drawn = at::detail::createCPUGenerator(1);
  for (int64_t step = 0; step < 300; ++step) {
    const at::Tensor is_good = at::rand({1, 8 * kSlots}, drawn).lt(0.5);  // a state tells nothing of it
    const at::Tensor moves_MB2 =
        at::where(is_good.unsqueeze(2), at::tensor({0.15F, 0.1F}), at::tensor({-0.15F, -0.1F}));
    const at::Tensor gain_MB = at::where(is_good, 1.0F, 0.0F);
    const auto losses = agents.actor_losses(states, moves_MB2, gain_MB, drawn);
    ASSERT_EQ(losses.back().name, "imitation");
    optimizers[1].backward(losses.front().value + losses.back().value);
    optimizers[1].step();
  }
  const torch::NoGradGuard no_grad;
  if (agents.draws_a_move() > 0) states.noise_MBZ = at::randn({1, 8 * kSlots, agents.draws_a_move()}, drawn);
  const at::Tensor mean_2 = agents.moves_MB2(states).flatten(0, 1).mean(0);
  EXPECT_GT(mean_2[0].item<double>(), 0.1);
  EXPECT_GT(mean_2[1].item<double>(), 0.06);
}

INSTANTIATE_TEST_SUITE_P(Kinds, GenerativeActors, testing::Values("transformer", "diffusion"),
                         [](const auto& one) { return one.param; });

// The chain of levels ends with the clean move that the network says, and draws: other noise, other moves.
TEST(DiffusionActor, OfOneLevelIsOneStep) {
  const torch::NoGradGuard no_grad;
  AgentsConfig config = small("diffusion");
  config.diffusion.levels = 1;
  const auto agents = agents_of(config, 1);
  AgentStates states = whole_days(drawn_status(1, kSlots), 1);
  ASSERT_EQ(agents->draws_a_move(), 2);
  states.noise_MBZ = at::randn({1, kSlots, 2});
  EXPECT_TRUE(agents->moves_MB2(states).isfinite().all().item<bool>());
}

TEST(DiffusionActor, Draws) {
  const torch::NoGradGuard no_grad;
  const auto agents = agents_of(small("diffusion"), 1);
  AgentStates states = whole_days(drawn_status(1, kSlots), 1);
  ASSERT_EQ(agents->draws_a_move(), 6);
  states.noise_MBZ = at::randn({1, kSlots, 6});
  const at::Tensor moves = agents->moves_MB2(states);
  EXPECT_LE(moves.abs().max().item<double>(), 0.3);
  for (int64_t z = 0; z < 6; ++z) {
    const at::Tensor kept = states.noise_MBZ;
    states.noise_MBZ = kept.clone();
    states.noise_MBZ.select(2, z).add_(1.0);
    EXPECT_FALSE(at::equal(agents->moves_MB2(states), moves)) << z;
    states.noise_MBZ = kept;
  }
}

}  // namespace
}  // namespace genbid::perbid
