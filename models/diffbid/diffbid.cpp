#include "models/diffbid/diffbid.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>

#include "models/losses.h"

// B rows, T ticks of a period, S features, A action coefficients, C = 2 conditions (return, CPA), K noise levels.

namespace genbid::models {
namespace {

using diffbid::KnownTicks;
using diffbid::Prediction;
using policy::Outcome;

constexpr size_t kInverse = 0;  // parameter groups, in the order of their steps
constexpr double kConditionTail = 0.05;

std::vector<int64_t> doubled_widths(int64_t width, int64_t stages) {
  std::vector<int64_t> widths;
  for (int64_t i = 0; i < stages; ++i) widths.push_back(width << i);
  return widths;
}

// One outcome of each row, B 1.
at::Tensor outcome(const at::Tensor& outcome_BO, Outcome which) {
  const auto column = static_cast<int64_t>(policy::index_of(which));
  return outcome_BO.slice(1, column, column + 1);
}

// Place of each row's last real tick, B 1 1.
at::Tensor last_tick(const at::Tensor& mask_BT) { return (mask_BT.sum(1).to(at::kLong) - 1).view({-1, 1, 1}); }

// x at one tick of each row, B 1 X.
at::Tensor at_tick(const at::Tensor& x_BTX, const at::Tensor& tick_B11) {
  return x_BTX.gather(1, tick_B11.expand({-1, 1, x_BTX.size(2)}));
}

}  // namespace

void DiffBidConfig::fields(ConfigVisitor& v) {
  v.field("ticks", ticks, {2, 96});  // a plan of one tick has no tick to plan
  v.field("width", width, {1, 4096});
  v.field("stages", stages, {1, 6});
  v.field("kernel", kernel, {1, 31});
  v.field("blocks", blocks, {1, 16});
  v.field("groups", groups, {1, 4096});
  v.field("embedding", embedding, {2, 4096});
  v.field("levels", levels, {1, 1000});
  v.field("prediction", prediction, {"noise", "state"});
  v.field("condition_dropout", condition_dropout, {0.0, 1.0});
  v.field("tail", tail, {0.0, 0.49});
  v.field("sampler", sampler, {"ddim", "ancestral"});
  v.field("sampling_levels", sampling_levels, {1, 1000});
  v.field("warm_levels", warm_levels, {0, 1000});
  v.field("temperature", temperature, {0.0, 10.0});
  v.field("guidance", guidance, {0.0, 100.0});
  v.field("history", history, {1, 3});
  v.field("inverse_width", inverse_width, {1, 65536});
  v.field("inverse_depth", inverse_depth, {1, 64});
  v.field("inverse_noise", inverse_noise, {0.0, 10.0});
  v.field("inverse_rate_scale", inverse_rate_scale, {0.0, 1000.0});
  v.field("own_bids", own_bids, {"show", "hide"});
  v.field("target_quantile", target_quantile, {0.0, 1.0});
  v.field("target_cpa", target_cpa, {0.0, 10.0});
  v.check(kernel % 2 == 1, "kernel", "an odd number");
  v.check(width % groups == 0, "groups", "a divisor of width");
  v.check(embedding % 2 == 0, "embedding", "an even number");
  v.check(sampler != "ddim" || sampling_levels <= levels, "sampling_levels", "at most levels");
  v.check(warm_levels <= sampling_levels, "warm_levels", "at most sampling_levels");
  v.check(warm_levels == 0 || sampler == "ddim", "warm_levels", "0 unless sampler is ddim");
}

DiffBid::DiffBid(const DiffBidConfig& config, const policy::PolicyShape& shape)
    : config_(config),
      shape_(shape),
      schedule_(diffbid::cosine_schedule(config.levels)),
      prediction_(config.prediction == "noise" ? Prediction::kNoise : Prediction::kState),
      states_(register_module("states", diffbid::QuantileScaler(shape.num_features, config.tail, -1.0, 1.0))),
      changes_(register_module("changes", diffbid::ChangeScale(config.ticks, shape.num_features))),
      returns_(register_module("returns", diffbid::QuantileScaler(1, kConditionTail, 0.0, 1.0))),
      cpa_(register_module("cpa", diffbid::QuantileScaler(1, kConditionTail, 0.0, 1.0))),
      actions_(register_module("actions", nn::Normalizer(shape.num_actions))),
      own_bids_(register_module("own_bids", OwnBids(config.own_bids, shape))),
      alphas_cumprod_K_(
          register_buffer("alphas_cumprod", at::tensor(schedule_.alphas_cumprod, at::TensorOptions(at::kFloat)))),
      target_return_(register_buffer("target_return", at::ones({}))) {
  inverse_ = register_module("inverse", diffbid::InverseDynamics(diffbid::InverseDynamicsOptions{
                                            shape.num_features, shape.num_actions, config.history, config.inverse_width,
                                            config.inverse_depth}));
  // The mask of known ticks is one more input channel.
  denoiser_ = register_module(
      "denoiser", diffbid::TemporalUnet(diffbid::TemporalUnetOptions{
                      shape.num_features + 1, shape.num_features, 2, doubled_widths(config.width, config.stages),
                      config.kernel, config.blocks, config.groups, config.embedding}));
}

void DiffBid::fit(const policy::TrainingColumns& columns) {
  states_->fit(columns.states_NS);
  changes_->fit(scaled(columns.states_NS.unsqueeze(0)).squeeze(0), columns.ticks_N);
  returns_->fit(outcome(columns.outcome_MO, Outcome::kReturn));
  cpa_->fit(outcome(columns.outcome_MO, Outcome::kCpa));
  actions_->fit(columns.labels_NA);
  const torch::NoGradGuard no_grad;
  target_return_.copy_(
      outcome(columns.outcome_MO, Outcome::kReturn).to(at::kDouble).flatten().quantile(config_.target_quantile));
}

policy::Wishes DiffBid::wishes() const {
  return {{Outcome::kReturn, target_return_.item<double>()}, {Outcome::kCpa, config_.target_cpa}};
}

std::vector<policy::ParameterGroup> DiffBid::parameter_groups() const {
  return {{"inverse", {"inverse."}, config_.inverse_rate_scale}, {"denoiser", {"denoiser."}, 1.0}};
}

std::vector<policy::LossPart> DiffBid::losses(const policy::Step& step, size_t group, const policy::Batch& batch) {
  return {group == kInverse ? inverse_loss(batch, step.noise) : denoising_loss(batch, step.noise)};
}

std::vector<policy::LossPart> DiffBid::held_out_losses(const policy::Batch& batch, at::Generator& noise) {
  const policy::LossPart inverse = inverse_loss(batch, noise);
  return {inverse, denoising_loss(batch, noise)};
}

// What the inverse dynamics read: the last states, and the change to the next one in units of the usual change.
at::Tensor DiffBid::inverse_inputs(const at::Tensor& history_BTX, const at::Tensor& states_BTS,
                                   const at::Tensor& next_BTS) const {
  const at::Tensor ahead_BT = at::ones_like(states_BTS.select(2, 0)).to(at::kLong);
  return at::cat({history_BTX, changes_->standardize(next_BTS, states_BTS, ahead_BT)}, -1);
}

policy::LossPart DiffBid::inverse_loss(const policy::Batch& batch, at::Generator& noise) {
  const at::Tensor states_BTS = scaled(batch.seen.states_BTS);
  at::Tensor inputs_BTX = inverse_inputs(inverse_->histories(states_BTS), states_BTS, scaled(batch.next_states_BTS));
  if (is_training() && config_.inverse_noise > 0.0) {
    const at::Tensor noise_BTS = config_.inverse_noise * at::empty_like(states_BTS).normal_(0.0, 1.0, noise);
    inputs_BTX = inputs_BTX + at::constant_pad_nd(noise_BTS, {inputs_BTX.size(2) - noise_BTS.size(2), 0});
  }
  const at::Tensor predicted_BTA = inverse_->forward(inputs_BTX);
  return action_loss(predicted_BTA, actions_->forward(batch.label_BTA), batch, "inverse");
}

at::Tensor DiffBid::scaled_conditions(const at::Tensor& wishes_BO) const {
  return at::cat(
      {returns_->forward(outcome(wishes_BO, Outcome::kReturn)), cpa_->forward(outcome(wishes_BO, Outcome::kCpa))}, -1);
}

at::Tensor DiffBid::denoise(const at::Tensor& x_BTS, const at::Tensor& known_BT1, const at::Tensor& level_B,
                            const at::Tensor& condition_BC, const at::Tensor& keep_B1) {
  return denoiser_->forward(at::cat({x_BTS, known_BT1.to(x_BTS.scalar_type())}, -1), level_B, condition_BC, keep_B1);
}

DiffBid::DenoisingTask DiffBid::denoising_task(const policy::Batch& batch, at::Generator& noise) const {
  const auto options = batch.seen.states_BTS.options();
  const int64_t rows = batch.seen.states_BTS.size(0);
  const int64_t ticks = config_.ticks;

  // The batch has whole days. From where a seat stopped bidding on, the state in which it stopped is repeated.
  const at::Tensor last_B11 = last_tick(batch.seen.mask_BT);
  const at::Tensor ended_B1S = at_tick(batch.next_states_BTS, last_B11);
  const at::Tensor real_BT1 = batch.seen.mask_BT.unsqueeze(-1) > 0.5;
  at::Tensor clean_BTS = scaled(at::where(real_BT1, batch.seen.states_BTS, ended_B1S));

  // Training sees what a decision sees: ticks 0 .. now are known and clean. `now` is uniform over the real ticks, but
  // for the last of the day.
  const at::Tensor nows_B11 = (last_B11 + 1).clamp_max(ticks - 1);
  const at::Tensor now_B11 =
      (at::empty({rows, 1, 1}, options).uniform_(0.0, 1.0, noise) * nows_B11).to(at::kLong).minimum(nows_B11 - 1);
  DenoisingTask task;
  task.known_BT1 = at::arange(ticks, now_B11.options()).view({1, -1, 1}) <= now_B11;
  task.level_B = at::empty({rows}, now_B11.options()).random_(0, config_.levels, noise);
  const at::Tensor eps_BTS = at::empty_like(clean_BTS).normal_(0.0, 1.0, noise);
  const at::Tensor abar_B11 = alphas_cumprod_K_.index_select(0, task.level_B).view({-1, 1, 1});
  task.target_BTS = eps_BTS;
  if (prediction_ == Prediction::kState) {
    // The clean states must be such that sampling can arrive at them. A feature that always changes alike, such as the
    // clock, therefore goes on after a day has ended; if it stood still, it would tell the denoiser that the day has
    // ended.
    const at::Tensor now_B1S = at_tick(clean_BTS, now_B11);
    const at::Tensor ahead_BT = ticks_ahead(now_B11);
    task.target_BTS = changes_->standardize(clean_BTS, now_B1S, ahead_BT);
    clean_BTS = at::where(task.known_BT1, clean_BTS, changes_->restore(task.target_BTS, now_B1S, ahead_BT));
  }
  task.x_BTS = KnownTicks{clean_BTS, task.known_BT1}.impose(diffbid::noised(clean_BTS, eps_BTS, abar_B11));
  return task;
}

policy::LossPart DiffBid::denoising_loss(const policy::Batch& batch, at::Generator& noise) {
  const DenoisingTask task = denoising_task(batch, noise);
  const at::Tensor condition_BC = scaled_conditions(batch.outcome_BO);
  at::Tensor keep_B1 = at::ones_like(condition_BC.slice(1, 0, 1));
  if (is_training()) keep_B1.bernoulli_(1.0 - config_.condition_dropout, noise);
  const at::Tensor level_B = task.level_B.to(task.x_BTS.scalar_type());
  const at::Tensor predicted_BTS = denoise(task.x_BTS, task.known_BT1, level_B, condition_BC, keep_B1);
  return {"denoising", diffbid::denoising_loss(prediction_, predicted_BTS, task.target_BTS, task.known_BT1)};
}

at::Tensor DiffBid::scaled(const at::Tensor& states_BTS) const {
  const at::Tensor scaled_BTS = states_->forward(states_BTS);
  return own_bids_->states(scaled_BTS, own_bids_->shown_B11(scaled_BTS, nullptr));
}

at::Tensor DiffBid::ticks_ahead(const at::Tensor& now_B11) const {
  return at::arange(config_.ticks, now_B11.options()) - now_B11.squeeze(-1);
}

int64_t DiffBid::noise_size() const {
  const int64_t sets = config_.sampler == "ancestral" ? 1 + config_.levels : 1;
  return sets * config_.ticks * shape_.num_features;
}

std::vector<at::Tensor> DiffBid::initial_carry(int64_t rows) const {
  if (config_.warm_levels == 0) return {};
  return {at::zeros({rows, config_.ticks, shape_.num_features}, alphas_cumprod_K_.options())};
}

policy::Action DiffBid::act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                            const std::vector<at::Tensor>& carry) {
  const at::Tensor last_B11 = last_tick(history.mask_BT);
  const at::Tensor known_BT1 = history.mask_BT.unsqueeze(-1) > 0.5;
  const at::Tensor scaled_BTS = scaled(history.states_BTS);
  const KnownTicks known = {at::where(known_BT1, scaled_BTS, at::zeros_like(scaled_BTS)), known_BT1};
  const at::Tensor now_B1S = at_tick(known.states_BTS, last_B11);
  const at::Tensor ahead_BT = ticks_ahead(last_B11);
  const at::Tensor condition_BC = scaled_conditions(wishes_BO);
  const int64_t noise_sets = noise_size() / (config_.ticks * shape_.num_features);
  const at::Tensor noise_BKTS = noise_BN.view({-1, noise_sets, config_.ticks, shape_.num_features});

  // Guidance needs a pass with the conditions and one without; they are one pass over twice the rows.
  const bool guided = config_.guidance != 1.0;
  const auto twice = [guided](const at::Tensor& x) { return guided ? at::cat({x, x}) : x; };
  const at::Tensor ones_B1 = at::ones_like(condition_BC.slice(1, 0, 1));
  const at::Tensor keep_B1 = guided ? at::cat({ones_B1, at::zeros_like(ones_B1)}) : ones_B1;
  const at::Tensor conditions_BC = twice(condition_BC);
  const at::Tensor knowns_BT1 = twice(known_BT1);
  const diffbid::Denoiser denoiser = [&](const at::Tensor& x_BTS, int64_t level) {
    const at::Tensor level_B = at::full_like(keep_B1.select(1, 0), static_cast<double>(level));
    at::Tensor predicted_BTS = denoise(twice(x_BTS), knowns_BT1, level_B, conditions_BC, keep_B1);
    if (guided) {
      const std::vector<at::Tensor> parts = predicted_BTS.chunk(2, 0);
      predicted_BTS = diffbid::guide(parts[0], parts[1], config_.guidance);
    }
    return prediction_ == Prediction::kNoise ? predicted_BTS : changes_->restore(predicted_BTS, now_B1S, ahead_BT);
  };

  at::Tensor start_BTS = config_.temperature * noise_BKTS.select(1, 0);
  at::Tensor plan_BTS;
  if (config_.sampler == "ancestral") {
    plan_BTS = diffbid::sample_ancestral(schedule_, prediction_, start_BTS, noise_BKTS.slice(1, 1), config_.temperature,
                                         known, denoiser);
  } else {
    std::vector<int64_t> levels = diffbid::spread_levels(config_.levels, config_.sampling_levels);
    if (config_.warm_levels > 0) {
      levels.erase(levels.begin(), levels.end() - config_.warm_levels);
      const double abar = schedule_.abar(levels.front());
      // Before there is a plan, the plan is that everything stays as it is.
      const at::Tensor last_plan_BTS = at::where(last_B11 == 0, now_B1S, carry[0]);
      start_BTS = std::sqrt(abar) * last_plan_BTS + std::sqrt(1.0 - abar) * start_BTS;
    }
    plan_BTS = diffbid::sample_ddim(schedule_, prediction_, levels, start_BTS, known, denoiser);
  }

  // The last tick of a period has no next state. Its own state stands in for it here, as it does in training.
  const at::Tensor next_B1S = at_tick(plan_BTS, (last_B11 + 1).clamp_max(config_.ticks - 1));
  const at::Tensor history_B1X = at_tick(inverse_->histories(known.states_BTS), last_B11);
  const at::Tensor predicted_BA = inverse_->forward(inverse_inputs(history_B1X, now_B1S, next_B1S)).squeeze(1);

  policy::Action action;
  action.coefficients_BA = actions_->inverse(predicted_BA).clamp_min(0.0);
  // Of what is hidden nothing is expected but what is.
  const at::Tensor raw_now_B1S = at_tick(history.states_BTS, last_B11);
  const at::Tensor change_B1S = states_->inverse(next_B1S) - raw_now_B1S;
  const at::Tensor shown_B11 = own_bids_->shown_B11(change_B1S, nullptr);
  action.next_states_BS = (raw_now_B1S + own_bids_->states(change_B1S, shown_B11)).squeeze(1);
  if (config_.warm_levels > 0) action.carry = {plan_BTS};
  return action;
}

}  // namespace genbid::models
