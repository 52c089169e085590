#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

namespace genbid::train {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 1e-4;
  double clip_norm = 1.0;  // of the gradient over all its parameters
};

// AdamW (Loshchilov and Hutter, ICLR 2019) by LibTorch's fused operator: one call for all parameters, where
// torch::optim walks them one by one. Clipping, and skipping a step whose gradient is not finite, happen on the
// device: nothing here waits for it.
class AdamW {
 public:
  AdamW(const std::map<std::string, at::Tensor>& parameters, const AdamWOptions& options);

  // Computes the gradients of `loss` in these parameters, in place of those they had or added to them. Other parameters
  // get none.
  void backward(const at::Tensor& loss, bool add = false);
  // The same for the parameters of several optimizers, in one pass.
  static void backward(const at::Tensor& loss, bool add, const std::vector<AdamW*>& optimizers);
  // Puts the gradients, zeros where there are none, behind others, flat.
  void append_gradients(std::vector<at::Tensor>& flat) const;
  // Takes them from there in place of its own, from a place on; returns the place behind them.
  int64_t take_gradients(const at::Tensor& flat, int64_t begin);
  // The learning rate of steps from now on. It lies on the device, so that step() is the same work whatever it is.
  void set_rate(double learning_rate);
  // Returns the gradient's norm before clipping (0-dim, on the device).
  at::Tensor step();

  // The name, the two moments and the step count of each parameter. Checkpoints read and write them.
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<at::Tensor>& moments1() const { return moments1_; }
  const std::vector<at::Tensor>& moments2() const { return moments2_; }
  const std::vector<at::Tensor>& step_counts() const { return step_counts_; }

 private:
  AdamWOptions options_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> moments1_;
  std::vector<at::Tensor> moments2_;
  std::vector<at::Tensor> step_counts_;
  at::Tensor rate_;
};

}  // namespace genbid::train
