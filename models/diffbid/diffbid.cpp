#include "models/diffbid/diffbid.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"
#include "models/inputs/wish_input.h"
#include "models/losses.h"

// B rows, T ticks of a period, P rows of a plan of X numbers each, S features, A action coefficients, O outcomes of a
// day, W of them that are wished for, K noise levels, G = 2 things that a tick brings (money spent, conversions won), R
// rows of ticks of days.

namespace genbid::models {
namespace {

using diffbid::KnownTicks;
using diffbid::Prediction;

constexpr size_t kInverse = 0;  // parameter groups, in the order of their steps
constexpr double kConditionTail = 0.05;
constexpr int64_t kBrought = 2;         // G
constexpr double kLeastAlpha = 1e-3;    // of which a logarithm is taken
constexpr double kLeastOffered = 1e-6;  // conversions of a tick, in par units

std::vector<int64_t> doubled_widths(int64_t width, int64_t stages) {
  std::vector<int64_t> widths;
  for (int64_t i = 0; i < stages; ++i) widths.push_back(width << i);
  return widths;
}

// Picks the money spent and the conversions won out of additive outcomes, ... G.
at::Tensor brought(const at::Tensor& outcomes_XO) {
  const auto column = [&](Outcome which) { return outcomes_XO.select(-1, static_cast<int64_t>(index_of(which))); };
  return at::stack({column(Outcome::kBudgetUse), column(Outcome::kValue)}, -1);
}

// Place of each row's last real tick, B 1 1.
at::Tensor last_tick(const at::Tensor& mask_BT) { return (mask_BT.sum(1).to(at::kLong) - 1).view({-1, 1, 1}); }

// x at one tick of each row, B 1 X.
at::Tensor at_tick(const at::Tensor& x_BTX, const at::Tensor& tick_B11) {
  return x_BTX.gather(1, tick_B11.expand({-1, 1, x_BTX.size(2)}));
}

// Logarithm of the density of independent Gaussians of one deviation.
at::Tensor log_normal(const at::Tensor& x, const at::Tensor& mean, double deviation) {
  return -0.5 * ((x - mean) / deviation).square() - std::log(deviation) - 0.5 * std::log(2.0 * M_PI);
}

// The shape of what is planned, for what hides own bids of it.
policy::PolicyShape planned_shape(const policy::PolicyShape& shape, int64_t planned) {
  return {planned, shape.num_actions, shape.own_bids};
}

}  // namespace

void DiffBidConfig::fields(ConfigVisitor& v) {
  v.field("ticks", ticks, {2, 96});  // a plan of one tick has no tick to plan
  v.field("plan", plan, {"states", "outcomes"});
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
  v.field("deviation", deviation, {0.0, 2.0});
  if (deviation > 0.0) {
    v.field("eta", eta, {0.0, 1.0});
    v.field("act", act, {"mean", "sample"});
  }
  v.field("history", history, {1, 3});
  v.field("inverse_width", inverse_width, {1, 65536});
  v.field("inverse_depth", inverse_depth, {1, 64});
  if (plan == "states") v.field("inverse_noise", inverse_noise, {0.0, 10.0});
  v.field("inverse_rate_scale", inverse_rate_scale, {0.0, 1000.0});
  v.field("own_bids", own_bids, {"show", "hide"});
  v.field("wishes", wishes);
  v.check(are_outcomes(wishes), "wishes", expected_wishes());
  v.field("target_quantile", target_quantile, {0.0, 1.0});
  v.field("target_cpa", target_cpa, {0.0, 10.0});
  v.check(kernel % 2 == 1, "kernel", "an odd number");
  v.check(width % groups == 0, "groups", "a divisor of width");
  v.check(embedding % 2 == 0, "embedding", "an even number");
  v.check(sampler != "ddim" || sampling_levels <= levels, "sampling_levels", "at most levels");
  v.check(warm_levels <= sampling_levels, "warm_levels", "at most sampling_levels");
  v.check(warm_levels == 0 || sampler == "ddim", "warm_levels", "0 unless sampler is ddim");
  v.check(deviation == 0.0 || (sampler == "ddim" && warm_levels == 0), "deviation",
          "0 unless sampler is ddim and warm_levels 0");
  v.check(deviation == 0.0 || eta == 0.0 || temperature > 0.0, "temperature", "above 0 beside deviation and eta");
  v.check(plan == "states" || prediction == "state", "prediction", "state where plan is outcomes");
  v.later_section("ablate", ablate, ablate.plan);
  v.check(!ablate.plan || (prediction == "state" && warm_levels == 0 && deviation == 0.0), "ablate.plan",
          "false beside prediction: noise, warm_levels or a deviation");
}

void DiffBidAblation::fields(ConfigVisitor& v) { v.field("plan", plan); }

DiffBid::DiffBid(const DiffBidConfig& config, const policy::PolicyShape& shape)
    : config_(config),
      shape_(shape),
      outcomes_(config.plan == "outcomes"),
      plan_ticks_(config.ticks + (outcomes_ ? 1 : 0)),
      planned_(shape.num_features + (outcomes_ ? kBrought : 0)),
      schedule_(diffbid::cosine_schedule(config.levels)),
      prediction_(config.prediction == "noise" ? Prediction::kNoise : Prediction::kState),
      rows_(register_module("rows", diffbid::QuantileScaler(planned_, config.tail, -1.0, 1.0))),
      changes_(register_module("changes", diffbid::ChangeScale(plan_ticks_, planned_))),
      actions_(register_module("actions", nn::Normalizer(shape.num_actions))),
      own_bids_(register_module("own_bids", OwnBids(config.own_bids, planned_shape(shape, planned_)))),
      alphas_cumprod_K_(
          register_buffer("alphas_cumprod", at::tensor(schedule_.alphas_cumprod, at::TensorOptions(at::kFloat)))) {
  std::vector<int64_t> wished;
  for (const std::string& name : config.wishes) {
    wished.push_back(static_cast<int64_t>(index_of(parse_outcome(name))));
  }
  if (!wished.empty()) {  // files hold no empty tensors
    conditions_ = register_module("conditions", diffbid::QuantileScaler(std::ssize(wished), kConditionTail, 0.0, 1.0));
    wished_W_ = register_buffer("wished", at::tensor(wished, at::kLong));
    target_W_ = register_buffer("target", at::ones({std::ssize(wished)}));
  }
  if (outcomes_) {
    if (shape.num_actions != 1) {
      throw Error("model.plan: found outcomes, which say one coefficient; expected states for actions of " +
                  std::to_string(shape.num_actions));
    }
    const diffbid::ResponseOptions options = {config.history * planned_, config.inverse_width, config.inverse_depth};
    response_ = register_module("response", diffbid::Response(options));
    reading_ = register_module("inverse", diffbid::Response(options));
  } else {
    inverse_ = register_module("inverse", diffbid::InverseDynamics(diffbid::InverseDynamicsOptions{
                                              shape.num_features, shape.num_actions, config.history,
                                              config.inverse_width, config.inverse_depth}));
  }
  // The mask of known rows is one more input channel.
  denoiser_ = register_module("denoiser", diffbid::TemporalUnet(diffbid::TemporalUnetOptions{
                                              planned_ + 1, planned_, std::max<int64_t>(std::ssize(wished), 1),
                                              doubled_widths(config.width, config.stages), config.kernel, config.blocks,
                                              config.groups, config.embedding}));
}

void DiffBid::fit(const policy::TrainingColumns& columns) {
  const at::Tensor rows_NX = column_rows(columns);
  rows_->fit(rows_NX);
  changes_->fit(scaled(rows_NX.unsqueeze(0)).squeeze(0), columns.ticks_N);
  actions_->fit(columns.labels_NA);
  for (diffbid::Response* one : {&response_, &reading_}) {
    if (outcomes_) (*one)->fit(columns.labels_NA, rows_NX.slice(1, shape_.num_features));
  }
  if (config_.wishes.empty()) return;
  const at::Tensor outcome_MW = columns.outcome_MO.index_select(1, wished_W_);
  conditions_->fit(outcome_MW);
  const torch::NoGradGuard no_grad;
  target_W_.copy_(outcome_MW.to(at::kDouble).quantile(config_.target_quantile, 0));
}

Wishes DiffBid::wishes() const {
  Wishes wishes;
  if (config_.ablate.plan) return wishes;
  for (int64_t w = 0; w < std::ssize(config_.wishes); ++w) {
    const Outcome outcome = parse_outcome(config_.wishes[static_cast<size_t>(w)]);
    wishes[outcome] = outcome == Outcome::kCpa ? config_.target_cpa : target_W_[w].item<double>();
  }
  return wishes;
}

std::vector<policy::ParameterGroup> DiffBid::parameter_groups() const {
  return {{"inverse", {"inverse.", "response."}, config_.inverse_rate_scale}, {"denoiser", {"denoiser."}, 1.0}};
}

std::vector<policy::LossPart> DiffBid::losses(const policy::Step& step, size_t group, const policy::Batch& batch) {
  if (group != kInverse) return {denoising_loss(batch, step.noise)};
  return outcomes_ ? response_losses(batch, step.noise) : inverse_losses(batch, step.noise);
}

std::vector<policy::LossPart> DiffBid::held_out_losses(const policy::Batch& batch, at::Generator& noise) {
  auto parts = outcomes_ ? response_losses(batch, noise) : inverse_losses(batch, noise);
  parts.push_back(denoising_loss(batch, noise));
  return parts;
}

// What the inverse dynamics read: the last states, and the change to the next one in units of the usual change.
at::Tensor DiffBid::inverse_inputs(const at::Tensor& history_BTY, const at::Tensor& rows_BTX,
                                   const at::Tensor& next_BTX) const {
  const at::Tensor ahead_BT = at::ones_like(rows_BTX.select(2, 0)).to(at::kLong);
  return at::cat({history_BTY, changes_->standardize(next_BTX, rows_BTX, ahead_BT)}, -1);
}

std::vector<policy::LossPart> DiffBid::inverse_losses(const policy::Batch& batch, at::Generator& noise) {
  const at::Tensor states_BTS = scaled(batch.seen.states_BTS);
  at::Tensor inputs_BTY =
      inverse_inputs(diffbid::histories(states_BTS, config_.history), states_BTS, scaled(batch.next_states_BTS));
  if (is_training() && config_.inverse_noise > 0.0) {
    const at::Tensor noise_BTS = config_.inverse_noise * at::empty_like(states_BTS).normal_(0.0, 1.0, noise);
    inputs_BTY = inputs_BTY + at::constant_pad_nd(noise_BTS, {inputs_BTY.size(2) - noise_BTS.size(2), 0});
  }
  const at::Tensor predicted_BTA = inverse_->forward(inputs_BTY);
  return {action_loss(predicted_BTA, actions_->forward(batch.label_BTA), batch, "inverse")};
}

// The response learns from what came of the alphas that were done; it teaches plans what labels bring. Reading an alpha
// from a plan has curves of its own, which learn to which labels the denoiser's own plans should lead: were both one,
// the curves would bend to fit plans, and plans, which are taught by them, would follow, until all alphas seem to bring
// the same. A plan here is the first thing that the denoiser says when it begins with noise.
std::vector<policy::LossPart> DiffBid::response_losses(const policy::Batch& batch, at::Generator& noise) {
  const at::Tensor rows_BPX = logged_rows_BPX(batch);
  const at::Tensor scaled_BPX = scaled(rows_BPX);
  const at::Tensor history_BTY = diffbid::histories(scaled_BPX.slice(1, 0, config_.ticks), config_.history);
  const auto curves = response_->curves(history_BTY);
  const at::Tensor came_BTG = rows_BPX.slice(1, 1).slice(2, shape_.num_features) / response_->unit_Y();
  const at::Tensor said_BTG = response_->brought(curves, batch.seen.actions_BTA) / response_->unit_Y();
  std::vector<policy::LossPart> parts = {action_loss(said_BTG, came_BTG, batch, "response")};

  const Split split = split_of(batch, noise);
  at::Tensor planned_B1G;
  {
    const torch::NoGradGuard no_grad;
    const at::Tensor start_BPX = config_.temperature * at::empty_like(scaled_BPX).normal_(0.0, 1.0, noise);
    const at::Tensor x_BPX = KnownTicks{scaled_BPX, split.known_BP1}.impose(start_BPX);
    const Conditions conditions = conditions_of(batch.outcome_BO);
    const at::Tensor level_B = at::full_like(conditions.keep_B1.select(1, 0), static_cast<double>(config_.levels - 1));
    const at::Tensor said_BPX = denoise(x_BPX, split.known_BP1, level_B, conditions);
    const at::Tensor plan_BPX = restored(said_BPX, at_tick(scaled_BPX, split.now_B11), rows_ahead(split.now_B11));
    planned_B1G = planned_outcomes(at_tick(plan_BPX, split.now_B11 + 1));
  }
  const auto at_now = [&](const at::Tensor& x_BTX) { return at_tick(x_BTX, split.now_B11); };
  const at::Tensor alpha_B11 = reading_->alpha_for(reading_->curves(at_now(history_BTY)), planned_B1G);
  policy::Batch now;
  now.label_weight_BT = batch.label_weight_BT.gather(1, split.now_B11.squeeze(-1));
  now.weight_B1 = batch.weight_B1;
  parts.push_back(
      action_loss(actions_->forward(alpha_B11), actions_->forward(at_now(batch.label_BTA)), now, "inverse"));
  return parts;
}

DiffBid::Conditions DiffBid::conditions_of(const at::Tensor& outcomes_BO) const {
  const at::Tensor ones_B1 = at::ones_like(outcomes_BO.slice(1, 0, 1));
  if (config_.wishes.empty()) return {ones_B1, ones_B1};  // the same for every day
  return {conditions_->forward(outcomes_BO.index_select(1, wished_W_)), ones_B1};
}

at::Tensor DiffBid::denoise(const at::Tensor& x_BPX, const at::Tensor& known_BP1, const at::Tensor& level_B,
                            const Conditions& conditions) {
  const at::Tensor inputs_BPY = at::cat({x_BPX, known_BP1.to(x_BPX.scalar_type())}, -1);
  return denoiser_->forward(inputs_BPY, level_B, conditions.of_BC, conditions.keep_B1);
}

at::Tensor DiffBid::restored(const at::Tensor& predicted_BPX, const at::Tensor& now_B1X,
                             const at::Tensor& ahead_BP) const {
  return prediction_ == Prediction::kNoise ? predicted_BPX : changes_->restore(predicted_BPX, now_B1X, ahead_BP);
}

at::Tensor DiffBid::planned_outcomes(const at::Tensor& row_B1X) const {
  return rows_->inverse(row_B1X.clamp(-1.0, 1.0)).slice(2, shape_.num_features);
}

at::Tensor DiffBid::offered(const at::Tensor& states_XS, const at::Tensor& constraint_XC) const {
  const at::Tensor ones_X1 = at::ones_like(states_XS.slice(-1, 0, 1));
  at::Tensor offered_X1 = constraint_XC.slice(-1, 1, 2) / constraint_XC.slice(-1, 0, 1) * ones_X1;
  for (const int64_t place : shape_.offered) offered_X1 = offered_X1 * states_XS.slice(-1, place, place + 1);
  return offered_X1.clamp_min(kLeastOffered);
}

at::Tensor DiffBid::logged_rows_BPX(const policy::Batch& batch) const {
  // The batch has whole days. From where a seat stopped bidding on, the state in which it stopped is repeated.
  const at::Tensor ended_B1S = at_tick(batch.next_states_BTS, last_tick(batch.seen.mask_BT));
  const at::Tensor real_BT1 = batch.seen.mask_BT.unsqueeze(-1) > 0.5;
  const at::Tensor states_BTS = at::where(real_BT1, batch.seen.states_BTS, ended_B1S);
  if (!outcomes_) return states_BTS;
  const at::Tensor offered_BT1 = offered(batch.seen.states_BTS, batch.seen.constraint_BC.unsqueeze(1));
  const at::Tensor brought_BTG =
      at::where(real_BT1, brought(batch.gained_BTO) / offered_BT1, at::zeros_like(offered_BT1));
  return at::cat({at::cat({states_BTS, ended_B1S}, 1), at::constant_pad_nd(brought_BTG, {0, 0, 1, 0})}, -1);
}

at::Tensor DiffBid::known_rows_BPX(const policy::Ticks& history) const {
  if (!outcomes_) return history.states_BTS;
  const at::Tensor before_BTG = brought(history.before_BTO);
  const at::Tensor offered_BT1 = offered(history.states_BTS, history.constraint_BC.unsqueeze(1));
  const at::Tensor came_BTG = (before_BTG.slice(1, 1) - before_BTG.slice(1, 0, -1)) / offered_BT1.slice(1, 0, -1);
  const at::Tensor brought_BTG = at::constant_pad_nd(came_BTG, {0, 0, 1, 0});
  return at::constant_pad_nd(at::cat({history.states_BTS, brought_BTG}, -1), {0, 0, 0, 1});
}

at::Tensor DiffBid::column_rows(const policy::TrainingColumns& columns) const {
  if (!outcomes_) return columns.states_NS;
  // What is to go falls from tick to tick by what a tick brings. A day's first tick has none before it.
  const at::Tensor to_go_NG = brought(columns.to_go_NO);
  const at::Tensor follows_N1 = (columns.ticks_N.slice(0, 1) - columns.ticks_N.slice(0, 0, -1)).eq(1).unsqueeze(-1);
  const at::Tensor offered_N1 = offered(columns.states_NS, columns.constraint_NC);
  const at::Tensor brought_NG =
      (to_go_NG.slice(0, 0, -1) - to_go_NG.slice(0, 1)) / offered_N1.slice(0, 0, -1) * follows_N1;
  return at::cat({columns.states_NS, at::constant_pad_nd(brought_NG, {0, 0, 1, 0})}, -1);
}

// Plans are to say what the labels bring by the curves, and not what happened to come of them or of something else: an
// alpha that is found on the same curves is then the label, and chance is left out.
at::Tensor DiffBid::taught_rows_BPX(const at::Tensor& rows_BPX, const policy::Batch& batch) {
  const torch::NoGradGuard no_grad;
  const at::Tensor before_BTX = scaled(rows_BPX).slice(1, 0, config_.ticks);
  const auto curves = response_->curves(diffbid::histories(before_BTX, config_.history));
  const at::Tensor came_BTG = rows_BPX.slice(1, 1).slice(2, shape_.num_features);
  const at::Tensor taught_BTG =
      at::where(batch.label_weight_BT.unsqueeze(-1).gt(0), response_->brought(curves, batch.label_BTA), came_BTG);
  return at::cat({rows_BPX.slice(2, 0, shape_.num_features), at::constant_pad_nd(taught_BTG, {0, 0, 1, 0})}, -1);
}

// Training sees what a decision sees: rows 0 .. now are known and clean. `now` is uniform over the real ticks that have
// a row behind them.
DiffBid::Split DiffBid::split_of(const policy::Batch& batch, at::Generator& noise) const {
  const at::Tensor last_B11 = last_tick(batch.seen.mask_BT);
  const at::Tensor nows_B11 = (last_B11 + 1).clamp_max(plan_ticks_ - 1);
  const at::Tensor draw_B11 = at::empty({last_B11.size(0), 1, 1}, batch.seen.states_BTS.options());
  Split split;
  split.now_B11 = (draw_B11.uniform_(0.0, 1.0, noise) * nows_B11).to(at::kLong).minimum(nows_B11 - 1);
  split.known_BP1 = at::arange(plan_ticks_, last_B11.options()).view({1, -1, 1}) <= split.now_B11;
  return split;
}

DiffBid::DenoisingTask DiffBid::denoising_task(const policy::Batch& batch, at::Generator& noise) {
  const at::Tensor rows_BPX = logged_rows_BPX(batch);
  at::Tensor clean_BPX = scaled(rows_BPX);
  const Split split = split_of(batch, noise);
  if (outcomes_) clean_BPX = at::where(split.known_BP1, clean_BPX, scaled(taught_rows_BPX(rows_BPX, batch)));
  DenoisingTask task;
  task.known_BP1 = split.known_BP1;
  task.level_B = at::empty({rows_BPX.size(0)}, split.now_B11.options()).random_(0, config_.levels, noise);
  const at::Tensor eps_BPX = at::empty_like(clean_BPX).normal_(0.0, 1.0, noise);
  const at::Tensor abar_B11 = alphas_cumprod_K_.index_select(0, task.level_B).view({-1, 1, 1});
  task.target_BPX = eps_BPX;
  if (prediction_ == Prediction::kState) {
    // The clean rows must be such that sampling can arrive at them. A feature that always changes alike, such as the
    // clock, therefore goes on after a day has ended; if it stood still, it would tell the denoiser that the day has
    // ended.
    const at::Tensor now_B1X = at_tick(clean_BPX, split.now_B11);
    const at::Tensor ahead_BP = rows_ahead(split.now_B11);
    task.target_BPX = changes_->standardize(clean_BPX, now_B1X, ahead_BP);
    clean_BPX = at::where(task.known_BP1, clean_BPX, changes_->restore(task.target_BPX, now_B1X, ahead_BP));
  }
  task.x_BPX = KnownTicks{clean_BPX, task.known_BP1}.impose(diffbid::noised(clean_BPX, eps_BPX, abar_B11));
  return task;
}

policy::LossPart DiffBid::denoising_loss(const policy::Batch& batch, at::Generator& noise) {
  const DenoisingTask task = denoising_task(batch, noise);
  Conditions conditions = conditions_of(batch.outcome_BO);
  if (is_training() && !config_.wishes.empty()) conditions.keep_B1.bernoulli_(1.0 - config_.condition_dropout, noise);
  const at::Tensor level_B = task.level_B.to(task.x_BPX.scalar_type());
  const at::Tensor predicted_BPX = denoise(task.x_BPX, task.known_BP1, level_B, conditions);
  return {"denoising", diffbid::denoising_loss(prediction_, predicted_BPX, task.target_BPX, task.known_BP1)};
}

at::Tensor DiffBid::scaled(const at::Tensor& rows_BPX) const {
  const at::Tensor scaled_BPX = rows_->forward(rows_BPX);
  return own_bids_->states(scaled_BPX, own_bids_->shown_B11(scaled_BPX, nullptr));
}

at::Tensor DiffBid::rows_ahead(const at::Tensor& now_B11) const {
  return at::arange(plan_ticks_, now_B11.options()) - now_B11.squeeze(-1);
}

int64_t DiffBid::noise_size() const {
  if (config_.ablate.plan) return 0;
  if (samples() && config_.act == "sample") return choice_size().numbers;
  const int64_t sets = config_.sampler == "ancestral" ? 1 + config_.levels : 1;
  return sets * plan_ticks_ * planned_;
}

std::vector<at::Tensor> DiffBid::initial_carry(int64_t rows) const {
  if (config_.warm_levels == 0) return {};
  return {at::zeros({rows, plan_ticks_, planned_}, alphas_cumprod_K_.options())};
}

std::vector<int64_t> DiffBid::sampling_levels() const {
  return diffbid::spread_levels(config_.levels, config_.sampling_levels);
}

DiffBid::Situation DiffBid::situation_of(const policy::Ticks& history, const at::Tensor& wishes_BO) {
  Situation here;
  here.now_B11 = last_tick(history.mask_BT);
  at::Tensor known_BP1 = history.mask_BT.unsqueeze(-1) > 0.5;
  if (outcomes_) known_BP1 = at::constant_pad_nd(known_BP1, {0, 0, 0, 1});
  const at::Tensor scaled_BPX = scaled(known_rows_BPX(history));
  here.known = {at::where(known_BP1, scaled_BPX, at::zeros_like(scaled_BPX)), known_BP1};
  here.now_B1X = at_tick(here.known.states_BTS, here.now_B11);
  here.history_B1Y = at_tick(diffbid::histories(here.known.states_BTS, config_.history), here.now_B11);

  // Guidance needs a pass with the conditions and one without; they are one pass over twice the rows.
  const bool guided = config_.guidance != 1.0 && !config_.wishes.empty();
  const auto twice = [guided](const at::Tensor& x) { return guided ? at::cat({x, x}) : x; };
  Conditions conditions = conditions_of(wishes_BO);
  conditions.of_BC = twice(conditions.of_BC);
  if (guided) conditions.keep_B1 = at::cat({conditions.keep_B1, at::zeros_like(conditions.keep_B1)});
  here.denoiser = [this, guided, twice, conditions, knowns_BP1 = twice(known_BP1), now_B1X = here.now_B1X,
                   ahead_BP = rows_ahead(here.now_B11)](const at::Tensor& x_BPX, int64_t level) {
    const at::Tensor level_B = at::full_like(conditions.keep_B1.select(1, 0), static_cast<double>(level));
    at::Tensor predicted_BPX = denoise(twice(x_BPX), knowns_BP1, level_B, conditions);
    if (guided) {
      const std::vector<at::Tensor> parts = predicted_BPX.chunk(2, 0);
      predicted_BPX = diffbid::guide(parts[0], parts[1], config_.guidance);
    }
    return restored(predicted_BPX, now_B1X, ahead_BP);
  };
  return here;
}

// A plan of states has none behind a period's last tick. Its own state stands in for it here, as it does in training.
at::Tensor DiffBid::next_row_B1X(const Situation& here, const at::Tensor& plan_BPX) const {
  return at_tick(plan_BPX, (here.now_B11 + 1).clamp_max(plan_ticks_ - 1));
}

at::Tensor DiffBid::alpha_BA(const Situation& here, const at::Tensor& plan_BPX) {
  const at::Tensor next_B1X = next_row_B1X(here, plan_BPX);
  if (outcomes_) return reading_->alpha_for(reading_->curves(here.history_B1Y), planned_outcomes(next_B1X)).squeeze(1);
  const at::Tensor predicted_B1A = inverse_->forward(inverse_inputs(here.history_B1Y, here.now_B1X, next_B1X));
  return actions_->inverse(predicted_B1A.squeeze(1)).clamp_min(0.0);
}

at::Tensor DiffBid::noise_set_BPX(const at::Tensor& noise_BN, int64_t which) const {
  const int64_t size = plan_ticks_ * planned_;
  return noise_BN.slice(1, which * size, (which + 1) * size).view({-1, plan_ticks_, planned_});
}

policy::ChoiceSize DiffBid::choice_size() const {
  if (!samples()) return {};
  const int64_t levels = config_.eta > 0.0 ? config_.sampling_levels : 1;
  return {levels * plan_ticks_ * planned_ + shape_.num_actions, levels};
}

// A denoiser says how much more than usual each state will have changed: 0 is as usual.
at::Tensor DiffBid::usual_plan_BPX(const Situation& here) const {
  const at::Tensor none_BPX = at::zeros_like(here.known.states_BTS);
  return here.known.impose(restored(none_BPX, here.now_B1X, rows_ahead(here.now_B11)));
}

std::pair<at::Tensor, at::Tensor> DiffBid::drawn(const Situation& here, const at::Tensor& noise_BN) {
  const std::vector<int64_t> levels = sampling_levels();
  at::Tensor x_BPX = here.known.impose(config_.temperature * noise_set_BPX(noise_BN, 0));
  std::vector<at::Tensor> choice = {x_BPX.flatten(1)};
  for (size_t i = 0; i < levels.size(); ++i) {
    const at::Tensor clean_BPX =
        diffbid::clean_states(schedule_, prediction_, x_BPX, here.denoiser(x_BPX, levels[i]), levels[i]);
    if (i + 1 == levels.size()) {
      x_BPX = here.known.impose(clean_BPX);
    } else if (config_.eta > 0.0) {
      const auto step = diffbid::noisy_ddim_step(schedule_, x_BPX, clean_BPX, levels[i], levels[i + 1], config_.eta);
      const at::Tensor noise_BPX = noise_set_BPX(noise_BN, static_cast<int64_t>(i) + 1);
      x_BPX = here.known.impose(step.mean_BTS + step.deviation * config_.temperature * noise_BPX);
      choice.push_back(x_BPX.flatten(1));
    } else {
      x_BPX = here.known.impose(diffbid::ddim_step(schedule_, x_BPX, clean_BPX, levels[i], levels[i + 1]));
    }
  }
  const at::Tensor noise_BA = noise_BN.slice(1, noise_BN.size(1) - shape_.num_actions);
  choice.push_back(alpha_BA(here, x_BPX).clamp_min(kLeastAlpha).log() + config_.deviation * noise_BA);
  return {x_BPX, at::cat(choice, 1)};
}

at::Tensor DiffBid::log_densities_BTL(const policy::Ticks& days, const at::Tensor& wishes_BO,
                                      const at::Tensor& choices_BTX) {
  if (!samples()) return Policy::log_densities_BTL(days, wishes_BO, choices_BTX);
  const int64_t ticks = days.states_BTS.size(1);
  // Each tick of a day is a row: the day up to it, padded to what is planned.
  const auto repeated = [&](const at::Tensor& x_BX) { return x_BX.repeat_interleave(ticks, 0); };
  const auto of_ticks = [&](const at::Tensor& x_BTX) {
    return repeated(at::constant_pad_nd(x_BTX, {0, 0, 0, config_.ticks - ticks}));
  };
  policy::Ticks each;
  each.states_BTS = of_ticks(days.states_BTS);
  each.before_BTO = of_ticks(days.before_BTO);
  const at::Tensor tick_T = at::arange(config_.ticks, days.ticks_BT.options());
  const at::Tensor seen_TT = tick_T.unsqueeze(0) <= tick_T.slice(0, 0, ticks).unsqueeze(1);
  each.mask_BT = seen_TT.to(at::kFloat).repeat({days.states_BTS.size(0), 1});
  each.constraint_BC = repeated(days.constraint_BC);
  const Situation here = situation_of(each, repeated(wishes_BO));

  const at::Tensor choice_RX = choices_BTX.flatten(0, 1);
  const at::Tensor unknown_RP1 = here.known.mask_BT1.logical_not();
  const std::vector<int64_t> levels = sampling_levels();
  std::vector<at::Tensor> links;
  at::Tensor x_RPX = noise_set_BPX(choice_RX, 0);
  for (size_t i = 0; i < levels.size(); ++i) {
    const at::Tensor clean_RPX =
        diffbid::clean_states(schedule_, prediction_, x_RPX, here.denoiser(x_RPX, levels[i]), levels[i]);
    if (i + 1 == levels.size()) {
      x_RPX = here.known.impose(clean_RPX);
    } else if (config_.eta > 0.0) {
      const auto step = diffbid::noisy_ddim_step(schedule_, x_RPX, clean_RPX, levels[i], levels[i + 1], config_.eta);
      x_RPX = noise_set_BPX(choice_RX, static_cast<int64_t>(i) + 1);
      const at::Tensor density_RPX = log_normal(x_RPX, step.mean_BTS, step.deviation * config_.temperature);
      links.push_back((density_RPX * unknown_RP1).sum({1, 2}));
    } else {
      x_RPX = here.known.impose(diffbid::ddim_step(schedule_, x_RPX, clean_RPX, levels[i], levels[i + 1]));
    }
  }
  const at::Tensor log_alpha_RA = choice_RX.slice(1, choice_RX.size(1) - shape_.num_actions);
  const at::Tensor mean_RA = alpha_BA(here, x_RPX).clamp_min(kLeastAlpha).log();
  links.push_back(log_normal(log_alpha_RA, mean_RA, config_.deviation).sum(1));
  return at::stack(links, 1).unflatten(0, {days.states_BTS.size(0), ticks});
}

policy::Action DiffBid::act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                            const std::vector<at::Tensor>& carry) {
  const Situation here = situation_of(history, wishes_BO);
  policy::Action action;
  at::Tensor plan_BPX;
  if (samples() && noise_BN.size(1) == choice_size().numbers) {
    std::tie(plan_BPX, action.choice_BX) = drawn(here, noise_BN);
    action.coefficients_BA = action.choice_BX.slice(1, action.choice_BX.size(1) - shape_.num_actions).exp();
  } else if (config_.ablate.plan) {
    plan_BPX = usual_plan_BPX(here);
    action.coefficients_BA = alpha_BA(here, plan_BPX);
  } else {
    at::Tensor start_BPX = config_.temperature * noise_set_BPX(noise_BN, 0);
    if (config_.sampler == "ancestral") {
      const at::Tensor steps_BKPX = noise_BN.view({-1, 1 + config_.levels, plan_ticks_, planned_}).slice(1, 1);
      plan_BPX = diffbid::sample_ancestral(schedule_, prediction_, start_BPX, steps_BKPX, config_.temperature,
                                           here.known, here.denoiser);
    } else {
      std::vector<int64_t> levels = sampling_levels();
      if (config_.warm_levels > 0) {
        levels.erase(levels.begin(), levels.end() - config_.warm_levels);
        const double abar = schedule_.abar(levels.front());
        // Before there is a plan, the plan is that everything stays as it is.
        const at::Tensor last_plan_BPX = at::where(here.now_B11 == 0, here.now_B1X, carry[0]);
        start_BPX = std::sqrt(abar) * last_plan_BPX + std::sqrt(1.0 - abar) * start_BPX;
      }
      plan_BPX = diffbid::sample_ddim(schedule_, prediction_, levels, start_BPX, here.known, here.denoiser);
    }
    action.coefficients_BA = alpha_BA(here, plan_BPX);
  }

  const at::Tensor next_B1X = next_row_B1X(here, plan_BPX);
  // Features that are hidden are expected to stay as they are.
  const at::Tensor raw_now_B1S = at_tick(history.states_BTS, here.now_B11);
  const at::Tensor shown_B1X = own_bids_->states(at::ones_like(next_B1X), own_bids_->shown_B11(next_B1X, nullptr));
  const auto of_states = [&](const at::Tensor& row_B1X) { return row_B1X.slice(2, 0, shape_.num_features); };
  const at::Tensor change_B1S = of_states(rows_->inverse(next_B1X)) - raw_now_B1S;
  action.next_states_BS = (raw_now_B1S + change_B1S * of_states(shown_B1X)).squeeze(1);
  if (config_.warm_levels > 0) action.carry = {plan_BPX};
  return action;
}

}  // namespace genbid::models
