#include "train/device.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <dlfcn.h>
#include <torch/cuda.h>

#include "base/error.h"

namespace genbid::train {

c10::Device open_device(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  // The program is linked to the CPU half only, so that it starts on machines without CUDA. The library stays
  // loaded until the process ends.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw Error("device: found 'cuda', but LibTorch's CUDA library does not load (" + std::string(dlerror()) +
                "); expected a LibTorch with CUDA (scripts/setup.sh --cuda), or device: cpu");
  }
  if (!torch::cuda::is_available()) {
    throw Error(
        "device: found 'cuda', but this machine has no usable NVIDIA GPU or driver; expected a GPU, or device: cpu");
  }
  return c10::Device(c10::kCUDA, 0);
}

at::Generator generator_on(c10::Device device, uint64_t seed) {
  if (device.is_cpu()) return at::detail::createCPUGenerator(seed);
  at::Generator generator = at::globalContext().defaultGenerator(device);
  generator.set_current_seed(seed);
  return generator;
}

}  // namespace genbid::train
