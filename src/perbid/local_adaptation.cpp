#include "perbid/local_adaptation.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/convert.h"
#include "base/error.h"
#include "perbid/agent_training.h"
#include "train/optimizer.h"

namespace genbid::perbid {
namespace {

constexpr int64_t kBatch = 64;           // slots of each campaign in a step
constexpr int64_t kMostRemembered = 50;  // episodes of each
// Gradients of all copies are of one tensor, and clipping them together would tie the copies to each other.
constexpr double kNoClipping = 1e30;

// The judged days whose agent did badly on the day before, and where that is.
struct BadlyServed {
  std::vector<int64_t> rows;
  std::vector<int64_t> before;

  BadlyServed(const MatchingDays& days, const at::Tensor& res_DM, const at::Tensor& agent_N, double below) {
    const auto* const agent = agent_N.const_data_ptr<int64_t>();
    for (int64_t d = 0; d < days.days.count(); ++d) {
      const int64_t row = at(days.judged, d);
      if (at(days.weight, d) < 1.0) continue;  // earlier ones count less
      if (res_DM[d][agent[row]].item<double>() >= below) continue;
      rows.push_back(row);
      before.push_back(d);
    }
  }
};

void learn(ClusterAgents& copies, AgentEpisodes& episodes, const AdaptationConfig& config) {
  train::AdamWOptions options;
  options.weight_decay = 0.0;
  options.clip_norm = kNoClipping;
  std::vector<train::AdamW> optimizers;
  for (const policy::NamedTensors& group : policy::grouped_parameters(copies)) {
    optimizers.emplace_back(group, options).set_rate(config.learning_rate);
  }
  const at::Tensor place_1 = at::zeros({1}, at::kLong);
  for (int64_t step = 0; step < config.episodes * config.steps; ++step) {
    episodes.draw(step, 1);
    episodes.gather(place_1);
    for (size_t group = 0; group < optimizers.size(); ++group) {
      at::Generator noise = drawn_by(config.seed, "perbid.adapt", step);
      at::Tensor loss = at::zeros({});
      for (const policy::LossPart& part : episodes.losses({step, noise}, copies, group, 0)) loss = loss + part.value;
      if (!std::isfinite(loss.item<double>())) {
        throw Error("adapt: found a loss that is not finite at step " + std::to_string(step) +
                    ", expected a lower learning_rate or fewer episodes");
      }
      optimizers[group].backward(loss);
      optimizers[group].step();
    }
  }
}

}  // namespace

void AdaptationConfig::fields(ConfigVisitor& v) {
  v.field("episodes", episodes, {0, 10'000});
  v.field("below", below, {-1000.0, 1.0});
  v.field("steps", steps, {1, 100'000});
  v.field("learning_rate", learning_rate, {0.0, 1.0});
  v.field("noise", noise, {0.0, 10.0});
  v.field("seed", seed, {0, std::numeric_limits<int64_t>::max()});
}

AdaptedDays adapt_and_play(const ClusterAgents& agents, const Field& judged, const MatchingDays& before,
                           const at::Tensor& res_DM, const at::Tensor& agent_N, const AdaptationConfig& config,
                           Threads& threads) {
  const BadlyServed bad(before, res_DM, agent_N, config.below);
  AdaptedDays adapted;
  if (bad.rows.empty() || config.episodes == 0) return adapted;
  const auto copies = agents.copies_of(agent_N.index_select(0, at::tensor(bad.rows)));
  const int64_t count = std::ssize(bad.rows);

  EpisodesConfig lessons;
  lessons.agents = count;
  lessons.per_round = count;  // one of each
  lessons.steps_a_round = config.steps;
  lessons.replay = std::min(config.episodes, kMostRemembered) * judged.samples.num_slots();
  lessons.noise = config.noise;
  lessons.random_start = 0.0;
  AgentEpisodes episodes({judged.samples, before.days, before.profiles_NTH}, *copies, lessons, kBatch, config.seed,
                         threads);
  const at::Tensor assigned_D = at::full({before.days.count()}, -1, at::kLong);
  for (int64_t k = 0; k < count; ++k) assigned_D[at(bad.before, k)] = k;
  episodes.assign(assigned_D);
  learn(*copies, episodes, config);

  adapted.rows = bad.rows;
  adapted.sums = play_days(*copies, judged, at::tensor(bad.rows).unsqueeze(1), threads).sums;
  return adapted;
}

}  // namespace genbid::perbid
