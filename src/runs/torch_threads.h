#pragma once

#include <ATen/Parallel.h>

namespace genbid::runs {

// LibTorch has one thread while policies are asked in blocks, each on one of ours (eval/policy_bidder.h).
class OneTorchThread {
 public:
  OneTorchThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneTorchThread() { at::set_num_threads(before_); }
  OneTorchThread(const OneTorchThread&) = delete;
  OneTorchThread& operator=(const OneTorchThread&) = delete;

 private:
  int before_;
};

}  // namespace genbid::runs
