#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <string>

#include "base/config/config.h"
#include "policy/day.h"

// ... any leading dimensions, B rows, N labels, A action coefficients, Y numbers that a network says of them.

namespace genbid::models {

// What a network's last layer says of an alpha: the alpha itself, a "point", or a Gaussian of its logarithm.
struct AlphaHeadConfig {
  std::string head = "point";
  // Of a Gaussian: its standard deviation, a share of alpha; 0: the network says that too.
  double deviation = 0.0;
  std::string act = "mean";  // of a Gaussian: what is bid is its "mean", or a "sample"

  bool is_gaussian() const { return head == "gaussian"; }
  void fields(ConfigVisitor& v);
};

// A Gaussian of the logarithm of each coefficient: what a policy draws alphas from, and whose density it can say. The
// network speaks in units of the labels' logarithms. A label below a hundredth of the median counts as that.
class LogAlphaImpl : public torch::nn::Module {
 public:
  LogAlphaImpl(int64_t num_actions, const AlphaHeadConfig& config);

  void fit(const at::Tensor& labels_NA);
  int64_t num_said() const;  // Y: A, or twice as many where deviations are said
  // What act() reads of noise by itself: none, or A numbers where samples are bid.
  int64_t noise_size() const { return samples_ ? num_actions_ : 0; }
  policy::ChoiceSize choice_size() const { return {num_actions_, 1}; }

  // The mean, or a draw by noise of A columns, which is the choice. What is bid is its exponential.
  policy::Action act(const at::Tensor& said_BY, const at::Tensor& noise_BN) const;
  // The log-density of choices, which are logarithms of alphas; ... 1.
  at::Tensor log_density(const at::Tensor& said_Y, const at::Tensor& choice_A) const;
  // The negative logarithm of the labels' density (in units of theirs), averaged as losses.h averages.
  policy::LossPart loss(const at::Tensor& said_BTY, const policy::Batch& batch) const;

 private:
  struct Gaussian {
    at::Tensor mean_A, log_deviation_A;  // in units of the labels' logarithms
  };
  Gaussian gaussian(const at::Tensor& said_Y) const;
  at::Tensor in_units(const at::Tensor& log_A) const { return (log_A - mean_A_) / scale_A_; }

  int64_t num_actions_;
  double deviation_;
  bool samples_;
  at::Tensor mean_A_, scale_A_, lowest_A_;
};
TORCH_MODULE(LogAlpha);

}  // namespace genbid::models
