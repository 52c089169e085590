#pragma once

#include "perbid/actor.h"
#include "perbid/stacked_layers.h"

namespace genbid::perbid {

// The papers' actor (USCB, KDD 2021; PerBid, KDD 2023): a perceptron that sees one state and is asked for nothing. It
// learns by what its critic says alone.
class PerceptronActor : public Actor {
 public:
  PerceptronActor(int64_t agents, int64_t inputs, int64_t width, int64_t depth)
      : layers_(std::make_shared<StackedLayers>(agents, inputs, width, depth, 2)) {}

  std::shared_ptr<torch::nn::Module> network() const override { return layers_; }
  at::Tensor said_MB2(const ActorInputs& inputs) const override { return layers_->forward(inputs.features_MBX); }
  Lesson lesson(const ActorInputs& inputs, const Made& /*made*/, const at::Generator& /*generator*/) const override {
    return {said_MB2(inputs), {}};
  }

 private:
  std::shared_ptr<StackedLayers> layers_;
};

}  // namespace genbid::perbid
