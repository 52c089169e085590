#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <cstdint>

#include <string>

namespace genbid::train {

// "cpu" or "cuda". For "cuda" this loads LibTorch's CUDA library, which must happen before anything asks LibTorch about
// devices: call it before the first tensor work of the program. Throws an Error where there is no LibTorch with CUDA,
// no driver or no GPU; it never falls back to the CPU.
c10::Device open_device(const std::string& name);

// Random numbers on the device. On a GPU it is the default generator, which CUDA graphs know.
at::Generator generator_on(c10::Device device, uint64_t seed);

}  // namespace genbid::train
