#include "perbid/agent_training.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/convert.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text_table.h"
#include "campaigns/episode.h"

namespace genbid::perbid {
namespace {

// Days by the optimal beta: 0, 1, between. That of days that nothing binds is 0 too.
int64_t type_of_beta(campaigns::CampaignType type) {
  return type == campaigns::CampaignType::kUnbound ? 0 : static_cast<int64_t>(type);
}

}  // namespace

void EpisodesConfig::fields(ConfigVisitor& v) {
  v.field("agents", agents, {1, 1024});
  v.field("clusters", clusters, {"one", "type", "ppc", "random", "campaign"});
  v.field("reassign", reassign);
  v.field("threshold", threshold, {0.0, 1.0});
  v.field("reassign_every", reassign_every, {1, 1'000'000});
  v.field("per_round", per_round, {1, 1 << 20});
  v.field("steps_a_round", steps_a_round, {1, 1 << 20});
  v.field("replay", replay, {1, 100'000'000});
  v.field("noise", noise, {0.0, 10.0});
  v.field("random_start", random_start, {0.0, 1.0});
  v.field("relabel", relabel, {0.0, 5.0});
  v.field("type_weight", type_weight, {0.0, 1.0});
}

AgentEpisodes::AgentEpisodes(const Field& field, ClusterAgents& agents, const EpisodesConfig& config,
                             int64_t batch_size, int64_t seed, Threads& threads)
    : field_(field), agents_(agents), config_(config), batch_size_(batch_size), seed_(seed), threads_(threads) {
  const int64_t count = agents.num_agents();
  const int64_t of_a_round = days_each() * field.samples.num_slots();
  if (config.replay < of_a_round) {
    throw Error("episodes.replay: found " + std::to_string(config.replay) + ", expected at least the " +
                std::to_string(of_a_round) + " slots that an agent plays in a round of episodes.per_round");
  }
  // Actors that learn from whole days find each whole in the memory.
  if (agents.days_a_step() > 0) config_.replay -= config_.replay % of_a_round;
  const int64_t replay = config_.replay;
  status_MCS_ = at::zeros({count, replay, campaigns::kStatusSize});
  moves_MC2_ = at::zeros({count, replay, 2});
  gain_MC_ = at::zeros({count, replay});
  shift_MC2_ = at::zeros({count, replay, 2});
  place_MC2_ = at::zeros({count, replay, 2}, at::kLong);
  filled_1_ = at::zeros({1}, at::kLong);
  assigned_N_ = at::zeros({field.days.count()}, at::kLong);
  assign_first();
}

void AgentEpisodes::assign_first() {
  const int64_t count = field_.days.count();
  const int64_t agents = agents_.num_agents();
  auto* const assigned = assigned_N_.data_ptr<int64_t>();
  std::vector<int64_t> order(to_size(count));
  std::iota(order.begin(), order.end(), 0);
  const auto& all = field_.samples.all();
  if (config_.clusters == "ppc") {
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return at(field_.days.limits, a).ppc < at(field_.days.limits, b).ppc;
    });
    for (int64_t i = 0; i < count; ++i) assigned[at(order, i)] = i * agents / count;
  }
  const at::Tensor drawn = at::randint(agents, {count}, drawn_by(seed_, "perbid.clusters", 0), at::kLong);
  for (int64_t i = 0; i < count; ++i) {
    if (config_.clusters == "type") {
      assigned[i] = type_of(i) % agents;
    } else if (config_.clusters == "random") {
      assigned[i] = drawn[i].item<int64_t>();
    } else if (config_.clusters == "campaign") {
      assigned[i] = at(all, at(field_.days.places, i).sample).campaign % agents;
    }
  }
}

int64_t AgentEpisodes::days_each() const { return std::max<int64_t>(1, config_.per_round / agents_.num_agents()); }

std::vector<int64_t> AgentEpisodes::rows_of(int64_t agent) const {
  std::vector<int64_t> rows;
  const auto* const assigned = assigned_N_.data_ptr<int64_t>();
  for (int64_t i = 0; i < assigned_N_.size(0); ++i) {
    if (assigned[i] == agent) rows.push_back(i);
  }
  return rows;
}

void AgentEpisodes::reassign(int64_t round) {
  // A stop does not cut this short, since the checkpoint that is then saved would lack the new assignment.
  const at::Tensor res_NM = play_all(agents_, field_, threads_).res_NM;
  const auto best = res_NM.max(1);
  const at::Tensor own = res_NM.gather(1, assigned_N_.unsqueeze(1)).squeeze(1);
  const at::Tensor moves = (std::get<0>(best) - own).gt(config_.threshold);
  assigned_N_.copy_(at::where(moves, std::get<1>(best), assigned_N_));
  char text[200];
  std::snprintf(text, sizeof text,
                "round %lld: Res %.4f with own agents, %.4f with the best; %lld days moved; days of each agent ",
                static_cast<long long>(round), own.mean().item<double>(), std::get<0>(best).mean().item<double>(),
                static_cast<long long>(moves.sum().item<int64_t>()));
  log_info(text + clusters_text());
}

std::string AgentEpisodes::clusters_text() const {
  std::string sizes;
  for (int64_t m = 0; m < agents_.num_agents() && m < 8; ++m)
    sizes += (m > 0 ? ", " : "") + std::to_string(rows_of(m).size());
  return sizes + "; " + number_text("%.1f %%", 100.0 * share_of_main_types()) +
         " of days are of the main type of their agent's";
}

double AgentEpisodes::share_of_main_types() const {
  int64_t count = 0;
  for (int64_t m = 0; m < agents_.num_agents(); ++m) {
    const auto of_type = types_of(rows_of(m));
    count += *std::max_element(of_type.begin(), of_type.end());
  }
  return as_double(count) / as_double(field_.days.count());
}

auto AgentEpisodes::types_of(const std::vector<int64_t>& rows) const -> std::array<int64_t, kTypes> {
  std::array<int64_t, kTypes> of_type{};
  for (const int64_t row : rows) ++at(of_type, type_of(row));
  return of_type;
}

int64_t AgentEpisodes::type_of(int64_t row) const { return type_of_beta(at(field_.days.optima, row).type); }

std::vector<double> AgentEpisodes::weights_of(const std::vector<int64_t>& rows) const {
  const std::array<int64_t, kTypes> of_type = types_of(rows);
  std::vector<double> weights;
  for (const int64_t row : rows)
    weights.push_back(std::pow(as_double(at(of_type, type_of(row))), -config_.type_weight));
  return weights;
}

at::Tensor AgentEpisodes::drawn_rows_MB(const at::Generator& drawn) const {
  const int64_t each = days_each();
  const at::Tensor rows_MB = at::empty({agents_.num_agents(), each}, at::kLong);
  for (int64_t m = 0; m < agents_.num_agents(); ++m) {
    std::vector<int64_t> rows = rows_of(m);
    if (rows.empty()) {  // nobody's agent learns from all, until somebody is better served by it
      rows.resize(to_size(field_.days.count()));
      std::iota(rows.begin(), rows.end(), 0);
    }
    const at::Tensor chosen = at::multinomial(at::tensor(weights_of(rows), at::kDouble), each, true, drawn);
    for (int64_t i = 0; i < each; ++i) rows_MB[m][i] = at(rows, chosen[i].item<int64_t>());
  }
  return rows_MB;
}

void AgentEpisodes::play_round(int64_t round) {
  const int64_t agents = agents_.num_agents();
  const int64_t each = days_each();
  const Exploration exploration{config_.noise, config_.random_start, config_.relabel,
                                drawn_by(seed_, "perbid.explore", round)};
  const at::Tensor rows_MB = drawn_rows_MB(exploration.generator);
  const Played played = play_days(agents_, field_, rows_MB, threads_, &exploration);
  const int64_t slots = field_.samples.num_slots();
  const int64_t count = slots * each;
  const int64_t filled = filled_1_.item<int64_t>();
  const at::Tensor places = (at::arange(count, at::kLong) + filled).remainder(config_.replay);
  const auto flat = [&](const at::Tensor& x_TMBX) { return x_TMBX.transpose(0, 1).flatten(1, 2); };
  status_MCS_.index_copy_(1, places, flat(played.met->status_TMBS));
  moves_MC2_.index_copy_(1, places, flat(played.met->moves_TMB2));
  gain_MC_.index_copy_(1, places, flat(played.met->gain_TMB.unsqueeze(3)).squeeze(2));
  shift_MC2_.index_copy_(1, places, flat(played.met->shift_MB2.expand({slots, agents, each, 2})));
  const at::Tensor slot_TMB = at::arange(slots, at::kLong).view({-1, 1, 1}).expand({slots, agents, each});
  place_MC2_.index_copy_(1, places, flat(at::stack({rows_MB.expand({slots, agents, each}), slot_TMB}, 3)));
  filled_1_.add_(count);
}

int64_t AgentEpisodes::draw(int64_t first, int64_t most) {
  const int64_t round = first / config_.steps_a_round;
  if (!start_N_.defined()) start_N_ = agents_.start_N(field_.days);  // not before a checkpoint's weights are there
  if (config_.reassign && first == 0) log_info("round 0: days of each agent " + clusters_text());
  if (first % config_.steps_a_round == 0) {
    if (config_.reassign && round > 0 && round % config_.reassign_every == 0) reassign(round);
    play_round(round);
  }
  const int64_t steps = std::min(most, (round + 1) * config_.steps_a_round - first);
  const int64_t known = std::min(filled_1_.item<int64_t>(), config_.replay);
  std::vector<at::Tensor> drawn;
  std::vector<at::Tensor> days;
  for (int64_t step = first; step < first + steps; ++step) {
    drawn.push_back(
        at::randint(known, {agents_.num_agents(), batch_size_}, drawn_by(seed_, "perbid.replay", step), at::kLong));
    if (agents_.days_a_step() == 0) continue;
    days.push_back(at::randint(known / field_.samples.num_slots(), {agents_.num_agents(), agents_.days_a_step()},
                               drawn_by(seed_, "perbid.replay_days", step), at::kLong));
  }
  drawn_KMB_ = at::stack(drawn);
  if (!days.empty()) days_KMD_ = at::stack(days);
  return steps;
}

at::Tensor AgentEpisodes::places_of_days_MB(const at::Tensor& days_MD) const {
  const int64_t slots = field_.samples.num_slots();
  const int64_t each = days_each();  // a round's slots lie by time, and then by day
  const at::Tensor day_MD1 = days_MD.unsqueeze(2);
  const at::Tensor round_MD1 = day_MD1.div(each, "floor");
  return (round_MD1 * (slots * each) + day_MD1.remainder(each) + at::arange(slots, at::kLong) * each).flatten(1);
}

void AgentEpisodes::gather(const at::Tensor& place_1) {
  critics_ = remembered(drawn_KMB_.index_select(0, place_1).squeeze(0));
  actors_ = critics_;
  if (agents_.days_a_step() == 0) return;
  actors_ = remembered(places_of_days_MB(days_KMD_.index_select(0, place_1).squeeze(0)));
  actors_.states.slots = field_.samples.num_slots();
}

AgentEpisodes::Remembered AgentEpisodes::remembered(const at::Tensor& places_MB) const {
  Remembered found;
  AgentStates& states = found.states;
  const auto of = [&](const at::Tensor& x_MCX) {
    return x_MCX.gather(1, places_MB.unsqueeze(2).expand({-1, -1, x_MCX.size(2)}));
  };
  states.status_MBS = of(status_MCS_);
  found.moves_MB2 = of(moves_MC2_);
  found.gain_MB = gain_MC_.gather(1, places_MB);
  const at::Tensor place_MB2 = of(place_MC2_);
  states.start_MB = start_N_.index_select(0, place_MB2.select(2, 0).flatten()).view_as(places_MB);
  if (!field_.profiles_NTH.defined()) return found;
  const at::Tensor flat = (place_MB2.select(2, 0) * field_.profiles_NTH.size(1) + place_MB2.select(2, 1)).flatten();
  states.profile_MBH =
      field_.profiles_NTH.flatten(0, 1).index_select(0, flat).view({places_MB.size(0), places_MB.size(1), -1});
  if (config_.relabel > 0.0) states.profile_MBH = states.profile_MBH + of(shift_MC2_);
  return found;
}

std::vector<policy::LossPart> AgentEpisodes::losses(const policy::Step& step, policy::Policy& /*policy*/, size_t group,
                                                    size_t /*part*/) {
  if (group == 0) return {{"critic", agents_.critic_loss(critics_.states, critics_.moves_MB2, critics_.gain_MB)}};
  return agents_.actor_losses(actors_.states, actors_.moves_MB2, actors_.gain_MB, step.noise);
}

policy::NamedTensors AgentEpisodes::state() const {
  return {{"assigned", assigned_N_}, {"status", status_MCS_}, {"moves", moves_MC2_}, {"gain", gain_MC_},
          {"shift", shift_MC2_},     {"place", place_MC2_},   {"filled", filled_1_}};
}

}  // namespace genbid::perbid
