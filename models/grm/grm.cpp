#include "models/grm/grm.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>

#include "base/convert.h"
#include "models/inputs/tick_code.h"

// B rows, T ticks of a day, S state features, A action coefficients, O outcomes, D width, Y = 2 things that a tick
// brings (money spent and conversions won), Z numbers that are said of a tick. ... any leading dimensions.

namespace genbid::models {
namespace {

using grm::kBrought;
using grm::kCurveNumbers;

constexpr int64_t kPast = kBrought + 2;  // own_past()
constexpr double kFarthest = 10.0;       // bounds what own_past() says
constexpr double kLeastNumPv = 1e-3;     // a tick without impressions brings nothing
constexpr double kLeastPvalue = 1e-9;
constexpr double kTail = 0.005;  // share of alphas at either end that it may not choose from

// Picks the money spent and the conversions won out of additive outcomes.
at::Tensor brought_of(const at::Tensor& outcomes_XO, const at::Tensor& constraint_XC) {
  const auto column = [&](Outcome which) {
    const auto place = static_cast<int64_t>(index_of(which));
    return outcomes_XO.slice(-1, place, place + 1);
  };
  const at::Tensor budget_X1 = constraint_XC.slice(-1, 0, 1);
  const at::Tensor par_X1 = budget_X1 / constraint_XC.slice(-1, 1, 2).clamp_min(1e-30);  // rows that no seat has filled
  return at::cat({column(Outcome::kBudgetUse) * budget_X1, column(Outcome::kValue) * par_X1}, -1);
}

at::Tensor at_tick(const at::Tensor& x_BTX, const at::Tensor& tick_B11) {
  return x_BTX.gather(1, tick_B11.expand({-1, 1, x_BTX.size(2)}));
}

at::Tensor mean_of(const at::Tensor& x, const at::Tensor& weight) {
  return (x * weight).sum() / weight.sum().clamp_min(1e-6);
}

}  // namespace

void GrmConfig::fields(ConfigVisitor& v) {
  v.field("ticks", ticks, {1, 96});
  v.field("width", width, {1, 65536});
  v.field("layers", layers, {1, 128});
  v.field("heads", heads, {1, 256});
  v.check(width % heads == 0, "heads", "a divisor of width");
  v.field("inner", inner, {1, 65536});
  v.field("dropout", dropout, {0.0, 0.99});
  v.field("inputs", inputs, {"market", "all"});
  v.field("current_tick", current_tick);
  v.field("traffic_weight", traffic_weight, {0.0, 1e6});
  v.field("attitude", attitude, grm::attitude_names());
}

Grm::Grm(const GrmConfig& config, const policy::PolicyShape& shape)
    : config_(config),
      shape_(shape),
      own_past_(config.inputs == "all"),
      states_(register_module("states", nn::Normalizer(shape.num_features))),
      alpha_unit_(register_buffer("alpha_unit", at::ones({}))),
      pvalue_unit_(register_buffer("pvalue_unit", at::ones({}))),
      brought_unit_Y_(register_buffer("brought_unit", at::ones({kBrought}))),
      usual_num_pv_T_(register_buffer("usual_num_pv", at::ones({config.ticks}))),
      least_alpha_(register_buffer("least_alpha", at::full({}, 0.01))),
      most_alpha_(register_buffer("most_alpha", at::full({}, 100.0))) {
  const int64_t width = config.width;
  const auto norm = [width] { return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})); };
  if (!own_past_) {
    market_S_ = register_buffer("market", at::zeros({shape.num_features}));
    for (const int64_t feature : shape.market) market_S_[feature].fill_(1.0);
  }
  embed_state_ = register_module("embed_state", torch::nn::Linear(shape.num_features, width));
  embed_tick_ = register_module("embed_tick", torch::nn::Linear(kTickCode, width));
  if (own_past_) embed_past_ = register_module("embed_past", torch::nn::Linear(kPast, width));
  embed_norm_ = register_module("embed_norm", norm());
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  const transformer::BlockOptions options{width, config.heads, config.inner, config.dropout};
  for (int64_t layer = 0; layer < config.layers; ++layer) blocks_->push_back(transformer::Block(options));
  said_norm_ = register_module("said_norm", norm());
  say_ = register_module("say", torch::nn::Linear(width, kCurveNumbers * (config.current_tick ? 2 : 1) + 1));
}

Grm::Offered Grm::offered(const at::Tensor& states_XS) const {
  const at::Tensor ones_X1 = at::ones_like(states_XS.slice(-1, 0, 1));
  if (shape_.offered.size() != 2) return {ones_X1, ones_X1};
  const auto feature = [&](size_t i) { return states_XS.slice(-1, shape_.offered[i], shape_.offered[i] + 1); };
  return {feature(1).clamp_min(kLeastNumPv), feature(0).clamp_min(kLeastPvalue)};
}

void Grm::fit(const policy::TrainingColumns& columns) {
  const torch::NoGradGuard no_grad;
  states_->fit(columns.states_NS);
  const auto median_of = [](const at::Tensor& x_N) { return at::where(x_N.median() > 0, x_N.median(), 1.0); };
  const at::Tensor alpha_N = columns.actions_NA.select(1, 0);
  alpha_unit_.copy_(median_of(alpha_N));
  const at::Tensor log_N = std::get<0>((alpha_N.clamp_min(0.0) + grm::kLeastLevel * alpha_unit_).log().sort());
  const auto last = static_cast<double>(log_N.size(0) - 1);
  least_alpha_.copy_(log_N[static_cast<int64_t>(kTail * last)].exp());
  most_alpha_.copy_(log_N[static_cast<int64_t>((1.0 - kTail) * last)].exp());

  const Offered on_offer = offered(columns.states_NS);
  const at::Tensor num_pv_N = on_offer.num_pv.to(at::kDouble).squeeze(-1);
  const at::Tensor value_N = num_pv_N * on_offer.pvalue.to(at::kDouble).squeeze(-1);
  pvalue_unit_.copy_(value_N.sum() / num_pv_N.sum());

  const at::Tensor tick_N = columns.ticks_N.clamp(0, config_.ticks - 1);
  const at::Tensor count_T = at::zeros({config_.ticks}, num_pv_N.options());
  const at::Tensor sum_T = count_T.index_add(0, tick_N, num_pv_N);
  usual_num_pv_T_.copy_(sum_T / count_T.index_add(0, tick_N, at::ones_like(num_pv_N)).clamp_min(1.0));

  // What is to go falls from tick to tick by what a tick brings.
  const at::Tensor to_go_NY = brought_of(columns.to_go_NO, columns.constraint_NC).to(at::kDouble);
  const at::Tensor follows_N = (columns.ticks_N.slice(0, 1) - columns.ticks_N.slice(0, 0, -1)).eq(1).to(at::kDouble);
  const at::Tensor sum_Y = ((to_go_NY.slice(0, 0, -1) - to_go_NY.slice(0, 1)) * follows_N.unsqueeze(-1)).sum(0);
  const at::Tensor of_N2 = at::stack({num_pv_N, value_N}, 1).slice(0, 0, -1);
  const at::Tensor unit_Y = sum_Y / (of_N2 * follows_N.unsqueeze(-1)).sum(0).clamp_min(1e-30);
  brought_unit_Y_.copy_(at::where(unit_Y > 0, unit_Y, at::ones_like(unit_Y)));
}

at::Tensor Grm::own_past(const at::Tensor& states_BTS, const at::Tensor& actions_BTA,
                         const at::Tensor& brought_BTY) const {
  const Offered on_offer = offered(states_BTS);
  const at::Tensor level_BT1 =
      actions_BTA.slice(2, 0, 1).clamp_min(0.0) * on_offer.pvalue / (alpha_unit_ * pvalue_unit_) + grm::kLeastLevel;
  const at::Tensor offered_BTY = at::cat({on_offer.num_pv, on_offer.num_pv * on_offer.pvalue}, -1);
  return at::cat({level_BT1.log(), brought_BTY / (offered_BTY * brought_unit_Y_), at::ones_like(level_BT1)}, -1)
      .clamp(-kFarthest, kFarthest);
}

at::Tensor Grm::embed(const at::Tensor& states_BTS, const at::Tensor& ticks_BT, const at::Tensor& past_BTX) {
  at::Tensor read_BTS = states_(states_BTS);
  if (!own_past_) read_BTS = read_BTS * market_S_;
  at::Tensor sum_BTD = embed_state_(read_BTS) + embed_tick_(tick_code(ticks_BT));
  if (own_past_) sum_BTD = sum_BTD + embed_past_(past_BTX);
  return embed_norm_(sum_BTD);
}

at::Tensor Grm::said_BTZ(const policy::Ticks& ticks, at::Generator* noise) {
  at::Tensor past_BTX;
  if (own_past_) {
    const at::Tensor before_BTY =
        brought_of(ticks.before_BTO, ticks.constraint_BC.unsqueeze(1).expand({-1, ticks.before_BTO.size(1), -1}));
    const auto but_last = [](const at::Tensor& x_BTX) { return x_BTX.slice(1, 0, -1); };
    past_BTX = at::constant_pad_nd(own_past(but_last(ticks.states_BTS), but_last(ticks.actions_BTA),
                                            before_BTY.slice(1, 1) - but_last(before_BTY)),
                                   {0, 0, 1, 0});
  }
  at::Tensor hidden_BTD = embed(ticks.states_BTS, ticks.ticks_BT, past_BTX);
  for (size_t layer = 0; layer < to_size(config_.layers); ++layer) {
    auto& block = *blocks_[layer]->as<transformer::Block>();
    hidden_BTD = block.forward(hidden_BTD, block.keys_values(hidden_BTD, {}), {}, {}, noise);
  }
  return say_(said_norm_(hidden_BTD));
}

// Ticks that a forecast at tick t is about: T T, 1 where the second comes later, or is the tick itself and that has no
// curves of its own.
at::Tensor Grm::later_TT(const at::TensorOptions& options) const {
  return at::ones({config_.ticks, config_.ticks}, options).triu(config_.current_tick ? 1 : 0);
}

std::vector<policy::LossPart> Grm::loss(const policy::Batch& batch, at::Generator* noise) {
  const policy::Ticks& seen = batch.seen;
  const int64_t num_ticks = seen.mask_BT.size(1);
  const at::Tensor said = said_BTZ(seen, noise);
  const at::Tensor later_tT = later_TT(said.options()).slice(0, 0, num_ticks).slice(1, 0, num_ticks);
  const Offered on_offer = offered(seen.states_BTS);
  // A tick that ended the budget does not tell what its alpha brings.
  const at::Tensor real_BT1 = seen.mask_BT.unsqueeze(-1).gt(0.5);
  const at::Tensor taught_BT1 = real_BT1.logical_and(batch.label_weight_BT.unsqueeze(-1).gt(0));
  const auto where_taught = [&](const at::Tensor& x_BTX) {
    return at::where(taught_BT1, x_BTX, at::zeros_like(x_BTX));
  };
  const at::Tensor level_BT1 = where_taught(seen.actions_BTA.slice(2, 0, 1).clamp_min(0.0)) / alpha_unit_;
  const at::Tensor pvalue_BT1 = on_offer.pvalue / pvalue_unit_;
  const at::Tensor gained_BTY =
      brought_of(batch.gained_BTO, seen.constraint_BC.unsqueeze(1).expand({-1, num_ticks, -1}));
  const at::Tensor usual_unit_Y = brought_unit_Y_ * at::stack({at::ones_like(pvalue_unit_), pvalue_unit_});
  // What an impression brought, in units of what one usually brings.
  const at::Tensor each_BTY = where_taught(gained_BTY / (on_offer.num_pv * usual_unit_Y));
  const at::Tensor usual_T = usual_num_pv_T_.slice(0, 0, num_ticks);
  const at::Tensor num_pv_BT = where_taught(on_offer.num_pv).squeeze(-1) / usual_num_pv_T_.mean();
  const at::Tensor row_weight_BT = seen.mask_BT * batch.weight_B1;

  // What all later ticks brought at the alphas that were played there, by the curves that are said at each tick.
  const auto later = grm::curves_of(said.slice(2, 0, kCurveNumbers).unsqueeze(2));
  const at::Tensor error_BtTY = grm::brought(later, level_BT1.unsqueeze(1)) - each_BTY.unsqueeze(1);
  const at::Tensor pair_BtT = later_tT * num_pv_BT.unsqueeze(1);
  const at::Tensor pairs_Bt = pair_BtT.sum(-1);
  const at::Tensor error_Bt = (error_BtTY.square().sum(-1) * pair_BtT).sum(-1) / pairs_Bt.clamp_min(1e-6);
  std::vector<policy::LossPart> parts = {{"response", mean_of(error_Bt, row_weight_BT * pairs_Bt.gt(0))}};

  if (config_.current_tick) {
    const auto now = grm::curves_of(said.slice(2, kCurveNumbers, 2 * kCurveNumbers));
    const at::Tensor scale_BTY = at::cat({at::ones_like(pvalue_BT1), pvalue_BT1}, -1);
    const at::Tensor error_BTY =
        where_taught(grm::brought(now, level_BT1 * pvalue_BT1) * scale_BTY - each_BTY).square();
    parts.push_back({"tick", mean_of(error_BTY.sum(-1), num_pv_BT * batch.weight_B1)});
  }

  // How many impressions came later, by the usual number in these ticks: of a day that ended early the rest is unknown.
  const auto over_later = [&](const at::Tensor& x_BT) { return at::matmul(x_BT, later_tT.t()); };
  const at::Tensor came_BT = over_later(at::where(real_BT1, on_offer.num_pv, 0.0).squeeze(-1));
  const at::Tensor usual_BT = over_later(seen.mask_BT * usual_T);
  const at::Tensor known_BT = usual_BT / over_later(usual_T.unsqueeze(0)).clamp_min(kLeastNumPv);
  const at::Tensor ratio_BT = came_BT.clamp_min(kLeastNumPv) / usual_BT.clamp_min(kLeastNumPv);
  const at::Tensor log_error_BT = (said.select(2, -1) - ratio_BT.log()).square();
  parts.push_back({"traffic", config_.traffic_weight * mean_of(log_error_BT, row_weight_BT * known_BT)});
  return parts;
}

std::vector<policy::LossPart> Grm::losses(const policy::Step& step, size_t /*group*/, const policy::Batch& batch) {
  return loss(batch, is_training() ? &step.noise : nullptr);
}

std::vector<policy::LossPart> Grm::held_out_losses(const policy::Batch& batch, at::Generator& /*noise*/) {
  return loss(batch, nullptr);
}

std::vector<at::Tensor> Grm::initial_carry(int64_t rows) const {
  return {at::zeros({rows, config_.layers, config_.ticks, 2 * config_.width}, embed_state_->weight.options())};
}

// What is said at the last tick alone: the carry holds keys and values of earlier ticks, and this one's are entered.
at::Tensor Grm::said_now_B1Z(const policy::Ticks& history, const at::Tensor& last_B11, at::Tensor& carry) {
  at::Tensor past_B1X;
  if (own_past_) {
    const at::Tensor before_B11 = (last_B11 - 1).clamp_min(0);
    const at::Tensor brought_B1O = at_tick(history.before_BTO, last_B11) - at_tick(history.before_BTO, before_B11);
    past_B1X = own_past(at_tick(history.states_BTS, before_B11), at_tick(history.actions_BTA, before_B11),
                        brought_of(brought_B1O, history.constraint_BC.unsqueeze(1))) *
               last_B11.gt(0);
  }
  at::Tensor hidden_B1D =
      embed(at_tick(history.states_BTS, last_B11), history.ticks_BT.gather(1, last_B11.squeeze(-1)), past_B1X);
  const at::Tensor place_T = at::arange(config_.ticks, last_B11.options());
  const at::Tensor allowed_B11T = (place_T <= last_B11).unsqueeze(1);
  const at::Tensor here_BT1 = place_T.eq(last_B11).transpose(1, 2);
  std::vector<at::Tensor> kept;
  for (int64_t layer = 0; layer < config_.layers; ++layer) {
    auto& block = *blocks_[to_size(layer)]->as<transformer::Block>();
    kept.push_back(at::where(here_BT1, block.keys_values(hidden_B1D, {}), carry.select(1, layer)));
    hidden_B1D = block.forward(hidden_B1D, kept.back(), allowed_B11T, {}, nullptr);
  }
  carry = at::stack(kept, 1);
  return say_(said_norm_(hidden_B1D));
}

std::vector<grm::Ahead> Grm::ahead(const policy::Ticks& history, const at::Tensor& last_B11,
                                   const at::Tensor& said_BZ) const {
  const at::Tensor ones_B1 = at::ones_like(said_BZ.slice(1, 0, 1));
  const at::Tensor usual_T1 = at::matmul(later_TT(said_BZ.options()), usual_num_pv_T_.unsqueeze(-1));
  const at::Tensor num_pv_B1 =
      usual_T1.squeeze(-1).index_select(0, last_B11.flatten()).unsqueeze(-1) * said_BZ.slice(1, -1).exp();
  const auto unit_of = [&](const at::Tensor& num_B1, const at::Tensor& pvalue_B1) {
    return at::cat({num_B1, num_B1 * pvalue_B1}, 1) * brought_unit_Y_;
  };
  std::vector<grm::Ahead> parts = {{grm::curves_of(said_BZ.slice(1, 0, kCurveNumbers)), ones_B1 / alpha_unit_,
                                    unit_of(num_pv_B1, ones_B1 * pvalue_unit_)}};
  if (config_.current_tick) {
    const Offered now = offered(at_tick(history.states_BTS, last_B11).squeeze(1));
    parts.push_back({grm::curves_of(said_BZ.slice(1, kCurveNumbers, 2 * kCurveNumbers)),
                     now.pvalue / (alpha_unit_ * pvalue_unit_), unit_of(now.num_pv, now.pvalue)});
  }
  return parts;
}

policy::Action Grm::act(const policy::Ticks& history, const at::Tensor& /*wishes_BO*/, const at::Tensor& /*noise_BN*/,
                        const std::vector<at::Tensor>& carry) {
  const at::Tensor last_B11 = (history.mask_BT.sum(1).to(at::kLong) - 1).view({-1, 1, 1});
  std::vector<at::Tensor> kept = carry;
  const at::Tensor said_BZ =
      (carry.empty() ? at_tick(said_BTZ(history, nullptr), last_B11) : said_now_B1Z(history, last_B11, kept[0]))
          .squeeze(1);
  const at::Tensor before_BY = brought_of(at_tick(history.before_BTO, last_B11).squeeze(1), history.constraint_BC);
  const grm::Standing standing = {before_BY.slice(1, 0, 1), before_BY.slice(1, 1, 2),
                                  history.constraint_BC.slice(1, 0, 1), history.constraint_BC.slice(1, 1, 2)};
  policy::Action action = {grm::alpha_for(ahead(history, last_B11, said_BZ), standing,
                                          grm::parse_attitude(config_.attitude), least_alpha_, most_alpha_)};
  action.carry = kept;
  return action;
}

}  // namespace genbid::models
