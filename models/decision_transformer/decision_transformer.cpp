#include "models/decision_transformer/decision_transformer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "models/inputs/tick_code.h"
#include "models/losses.h"

// B rows, T ticks, n tokens a tick, L tokens in all, S features, A action coefficients, Y numbers said of them, O
// outcomes, D width.

namespace genbid::models {
namespace {

// The action of the tick before each; 0 before the first.
at::Tensor shifted(const at::Tensor& actions_BTA) {
  return at::constant_pad_nd(actions_BTA.slice(1, 0, actions_BTA.size(1) - 1), {0, 0, 1, 0});
}

int64_t wish_tokens(const DecisionTransformerConfig& config) {
  if (config.wishes.empty() || config.conditioning == "film") return 0;
  return config.conditioning == "tokens" ? std::ssize(config.wishes) : 1;
}

}  // namespace

void DecisionTransformerConfig::fields(ConfigVisitor& v) {
  v.field("window", window, {1, 96});
  v.field("width", width, {1, 65536});
  v.field("layers", layers, {1, 128});
  v.field("heads", heads, {1, 256});
  v.field("inner", inner, {1, 65536});
  v.field("dropout", dropout, {0.0, 0.99});
  v.field("context", context, {"days", "windows"});
  v.field("tokens", tokens, {"separate", "merged"});
  v.field("wishes", wishes);
  v.check(are_outcomes(wishes), "wishes", expected_wishes());
  v.field("conditioning", conditioning, {"token", "tokens", "film"});
  v.check(tokens != "merged" || conditioning != "tokens", "conditioning", "token or film beside tokens: merged");
  v.field("target_quantile", target_quantile, {0.0, 1.0});
  v.field("target_cpa", target_cpa, {0.0, 10.0});
  v.field("own_bids", own_bids, own_bids_modes());
  v.check(width % heads == 0, "heads", "a divisor of width");
  alpha.fields(v);
  v.check(!alpha.is_gaussian() || context == "days", "head", "point beside context: windows");
}

DecisionTransformer::DecisionTransformer(const DecisionTransformerConfig& config, const policy::PolicyShape& shape)
    : config_(config),
      days_(config.context == "days"),
      num_wish_tokens_(wish_tokens(config)),
      wishes_apart_(config.conditioning == "tokens"),
      merged_(config.tokens == "merged"),
      states_(register_module("states", nn::Normalizer(shape.num_features))),
      actions_(register_module("actions", nn::Normalizer(shape.num_actions))),
      own_bids_(register_module("own_bids", OwnBids(config.own_bids, shape))),
      wishes_(register_module("wishes", WishInput(config.wishes, config.target_quantile, config.target_cpa))) {
  if (config.alpha.is_gaussian()) {
    log_alpha_ = register_module("log_alpha", LogAlpha(shape.num_actions, config.alpha));
  } else {
    labels_ = register_module("labels", nn::Normalizer(shape.num_actions));
  }
  action_tokens_ = !own_bids_->hidden();
  num_tokens_ = merged_ ? 1 : num_wish_tokens_ + 1 + (action_tokens_ ? 1 : 0);
  state_token_ = merged_ ? 0 : num_wish_tokens_;
  const int64_t width = config.width;
  embed_tick_ = register_module("embed_tick", torch::nn::Linear(kTickCode, width));
  if (wishes_apart_) {
    embed_wishes_ = register_module("embed_wishes", torch::nn::ModuleList());
    for (int64_t w = 0; w < wishes_->size(); ++w) embed_wishes_->push_back(torch::nn::Linear(1, width));
  } else if (wishes_->size() > 0) {
    embed_wish_ = register_module("embed_wish", torch::nn::Linear(wishes_->size(), width));
  }
  embed_state_ = register_module("embed_state", torch::nn::Linear(shape.num_features, width));
  if (action_tokens_) embed_action_ = register_module("embed_action", torch::nn::Linear(shape.num_actions, width));
  embed_norm_ = register_module("embed_norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  transformer::BlockOptions options{width, config.heads, config.inner, config.dropout, false};
  options.film = wishes_->size() > 0 && num_wish_tokens_ == 0;
  for (int64_t layer = 0; layer < config.layers; ++layer) blocks_->push_back(transformer::Block(options));
  predict_action_ = register_module("predict_action",
                                    torch::nn::Linear(width, log_alpha_ ? log_alpha_->num_said() : shape.num_actions));
}

void DecisionTransformer::fit(const policy::TrainingColumns& columns) {
  states_->fit(columns.states_NS);
  actions_->fit(columns.actions_NA);
  if (log_alpha_) {
    log_alpha_->fit(columns.labels_NA);
  } else {
    labels_->fit(columns.labels_NA);
  }
  wishes_->fit(columns);
}

int64_t DecisionTransformer::window() const {
  constexpr int64_t kLongestDay = 96;
  if (!days_) return config_.window;
  // A merged token reads the action of the tick before its own.
  const int64_t before = merged_ && action_tokens_ ? 1 : 0;
  return std::min(config_.layers * (config_.window - 1) + 1 + before, kLongestDay + before);
}

int64_t DecisionTransformer::cached_tokens() const { return num_tokens_ * (config_.window - 1) + state_token_ + 1; }

std::vector<at::Tensor> DecisionTransformer::initial_carry(int64_t rows) const {
  if (!days_) return {};
  return {at::zeros({rows, config_.layers, cached_tokens(), 2 * config_.width}, embed_state_->weight.options())};
}

// Whether a token may see another one: bool, Q L. Token i of tick t has number n t + i.
at::Tensor DecisionTransformer::allowed(const at::Tensor& query_tokens_Q, const at::Tensor& key_tokens_L) const {
  const auto tick = [&](const at::Tensor& tokens) { return at::floor_divide(tokens, num_tokens_); };
  const at::Tensor query_Q1 = query_tokens_Q.unsqueeze(1);
  const at::Tensor in_band_QL = tick(key_tokens_L) > tick(query_Q1) - config_.window;
  return in_band_QL.logical_and(key_tokens_L <= query_Q1);
}

DecisionTransformer::Tokens DecisionTransformer::embed(const policy::Ticks& ticks, const at::Tensor& previous_BTA,
                                                       const at::Tensor& whole_BO, at::Generator* noise) {
  const at::Tensor tick_BTD = embed_tick_(tick_code(ticks.ticks_BT));
  const at::Tensor shown_B11 = own_bids_->shown_B11(ticks.states_BTS, noise);
  const at::Tensor state_BTD = embed_state_(own_bids_->states(states_(ticks.states_BTS), shown_B11));
  const auto action_BTD = [&](const at::Tensor& actions_BTA) {
    return embed_action_(actions_(actions_BTA) * shown_B11);
  };
  std::vector<at::Tensor> wishes_BTD;  // one for each wish token, or one for what conditions the norms
  if (wishes_->size() > 0) {
    const at::Tensor wish_BTW = wishes_(ticks, whole_BO);
    if (!wishes_apart_) wishes_BTD.push_back(embed_wish_(wish_BTW));
    for (int64_t w = 0; wishes_apart_ && w < wishes_->size(); ++w) {
      wishes_BTD.push_back(embed_wishes_[to_size(w)]->as<torch::nn::Linear>()->forward(wish_BTW.slice(2, w, w + 1)));
    }
  }

  Tokens tokens;
  if (!wishes_BTD.empty() && num_wish_tokens_ == 0) tokens.film_BTD = at::silu(wishes_BTD[0] + tick_BTD);
  if (merged_) {
    at::Tensor sum_BTD = state_BTD + tick_BTD;
    if (num_wish_tokens_ > 0) sum_BTD = sum_BTD + wishes_BTD[0];
    if (action_tokens_) sum_BTD = sum_BTD + action_BTD(previous_BTA);
    tokens.of_ticks_BTnD = sum_BTD.unsqueeze(2);
  } else {
    std::vector<at::Tensor> parts;
    for (int64_t w = 0; w < num_wish_tokens_; ++w) parts.push_back(wishes_BTD[to_size(w)] + tick_BTD);
    parts.push_back(state_BTD + tick_BTD);
    if (action_tokens_) parts.push_back(action_BTD(ticks.actions_BTA) + tick_BTD);
    tokens.of_ticks_BTnD = at::stack(parts, 2);
  }
  tokens.of_ticks_BTnD = embed_norm_(tokens.of_ticks_BTnD);
  return tokens;
}

at::Tensor DecisionTransformer::predict_BTY(const policy::Ticks& ticks, const at::Tensor& whole_BO,
                                            at::Generator* noise) {
  const Tokens tokens = embed(ticks, merged_ ? shifted(ticks.actions_BTA) : at::Tensor(), whole_BO, noise);
  const int64_t num_ticks = ticks.states_BTS.size(1);
  at::Tensor hidden_BLD = tokens.of_ticks_BTnD.flatten(1, 2);
  at::Tensor film_BLD;
  if (tokens.film_BTD.defined()) film_BLD = tokens.film_BTD.repeat_interleave(num_tokens_, 1);
  const at::Tensor token_L = at::arange(num_ticks * num_tokens_, ticks.ticks_BT.options());
  at::Tensor allowed_LL;  // undefined: all that came before
  if (num_ticks > config_.window) allowed_LL = allowed(token_L, token_L);
  const auto at_states = [&](const at::Tensor& x_BLX, int64_t dim) {
    return x_BLX.unflatten(dim, {num_ticks, num_tokens_}).select(dim + 1, state_token_);
  };
  const auto last = static_cast<size_t>(config_.layers) - 1;
  for (size_t layer = 0; layer < last; ++layer) {
    auto& block = *blocks_[layer]->as<transformer::Block>();
    hidden_BLD = block.forward(hidden_BLD, block.keys_values(hidden_BLD, film_BLD), allowed_LL, film_BLD, noise);
  }
  // The last block's output is read at states alone, so only that is computed.
  auto& block = *blocks_[last]->as<transformer::Block>();
  const at::Tensor keys_values_BLE = block.keys_values(hidden_BLD, film_BLD);
  if (num_tokens_ > 1) {
    allowed_LL = allowed(at_states(token_L, 0), token_L);
    hidden_BLD = at_states(hidden_BLD, 1);
  }
  return predict_action_(block.forward(hidden_BLD, keys_values_BLE, allowed_LL, tokens.film_BTD, noise));
}

policy::LossPart DecisionTransformer::loss_of(const at::Tensor& said_BTY, const policy::Batch& batch) {
  return log_alpha_ ? log_alpha_->loss(said_BTY, batch) : action_loss(said_BTY, labels_(batch.label_BTA), batch);
}

std::vector<policy::LossPart> DecisionTransformer::losses(const policy::Step& step, size_t /*group*/,
                                                          const policy::Batch& batch) {
  return {loss_of(predict_BTY(batch.seen, batch.outcome_BO, is_training() ? &step.noise : nullptr), batch)};
}

std::vector<policy::LossPart> DecisionTransformer::held_out_losses(const policy::Batch& batch,
                                                                   at::Generator& /*noise*/) {
  return {loss_of(predict_BTY(batch.seen, batch.outcome_BO, nullptr), batch)};
}

policy::ChoiceSize DecisionTransformer::choice_size() const {
  return log_alpha_ ? log_alpha_->choice_size() : policy::ChoiceSize{};
}

at::Tensor DecisionTransformer::log_densities_BTL(const policy::Ticks& days, const at::Tensor& wishes_BO,
                                                  const at::Tensor& choices_BTX) {
  if (!log_alpha_) return Policy::log_densities_BTL(days, wishes_BO, choices_BTX);
  return log_alpha_->log_density(predict_BTY(days, wishes_BO, nullptr), choices_BTX);
}

policy::Action DecisionTransformer::action_of(const at::Tensor& said_BY, const at::Tensor& noise_BN) const {
  if (log_alpha_) return log_alpha_->act(said_BY, noise_BN);
  return {labels_->inverse(said_BY).clamp_min(0.0)};
}

policy::Action DecisionTransformer::act(const policy::Ticks& history, const at::Tensor& wishes_BO,
                                        const at::Tensor& noise_BN, const std::vector<at::Tensor>& carry) {
  const at::Tensor last_B11 = (history.mask_BT.sum(1).to(at::kLong) - 1).view({-1, 1, 1});
  const auto at_tick = [](const at::Tensor& x_BTX, const at::Tensor& tick_B11) {
    return x_BTX.gather(1, tick_B11.expand({-1, 1, x_BTX.size(2)}));
  };
  if (carry.empty()) {
    return action_of(at_tick(predict_BTY(history, wishes_BO, nullptr), last_B11).squeeze(1), noise_BN);
  }

  // The tick before, of which the action is new, and this one. Before a day's first tick nothing was bid: what stands
  // in for that tick is seen by nobody.
  const at::Tensor two_B2 = at::cat({(last_B11 - 1).clamp_min(0), last_B11}, 1).squeeze(-1);
  const auto of_two = [&](const at::Tensor& x_BTX) {
    return x_BTX.gather(1, two_B2.unsqueeze(-1).expand({-1, -1, x_BTX.size(2)}));
  };
  policy::Ticks two;
  two.states_BTS = of_two(history.states_BTS);
  two.before_BTO = of_two(history.before_BTO);
  two.ticks_BT = history.ticks_BT.gather(1, two_B2);
  const at::Tensor previous_BTA = shifted(of_two(history.actions_BTA)) * two.ticks_BT.slice(1, 1).unsqueeze(-1).gt(0);
  two.actions_BTA = previous_BTA.roll(-1, 1);
  const Tokens tokens = embed(two, previous_BTA, wishes_BO, nullptr);
  // The new tokens are those from behind the state of the tick before up to the state of this one.
  const auto new_tokens = [&](const at::Tensor& x_BLX) {
    return x_BLX.slice(1, state_token_ + 1, state_token_ + 1 + num_tokens_);
  };
  at::Tensor new_BnD = new_tokens(tokens.of_ticks_BTnD.flatten(1, 2));
  at::Tensor film_BnD;
  if (tokens.film_BTD.defined()) film_BnD = new_tokens(tokens.film_BTD.repeat_interleave(num_tokens_, 1));

  // Numbers of the tokens: those that are kept, then the new ones, up to the state of this tick.
  const int64_t cached = cached_tokens();
  const at::Tensor place_L = at::arange(cached + num_tokens_, history.ticks_BT.options());
  const at::Tensor key_B1L = num_tokens_ * (two.ticks_BT.slice(1, 1).unsqueeze(-1) - config_.window) + place_L;
  const at::Tensor query_n = place_L.slice(0, cached);
  // By differences of numbers, which are the same for any tick; those before the day are not there. A token sees itself
  // in any case, so that no row of the attention is empty.
  const at::Tensor there_B1L = key_B1L.ge(0);
  const at::Tensor band_nL = allowed(query_n, place_L);
  const at::Tensor itself_nL = query_n.unsqueeze(1).eq(place_L);
  const at::Tensor allowed_B1nL = there_B1L.unsqueeze(1).logical_and(band_nL).logical_or(itself_nL);

  std::vector<at::Tensor> kept;
  const auto last = static_cast<size_t>(config_.layers) - 1;
  for (size_t layer = 0; layer <= last; ++layer) {
    auto& block = *blocks_[layer]->as<transformer::Block>();
    const at::Tensor all_BLE =
        at::cat({carry[0].select(1, static_cast<int64_t>(layer)), block.keys_values(new_BnD, film_BnD)}, 1);
    kept.push_back(all_BLE.slice(1, num_tokens_));
    if (layer == last && num_tokens_ > 1) {
      const at::Tensor film_B1D = film_BnD.defined() ? film_BnD.slice(1, num_tokens_ - 1) : film_BnD;
      new_BnD = block.forward(new_BnD.slice(1, num_tokens_ - 1), all_BLE, allowed_B1nL.slice(2, num_tokens_ - 1),
                              film_B1D, nullptr);
    } else {
      new_BnD = block.forward(new_BnD, all_BLE, allowed_B1nL, film_BnD, nullptr);
    }
  }
  policy::Action action = action_of(predict_action_(new_BnD).select(1, 0), noise_BN);
  action.carry = {at::stack(kept, 1)};
  return action;
}

}  // namespace genbid::models
