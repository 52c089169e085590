#include "train/optimizer.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/utils.h>

namespace genbid::train {

AdamW::AdamW(const std::map<std::string, at::Tensor>& parameters, const AdamWOptions& options) : options_(options) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    names_.push_back(name);
    parameters_.push_back(parameter);
    moments1_.push_back(at::zeros_like(parameter));
    moments2_.push_back(at::zeros_like(parameter));
    step_counts_.push_back(at::zeros({}, parameter.options()));
  }
  // The operator reads a float on CUDA. On a CPU it takes any number, so there the rate keeps all its digits.
  const at::TensorOptions tensor = parameters_.empty() ? at::TensorOptions() : parameters_.front().options();
  rate_ = at::zeros({}, tensor.dtype(tensor.device().is_cuda() ? at::kFloat : at::kDouble).requires_grad(false));
}

void AdamW::set_rate(double learning_rate) { rate_.fill_(learning_rate); }

void AdamW::backward(const at::Tensor& loss, bool add) { backward(loss, add, {this}); }

void AdamW::backward(const at::Tensor& loss, bool add, const std::vector<AdamW*>& optimizers) {
  std::vector<at::Tensor> all;
  for (AdamW* const one : optimizers) {
    for (at::Tensor& parameter : one->parameters_) {
      if (!add) parameter.mutable_grad() = at::Tensor();
      all.push_back(parameter);
    }
  }
  torch::autograd::backward({loss}, {}, /*retain_graph=*/false, /*create_graph=*/false, all);
}

void AdamW::append_gradients(std::vector<at::Tensor>& flat) const {
  for (const at::Tensor& parameter : parameters_) {
    flat.push_back(parameter.grad().defined() ? parameter.grad().flatten()
                                              : at::zeros({parameter.numel()}, parameter.options()));
  }
}

int64_t AdamW::take_gradients(const at::Tensor& flat, int64_t begin) {
  for (at::Tensor& parameter : parameters_) {
    parameter.mutable_grad() = flat.narrow(0, begin, parameter.numel()).view(parameter.sizes());
    begin += parameter.numel();
  }
  return begin;
}

at::Tensor AdamW::step() {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  gradients.reserve(parameters_.size());
  for (const at::Tensor& parameter : parameters_) {
    gradients.push_back(parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter));
  }
  const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)), 2);
  // The operator divides gradients by grad_scale and skips the update where found_inf is 1.
  const at::Tensor grad_scale = (norm / options_.clip_norm).clamp_min(1.0);
  const at::Tensor found_inf = at::isfinite(norm).logical_not().to(at::kFloat);
  at::_foreach_add_(step_counts_, 1);
  at::_fused_adamw_(parameters_, gradients, moments1_, moments2_, {}, step_counts_, rate_, options_.beta1,
                    options_.beta2, options_.weight_decay, options_.epsilon, /*amsgrad=*/false,
                    /*maximize=*/false, grad_scale, found_inf);
  return norm;
}

}  // namespace genbid::train
