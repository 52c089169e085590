#include <ATen/Parallel.h>
#include <torch/utils.h>

#include <chrono>
#include <cmath>

#include "base/convert.h"
#include "base/error.h"
#include "bench/bench.h"
#include "perbid/agent_training.h"
#include "perbid/prepared_days.h"
#include "train/stepper.h"

namespace genbid::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr int64_t kAgents = 3;
constexpr int64_t kBatch = 128;
constexpr int64_t kSteps = 100;  // of a round

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// A step of three agents that read profiles of 32 numbers, as configs/campaigns/perbid*.yaml train them; and how long
// the round of 96 episodes takes that is played before every hundredth.
void train_step(const std::string& actor) {
  at::set_num_threads(1);
  torch::manual_seed(1);
  Threads threads(1);
  const campaigns::MadeSamples samples(campaigns::CampaignLaws(), {48, 0, 0, 1}, threads);
  const perbid::PreparedDays days = perbid::prepare_days(samples, perbid::places_of(samples, 0, 48), threads);
  const perbid::Field field{samples, days, at::randn({days.count(), samples.num_slots(), 32})};
  perbid::AgentsConfig config;
  config.actor = actor;
  perbid::ClusterAgents agents(config, kAgents, 32);
  agents.start_at(perbid::middle_alpha(days));
  perbid::EpisodesConfig episodes;
  episodes.agents = kAgents;
  episodes.clusters = "type";
  perbid::AgentEpisodes objective(field, agents, episodes, kBatch, 1, threads);
  train::TrainConfig train;
  train.learning_rate = 1e-3;
  train::Stepper stepper(train, agents, objective);
  const auto begin = Clock::now();
  stepper.run(0, kSteps);
  const double with_round = seconds_since(begin);
  int64_t step = 1;
  const at::Tensor before = agents.parameters().front().clone();
  const auto one = [&] {
    if (step == kSteps) step = 1;  // the same round's once more
    stepper.run(step, kSteps);
    ++step;
  };
  const double seconds = median_seconds(one, 20);
  if (stepper.first_bad_step() >= 0 || agents.parameters().front().equal(before)) {
    throw Error("campaigns.train_step." + actor + ": found a step that is not finite or changes nothing");
  }
  print_figure("campaigns.train_step." + actor, 1e3 * seconds, "ms",
               {{"agents", kAgents},
                {"batch", kBatch},
                {"threads", 1},
                {"round_of_96_episodes_ms", 1e3 * (with_round - seconds)}});
}

}  // namespace

std::vector<Benchmark> agent_benchmarks() {
  std::vector<Benchmark> benchmarks;
  for (const char* const actor : {"perceptron", "transformer", "diffusion"}) {
    benchmarks.push_back({std::string("campaigns.train_step.") + actor, [actor](int) { train_step(actor); }});
  }
  return benchmarks;
}

}  // namespace genbid::bench
