#pragma once

#include <c10/core/Device.h>

// An accelerator for tests on machines without one. Its tensors hold ordinary memory and LibTorch's CPU kernels compute
// on it, so numbers are those of the CPU, bit for bit. It refuses, as a c10::Error that names the operator, what would
// make a program wait for a GPU, what a CUDA graph cannot hold, and what fails on one:
//
// - reading a number of a tensor (item(), conditions on data), and results whose size depends on data;
// - copies to the host, and copies to the device but asynchronous ones from pinned memory;
// - operators that mix tensors of device and host, and random numbers that come from no generator of the device.
//
// It cannot show what kernels of a GPU compute, nor whether an address that a graph holds is still the right one.

namespace genbid::test {

// The device, which is registered at the first call, for all of the process: before its first backward(), at which
// LibTorch counts devices.
c10::Device pretend_device();

// While it lives, on any thread, copies and waits are allowed: set-up, logs, checkpoints.
class Announced {
 public:
  Announced();
  ~Announced();
  Announced(const Announced&) = delete;
  Announced& operator=(const Announced&) = delete;
};

// Copies from pinned memory and waits so far, announced ones included.
struct Traffic {
  int copies_in = 0;
  int copies_out = 0;
  int waits = 0;
};
Traffic traffic();

}  // namespace genbid::test
