#include "perbid/drlb_training.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"
#include "campaigns/episode.h"

namespace genbid::perbid {
DrlbEpisodes::DrlbEpisodes(const Field& field, Drlb& agent, const DrlbConfig& config, int64_t batch_size, int64_t seed,
                           Threads& threads)
    : field_(field), agent_(agent), config_(config), batch_size_(batch_size), seed_(seed), threads_(threads) {
  const int64_t slots = field.samples.num_slots();
  if (config.replay < config.per_round * slots) {
    throw Error("drlb.replay: found " + std::to_string(config.replay) + ", expected at least the " +
                std::to_string(config.per_round * slots) + " slots that are played in a round");
  }
  best_NK_ = at::full({field.days.count(), kCells}, kWorstGain);
  status_CS_ = at::zeros({config.replay, campaigns::kStatusSize});
  next_CS_ = at::zeros({config.replay, campaigns::kStatusSize});
  choice_C_ = at::zeros({config.replay}, at::kLong);
  place_C2_ = at::zeros({config.replay, 2}, at::kLong);
  filled_1_ = at::zeros({1}, at::kLong);
}

at::Tensor DrlbEpisodes::cells_B(const at::Tensor& status_BS, const at::Tensor& start_B, const at::Tensor& choice_B) {
  const at::Tensor gone_B = 1.0 - status_BS.select(1, 0);  // 0 before the first slot
  constexpr double kRounding = 1e-3;                       // a slot that begins with a time belongs to it
  const at::Tensor time_B = (gone_B * as_double(kTimes) + kRounding).to(at::kLong).clamp(0, kTimes - 1);
  const at::Tensor octave_B = (status_BS.select(1, 5) / start_B).log2() + as_double(kOctaves / 2);
  return (time_B * kOctaves + octave_B.floor().to(at::kLong).clamp(0, kOctaves - 1)) * Drlb::kNumChoices + choice_B;
}

double DrlbEpisodes::epsilon(int64_t round) const {
  const double done = std::min(1.0, as_double(round) / as_double(config_.epsilon_rounds));
  return config_.epsilon + (config_.least_epsilon - config_.epsilon) * done;
}

void DrlbEpisodes::play_round(int64_t round) {
  // What an episode of another beta comes to says nothing of this one, which the agent cannot leave.
  const Exploration exploration{epsilon(round), config_.random_start, 0.0, drawn_by(seed_, "perbid.drlb", round),
                                /*draws_beta=*/false};
  const at::Tensor rows_MB = at::randint(field_.days.count(), {1, config_.per_round}, exploration.generator, at::kLong);
  const Played played = play_days(agent_, field_, rows_MB, threads_, &exploration);
  const Met& met = *played.met;
  const int64_t slots = field_.samples.num_slots();
  const at::Tensor choice_TB = Drlb::choices_MB(met.moves_TMB2.squeeze(1));
  const at::Tensor return_B = played.res_MB.squeeze(0).to(at::kFloat).clamp_min(kWorstGain);

  const at::Tensor row_TB = rows_MB.expand({slots, -1});
  const at::Tensor slot_TB = at::arange(slots, at::kLong).unsqueeze(1).expand_as(row_TB);
  const at::Tensor status_TBS = met.status_TMBS.squeeze(1);
  const at::Tensor start_TB = start_N_.index_select(0, rows_MB.squeeze(0)).expand_as(row_TB);
  const at::Tensor cell_P =
      cells_B(status_TBS.flatten(0, 1), start_TB.flatten(), choice_TB.flatten()) + row_TB.flatten() * kCells;
  best_NK_.view(-1).scatter_reduce_(0, cell_P, return_B.expand_as(row_TB).flatten(), "amax");

  const int64_t count = slots * config_.per_round;
  const int64_t filled = filled_1_.item<int64_t>();
  const at::Tensor places = (at::arange(count, at::kLong) + filled).remainder(config_.replay);
  const at::Tensor next_TBS = at::cat({status_TBS.slice(0, 1), at::zeros_like(status_TBS.slice(0, 0, 1))});
  status_CS_.index_copy_(0, places, status_TBS.flatten(0, 1));
  next_CS_.index_copy_(0, places, next_TBS.flatten(0, 1));
  choice_C_.index_copy_(0, places, choice_TB.flatten());
  place_C2_.index_copy_(0, places, at::stack({row_TB, slot_TB}, 2).flatten(0, 1));
  filled_1_.add_(count);
}

int64_t DrlbEpisodes::draw(int64_t first, int64_t most) {
  if (!start_N_.defined()) start_N_ = agent_.start_N(field_.days);  // not before a checkpoint's weights are there
  const int64_t round = first / config_.steps_a_round;
  if (first % config_.steps_a_round == 0) play_round(round);
  const int64_t steps = std::min(most, (round + 1) * config_.steps_a_round - first);
  const int64_t known = std::min(filled_1_.item<int64_t>(), config_.replay);
  std::vector<at::Tensor> drawn;
  for (int64_t step = first; step < first + steps; ++step) {
    drawn.push_back(at::randint(known, {batch_size_}, drawn_by(seed_, "perbid.replay", step), at::kLong));
  }
  drawn_KB_ = at::stack(drawn);
  return steps;
}

void DrlbEpisodes::gather(const at::Tensor& place_1) {
  const at::Tensor drawn_B = drawn_KB_.index_select(0, place_1).squeeze(0);
  const auto of = [&](const at::Tensor& x_CX) { return x_CX.index_select(0, drawn_B).unsqueeze(0); };
  const at::Tensor place_B2 = place_C2_.index_select(0, drawn_B);
  const at::Tensor row_B = place_B2.select(1, 0);
  const at::Tensor slot_B = place_B2.select(1, 1);
  const int64_t slots = field_.samples.num_slots();
  states_ = {of(status_CS_), {}, start_N_.index_select(0, row_B).unsqueeze(0)};
  next_ = {of(next_CS_), {}, states_.start_MB};
  choice_MB1_ = of(choice_C_).unsqueeze(2);
  const at::Tensor cell_B = cells_B(states_.status_MBS.squeeze(0), states_.start_MB.squeeze(0), choice_MB1_.flatten());
  best_MB1_ = best_NK_.view(-1).index_select(0, row_B * kCells + cell_B).view({1, -1, 1});
  is_last_MB1_ = slot_B.eq(slots - 1).view({1, -1, 1});
}

std::vector<policy::LossPart> DrlbEpisodes::losses(const policy::Step& /*step*/, policy::Policy& /*policy*/,
                                                   size_t group, size_t /*part*/) {
  if (group == 0) {
    return {{"reward", (agent_.returns_MBA(states_).gather(2, choice_MB1_) - best_MB1_).square().mean()}};
  }
  const at::Tensor target = [&] {
    const torch::NoGradGuard no_grad;
    // A share of the day, so that all of its rewards come to one return.
    const at::Tensor reward =
        agent_.returns_MBA(states_).gather(2, choice_MB1_) / as_double(field_.samples.num_slots());
    const at::Tensor later = agent_.target_values_MBA(next_).amax(2, true);
    return reward + config_.discount * at::where(is_last_MB1_, 0.0, later);
  }();
  return {{"q", (agent_.values_MBA(states_).gather(2, choice_MB1_) - target).square().mean()}};
}

policy::NamedTensors DrlbEpisodes::state() const {
  return {{"best", best_NK_},    {"status", status_CS_}, {"next", next_CS_},
          {"choice", choice_C_}, {"place", place_C2_},   {"filled", filled_1_}};
}

}  // namespace genbid::perbid
