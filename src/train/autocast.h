#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace genbid::train {

// While it lives, on this thread, LibTorch computes products of matrices, convolutions and attention in bfloat16 and
// what is delicate (losses, norms, sums) in float32. Weights, gradients of weights and moments stay float32; exponents
// have float32's range, so no loss has to be scaled. Not `on`: it changes nothing.
class Autocast {
 public:
  Autocast(c10::DeviceType device, bool on);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType device_;
  bool on_;
  bool was_enabled_ = false;
  c10::ScalarType was_type_ = c10::ScalarType::Undefined;
};

}  // namespace genbid::train
