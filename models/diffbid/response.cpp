#include "models/diffbid/response.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace genbid::models::diffbid {
namespace {

constexpr int64_t kBrought = 2;          // Y
constexpr double kLeastAlpha = 1e-3;     // e, in units
constexpr double kLeastSlope = 0.1;      // a flat curve could not be read the other way round
constexpr double kLeastShare = 0.01;     // of a curve's height: nearer to its ends it says nothing of an alpha
constexpr double kTail = 0.005;          // of the labels
constexpr int64_t kFitRows = 1'000'000;  // quantiles are taken over as many

at::Tensor log_of(const at::Tensor& alpha, const at::Tensor& unit) {
  return (alpha.clamp_min(0.0) / unit + kLeastAlpha).log();
}

}  // namespace

ResponseImpl::ResponseImpl(const ResponseOptions& options)
    : alpha_unit_(register_buffer("alpha_unit", at::ones({}))),
      brought_unit_Y_(register_buffer("brought_unit", at::ones({kBrought}))),
      lowest_(register_buffer("lowest", at::full({}, -5.0))),
      highest_(register_buffer("highest", at::full({}, 5.0))) {
  torch::nn::Sequential network;
  int64_t inputs = options.num_inputs;
  for (int64_t layer = 0; layer < options.depth; ++layer) {
    network->push_back(torch::nn::Linear(inputs, options.width));
    network->push_back(torch::nn::ReLU());
    inputs = options.width;
  }
  network->push_back(torch::nn::Linear(inputs, 4 * kBrought));
  network_ = register_module("network", network);
}

void ResponseImpl::fit(const at::Tensor& labels_NA, const at::Tensor& brought_NY) {
  const torch::NoGradGuard no_grad;
  const int64_t stride = (labels_NA.size(0) + kFitRows - 1) / kFitRows;
  const at::Tensor labels_N = labels_NA.slice(0, 0, labels_NA.size(0), std::max<int64_t>(stride, 1)).select(1, 0);
  const at::Tensor median = labels_N.median();
  alpha_unit_.copy_(at::where(median > 0, median, at::ones_like(median)));
  brought_unit_Y_.copy_(brought_NY.to(at::kDouble).mean(0).clamp_min(1e-6));
  const at::Tensor u_N = std::get<0>(log_of(labels_N, alpha_unit_).sort());
  const auto last = static_cast<double>(u_N.size(0) - 1);
  lowest_.copy_(u_N[static_cast<int64_t>(std::floor(kTail * last))]);
  highest_.copy_(u_N[static_cast<int64_t>(std::ceil((1.0 - kTail) * last))]);
}

ResponseImpl::Curves ResponseImpl::curves(const at::Tensor& inputs) {
  const std::vector<at::Tensor> said = network_->forward(inputs).chunk(4, -1);
  return {at::softplus(said[0]), at::softplus(said[1]) + kLeastSlope, said[2], at::softmax(said[3], -1)};
}

at::Tensor ResponseImpl::brought(const Curves& curves, const at::Tensor& alpha) const {
  const at::Tensor least = at::sigmoid(curves.slope * std::log(kLeastAlpha) + curves.shift);
  const at::Tensor here = at::sigmoid(curves.slope * log_of(alpha, alpha_unit_) + curves.shift);
  return brought_unit_Y_ * curves.height * (here - least) / (1.0 - least).clamp_min(1e-6);
}

at::Tensor ResponseImpl::alpha_for(const Curves& curves, const at::Tensor& brought) const {
  const at::Tensor share = (brought / (brought_unit_Y_ * curves.height)).clamp(kLeastShare, 1.0 - kLeastShare);
  const at::Tensor least = at::sigmoid(curves.slope * std::log(kLeastAlpha) + curves.shift);
  const at::Tensor u_Y = (at::logit(least + (1.0 - least) * share, 1e-6) - curves.shift) / curves.slope;
  const at::Tensor u = (curves.trust * u_Y.maximum(lowest_).minimum(highest_)).sum(-1, /*keepdim=*/true);
  return (alpha_unit_ * (u.exp() - kLeastAlpha)).clamp_min(0.0);
}

}  // namespace genbid::models::diffbid
