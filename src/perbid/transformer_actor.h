#pragma once

#include <memory>
#include <vector>

#include "base/config/config.h"
#include "perbid/actor.h"
#include "perbid/stacked_layers.h"

// N days of all agents together, L slots that are seen, D width, H heads, E = D / H.

namespace genbid::perbid {

struct TransformerActorConfig {
  int64_t layers = 2;
  int64_t heads = 4;
  int64_t context = 16;  // slots that a layer sees, the next one included
  int64_t days = 8;      // that are learned from in a step
  ActorLosses losses;

  void fields(ConfigVisitor& v);
};

// Attention and feed-forward of one layer, for M agents side by side.
class StackedBlock : public torch::nn::Module {
 public:
  StackedBlock(int64_t agents, int64_t width, int64_t heads);

  // Whole days (ActorInputs::slots of each); `seen_LL`: which slots each sees.
  at::Tensor whole_days(const at::Tensor& x_MBD, int64_t slots, const at::Tensor& seen_LL) const;
  // The next slot. Keys and values of those before (N H L-1 E) move on by it; undefined: none is remembered.
  at::Tensor next_slot(const at::Tensor& x_MBD, const at::Tensor& seen_N11L, at::Tensor& keys,
                       at::Tensor& values) const;

 private:
  at::Tensor normed(const at::Tensor& x_MBD, int64_t which) const;
  // N 3 H L E: queries, keys and values.
  at::Tensor asked(const at::Tensor& x_MBD, int64_t slots) const;
  at::Tensor answered(const at::Tensor& x_MBD, const at::Tensor& attended_NHLE) const;

  int64_t heads_;
  at::Tensor norms_M2D2_;  // scale and shift, of attention and of feed-forward
  at::Tensor query_key_value_, query_key_value_bias_;
  at::Tensor out_, out_bias_;
  std::shared_ptr<StackedLayers> feed_;
};

// A decision transformer over the slots of a day (Chen et al., NeurIPS 2021; with a critic beside it as QT, Hu et al.,
// ICML 2024): a token for each slot, causal attention that sees the last `context` of them, near ones more easily. The
// wish, a return to go in its sense, meets what the last layer says, so that it acts on every slot and what was asked
// before does not matter. Days are learned whole, each slot with the context that it has when it is played.
class TransformerActor : public Actor {
 public:
  TransformerActor(int64_t agents, int64_t inputs, int64_t width, const TransformerActorConfig& config);

  std::shared_ptr<torch::nn::Module> network() const override;
  at::Tensor said_MB2(const ActorInputs& inputs) const override;
  Lesson lesson(const ActorInputs& inputs, const Made& made, const at::Generator& generator) const override;
  // Which slots were there (N L-1, 1 or 0), and each layer's keys and values of them.
  std::vector<at::Tensor> first_memory(int64_t days) const override;
  int64_t days_a_step() const override { return config_.days; }

 private:
  struct Network;
  at::Tensor read_MBD(const ActorInputs& inputs) const;  // what the last layer makes of each slot
  at::Tensor said_MB2(const at::Tensor& read_MBD, const at::Tensor& wish_MB1) const;
  at::Tensor seen_LL(int64_t slots) const;

  TransformerActorConfig config_;
  int64_t width_;
  std::shared_ptr<Network> network_;
};

}  // namespace genbid::perbid
