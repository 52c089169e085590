#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

// ... any leading dimensions, X inputs, Y = 2 things that a tick brings: money spent and conversions won.

namespace genbid::models::diffbid {

struct ResponseOptions {
  int64_t num_inputs = 0;  // X
  int64_t width = 256;
  int64_t depth = 3;  // hidden layers
};

// What an alpha brings in a tick, and which alpha brings what is planned. A curve for each of the two, as GRM draws
// them (methods.md 1.9): with u = log(alpha / unit + e) and s(u) the logistic function of slope u + shift,
//
//   brought = height (s(u) - s(u_0)) / (1 - s(u_0)),   u_0 = log(e),
//
// so that an alpha of zero brings nothing and more alpha never brings less. A perceptron says the three numbers of each
// curve from what is known before the tick. A curve can be read the other way round, so that an alpha follows from
// what a plan wants, and a plan that wants more gets more, whatever was bid before.
class ResponseImpl : public torch::nn::Module {
 public:
  explicit ResponseImpl(const ResponseOptions& options);

  // Units: the median of the alphas, the means of what ticks brought. Alphas are kept between the labels' extremes.
  void fit(const at::Tensor& labels_NA, const at::Tensor& brought_NY);

  struct Curves {
    at::Tensor height;  // ... Y, > 0
    at::Tensor slope;   // ... Y, > 0
    at::Tensor shift;   // ... Y
    at::Tensor trust;   // ... Y, sums to 1: how much of the alpha follows from each
  };
  Curves curves(const at::Tensor& inputs);  // ... X

  at::Tensor brought(const Curves& curves, const at::Tensor& alpha) const;      // ... 1 to ... Y
  at::Tensor alpha_for(const Curves& curves, const at::Tensor& brought) const;  // ... Y to ... 1
  const at::Tensor& unit_Y() const { return brought_unit_Y_; }

 private:
  torch::nn::Sequential network_{nullptr};
  at::Tensor alpha_unit_;
  at::Tensor brought_unit_Y_;
  at::Tensor lowest_;  // u of the labels' extremes
  at::Tensor highest_;
};
TORCH_MODULE(Response);

}  // namespace genbid::models::diffbid
