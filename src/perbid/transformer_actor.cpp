#include "perbid/transformer_actor.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "base/convert.h"

namespace genbid::perbid {
namespace {

at::Tensor spread(int64_t agents, int64_t from, int64_t to) {
  const double range = 1.0 / std::sqrt(as_double(from));
  return at::empty({agents, from, to}).uniform_(-range, range);
}

// Far slots are seen less easily (ALiBi, Press et al., ICLR 2022): the score of a slot falls by the head's slope with
// every slot between. One number more of each query, the slope, and of each key, its place, add up to that, but for
// what is the same for all keys of a query; scores are divided by the root of the longer length.
constexpr double kSteepest = 0.25;

at::Tensor sloped(const at::Tensor& query_NHLE) {
  const int64_t heads = query_NHLE.size(1);
  const double length = as_double(query_NHLE.size(3));
  const at::Tensor slope_H11 =
      ((at::arange(heads, at::kFloat) * (-6.0 / as_double(heads))).exp2() * (kSteepest * std::sqrt(length + 1.0)))
          .view({-1, 1, 1});
  const at::Tensor one_NHL1 = at::ones_like(query_NHLE.slice(3, 0, 1));
  return at::cat({query_NHLE * std::sqrt((length + 1.0) / length), one_NHL1 * slope_H11}, 3);
}

at::Tensor placed(const at::Tensor& key_NHLE) {
  const at::Tensor place_L1 = at::arange(key_NHLE.size(2), at::kFloat).unsqueeze(1);
  return at::cat({key_NHLE, at::ones_like(key_NHLE.slice(3, 0, 1)) * place_L1}, 3);
}

at::Tensor standardised(const at::Tensor& x_MBD) { return at::layer_norm(x_MBD, {x_MBD.size(-1)}); }

}  // namespace

void TransformerActorConfig::fields(ConfigVisitor& v) {
  v.field("layers", layers, {1, 16});
  v.field("heads", heads, {1, 64});
  v.field("context", context, {1, 288});
  v.field("days", days, {1, 4096});
  losses.fields(v);
}

StackedBlock::StackedBlock(int64_t agents, int64_t width, int64_t heads) : heads_(heads) {
  norms_M2D2_ = register_parameter("norms", at::tensor({1.0F, 0.0F}).expand({agents, 2, width, 2}).contiguous());
  query_key_value_ = register_parameter("query_key_value", spread(agents, width, 3 * width));
  query_key_value_bias_ = register_parameter("query_key_value_bias", at::zeros({agents, 1, 3 * width}));
  out_ = register_parameter("out", spread(agents, width, width));
  out_bias_ = register_parameter("out_bias", at::zeros({agents, 1, width}));
  feed_ = register_module("feed", std::make_shared<StackedLayers>(agents, width, 2 * width, 1, width));
}

at::Tensor StackedBlock::normed(const at::Tensor& x_MBD, int64_t which) const {
  const at::Tensor one_MD2 = norms_M2D2_.select(1, which);
  const at::Tensor scale_shift = x_MBD.dim() == 3 ? one_MD2.unsqueeze(1) : one_MD2;
  return standardised(x_MBD) * scale_shift.select(-1, 0) + scale_shift.select(-1, 1);
}

at::Tensor StackedBlock::asked(const at::Tensor& x_MBD, int64_t slots) const {
  const at::Tensor said = stacked_linear(normed(x_MBD, 0), query_key_value_, query_key_value_bias_);
  const at::Tensor rows = said.dim() == 3 ? said.flatten(0, 1) : said;
  const at::Tensor days = slots == 1 ? rows.unsqueeze(1) : rows.unflatten(0, {-1, slots});
  return days.unflatten(-1, {3, heads_, x_MBD.size(-1) / heads_}).permute({0, 2, 3, 1, 4});
}

at::Tensor StackedBlock::answered(const at::Tensor& x_MBD, const at::Tensor& attended_NHLE) const {
  const at::Tensor days_NLD = attended_NHLE.transpose(1, 2).flatten(2);
  const at::Tensor rows = days_NLD.size(1) == 1 ? days_NLD.squeeze(1) : days_NLD.flatten(0, 1);
  const at::Tensor joined_MBD = x_MBD.dim() == 3 ? rows.unflatten(0, {x_MBD.size(0), -1}) : rows;
  const at::Tensor sum_MBD = x_MBD + stacked_linear(joined_MBD, out_, out_bias_);
  return sum_MBD + feed_->forward(normed(sum_MBD, 1));
}

at::Tensor StackedBlock::whole_days(const at::Tensor& x_MBD, int64_t slots, const at::Tensor& seen_LL) const {
  const at::Tensor all = asked(x_MBD, slots);
  return answered(x_MBD, at::scaled_dot_product_attention(sloped(all.select(1, 0)), placed(all.select(1, 1)),
                                                          all.select(1, 2), seen_LL));
}

at::Tensor StackedBlock::next_slot(const at::Tensor& x_MBD, const at::Tensor& seen_N11L, at::Tensor& keys,
                                   at::Tensor& values) const {
  const at::Tensor all = asked(x_MBD, 1);
  if (!keys.defined()) return answered(x_MBD, all.select(1, 2));  // it sees itself alone
  const at::Tensor key = at::cat({keys, all.select(1, 1)}, 2);
  const at::Tensor value = at::cat({values, all.select(1, 2)}, 2);
  keys = key.slice(2, 1);
  values = value.slice(2, 1);
  return answered(x_MBD, at::scaled_dot_product_attention(sloped(all.select(1, 0)), placed(key), value, seen_N11L));
}

struct TransformerActor::Network : torch::nn::Module {
  std::shared_ptr<StackedLayers> in;
  std::vector<std::shared_ptr<StackedBlock>> blocks;
  std::shared_ptr<StackedLayers> head;

  Network(int64_t agents, int64_t inputs, int64_t width, const TransformerActorConfig& config) {
    in = register_module("in", std::make_shared<StackedLayers>(agents, inputs, width, 1, width));
    for (int64_t i = 0; i < config.layers; ++i) {
      blocks.push_back(
          register_module("block" + std::to_string(i), std::make_shared<StackedBlock>(agents, width, config.heads)));
    }
    head = register_module("head", std::make_shared<StackedLayers>(agents, width + 1, width, 1, 2));
  }
};

TransformerActor::TransformerActor(int64_t agents, int64_t inputs, int64_t width, const TransformerActorConfig& config)
    : config_(config), width_(width), network_(std::make_shared<Network>(agents, inputs, width, config)) {}

std::shared_ptr<torch::nn::Module> TransformerActor::network() const { return network_; }

std::vector<at::Tensor> TransformerActor::first_memory(int64_t days) const {
  const int64_t before = config_.context - 1;
  if (before == 0) return {};
  std::vector<at::Tensor> memory{at::zeros({days, before})};
  for (int64_t i = 0; i < 2 * config_.layers; ++i) {
    memory.push_back(at::zeros({days, config_.heads, before, width_ / config_.heads}));
  }
  return memory;
}

at::Tensor TransformerActor::seen_LL(int64_t slots) const {
  const at::Tensor all_LL = at::ones({slots, slots}, at::kBool);
  return all_LL.tril().logical_and(all_LL.triu(1 - config_.context));
}

at::Tensor TransformerActor::read_MBD(const ActorInputs& inputs) const {
  at::Tensor x_MBD = network_->in->forward(inputs.features_MBX);
  if (inputs.slots > 1) {
    const at::Tensor seen = seen_LL(inputs.slots);
    for (const auto& block : network_->blocks) x_MBD = block->whole_days(x_MBD, inputs.slots, seen);
    return standardised(x_MBD);
  }
  std::vector<at::Tensor> none(1 + 2 * network_->blocks.size());
  const bool remembers = inputs.memory != nullptr && !inputs.memory->empty();
  std::vector<at::Tensor>& memory = remembers ? *inputs.memory : none;
  at::Tensor seen_N11L;
  if (remembers) {
    const at::Tensor seen_NL = at::cat({memory[0], at::ones_like(memory[0].slice(1, 0, 1))}, 1);
    memory[0] = seen_NL.slice(1, 1);
    seen_N11L = seen_NL.gt(0.5).unsqueeze(1).unsqueeze(1);
  }
  for (size_t i = 0; i < network_->blocks.size(); ++i) {
    x_MBD = network_->blocks[i]->next_slot(x_MBD, seen_N11L, memory[1 + 2 * i], memory[2 + 2 * i]);
  }
  return standardised(x_MBD);
}

at::Tensor TransformerActor::said_MB2(const at::Tensor& read_MBD, const at::Tensor& wish_MB1) const {
  return network_->head->forward(at::cat({read_MBD, wish_MB1}, -1));
}

at::Tensor TransformerActor::said_MB2(const ActorInputs& inputs) const {
  return said_MB2(read_MBD(inputs), inputs.wish_MB1);
}

Actor::Lesson TransformerActor::lesson(const ActorInputs& inputs, const Made& made,
                                       const at::Generator& /*generator*/) const {
  const at::Tensor read = read_MBD(inputs);
  const at::Tensor as_made_MB2 = at::tanh(said_MB2(read, made.gain_MB1));
  return {said_MB2(read, inputs.wish_MB1), (as_made_MB2 - made.steps_MB2).square().mean()};
}

}  // namespace genbid::perbid
