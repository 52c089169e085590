#include "train/ema.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>

#include "base/convert.h"

namespace genbid::train {

Ema::Ema(const std::vector<at::Tensor>& parameters, double decay) : decay_(decay), parameters_(parameters) {
  const torch::NoGradGuard no_grad;
  for (const at::Tensor& parameter : parameters_) averages_.push_back(parameter.detach().clone());
  weight_ = at::ones({}, parameters_.empty() ? at::TensorOptions() : averages_.front().options());
  weights_.assign(parameters_.size(), weight_);
}

void Ema::prepare(int64_t step) {
  const auto count = as_double(step);
  const double decay = std::min(decay_, (1.0 + count) / (10.0 + count));
  weight_.fill_(1.0 - decay);
}

void Ema::update() {
  const torch::NoGradGuard no_grad;
  at::_foreach_lerp_(averages_, parameters_, weights_);
}

void Ema::exchange() {
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor held = parameters_[i].detach().clone();
    parameters_[i].copy_(averages_[i]);
    averages_[i].copy_(held);
  }
}

Ema::Swap::Swap(Ema& ema) : ema_(ema) { ema_.exchange(); }
Ema::Swap::~Swap() { ema_.exchange(); }

}  // namespace genbid::train
