#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

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

  // What a step adds is on the device, and how often on the host. Where a step's work is recorded (train/step_graph.h)
  // the device adds by itself, and the host counts what such steps add: their names are noted in `noted` while it is
  // given, and counted by count(). While nothing is counted, add() but gives its work to the device.
  void note_in(std::vector<std::string>* noted) { noted_ = noted; }
  void count_by_itself(bool on) { counts_ = on; }
  void count(const std::vector<std::string>& names);

  // Means of the window, which begins anew; the first is the loss: the sum of the groups' means. Waits for the device.
  MetricValues take();

 private:
  struct Sum {
    at::Tensor total;
    int64_t count = 0;
  };
  void add(const std::string& name, const at::Tensor& value);

  std::map<std::string, Sum> sums_;
  std::vector<std::string>* noted_ = nullptr;
  bool counts_ = true;
};

}  // namespace genbid::train
