#include "train/device.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <dlfcn.h>
#include <torch/cuda.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/error.h"

namespace genbid::train {

namespace {

constexpr const char* kDevices = "cpu, cuda or cuda:N";

// The N of "cuda:N", 0 for "cuda"; none: another text.
std::optional<int> gpu_of(const std::string& name) {
  const std::string prefix = "cuda";
  if (!name.starts_with(prefix)) return std::nullopt;
  if (name == prefix) return 0;
  const std::string number = name.substr(prefix.size() + 1);
  const bool digits = !number.empty() && number.size() <= 2 &&
                      std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (name[prefix.size()] != ':' || !digits) return std::nullopt;
  return std::stoi(number);
}

}  // namespace

bool is_device(const std::string& name) { return name == "cpu" || gpu_of(name); }

c10::Device open_device(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  const std::optional<int> gpu = gpu_of(name);
  if (!gpu) throw Error("device: found '" + name + "', expected " + kDevices);
  // The program is linked to the CPU half only, so that it starts on machines without CUDA. The library stays
  // loaded until the process ends.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw Error("device: found '" + name + "', but LibTorch's CUDA library does not load (" + std::string(dlerror()) +
                "); expected a LibTorch with CUDA (scripts/setup.sh --cuda), or device: cpu");
  }
  if (!torch::cuda::is_available()) {
    throw Error("device: found '" + name +
                "', but this machine has no usable NVIDIA GPU or driver; expected a GPU, or device: cpu");
  }
  const auto gpus = static_cast<int>(torch::cuda::device_count());
  if (*gpu >= gpus) {
    throw Error("device: found '" + name + "', expected a GPU below cuda:" + std::to_string(gpus));
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(*gpu));
}

c10::Device open_device_of_rank(const std::string& name, int64_t local_rank) {
  const c10::Device device = open_device(name);
  if (name != "cuda") return device;
  return c10::Device(c10::kCUDA,
                     static_cast<c10::DeviceIndex>(local_rank % static_cast<int64_t>(torch::cuda::device_count())));
}

void set_arithmetic(c10::Device device, bool tf32, bool deterministic) {
  at::Context& context = at::globalContext();
  if (device.is_cuda()) {
    // LibTorch's own default is to allow it in convolutions and not in products.
    context.setAllowTF32CuBLAS(tf32);
    context.setAllowTF32CuDNN(tf32);
    context.setDeterministicCuDNN(deterministic);
    context.setBenchmarkCuDNN(!deterministic);  // shapes stay the same, so it pays to try
    // cuBLAS reads it when it starts.
    if (deterministic) setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*replace=*/0);
  }
  context.setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
  context.setDeterministicFillUninitializedMemory(false);  // nothing reads what nobody wrote
}

at::Generator generator_on(c10::Device device, uint64_t seed) {
  if (device.is_cpu()) return at::detail::createCPUGenerator(seed);
  at::Generator generator = at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(seed);
  return generator;
}

}  // namespace genbid::train
