#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

#include "base/metrics.h"
#include "policy/policy.h"

namespace genbid::train {

// Sums of device tensors between two log lines. They are read once for each line, because reading waits for the device,
// and each is made once and kept, so that a step always adds to the same memory.
class LogWindow {
 public:
  // What one group did in one step. `group` is "" where there is but one.
  void add(const std::string& group, const policy::NamedTensors& losses, const at::Tensor& total,
           const at::Tensor& norm);

  // Means of the window, which begins anew; the first is the loss: the sum of the groups' means. Waits for the device.
  MetricValues take();

 private:
  struct Sum {
    at::Tensor total;
    int64_t count = 0;
  };
  void add(const std::string& name, const at::Tensor& value);

  std::map<std::string, Sum> sums_;
};

}  // namespace genbid::train
