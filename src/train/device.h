#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <cstdint>

#include <string>

namespace genbid::train {

// "cpu", "cuda" (the first GPU) or "cuda:N".
bool is_device(const std::string& name);
// For "cuda" this loads LibTorch's CUDA library, which must happen before anything asks LibTorch about
// devices: call it before the first tensor work of the program. Throws an Error where there is no LibTorch with CUDA,
// no driver or no such GPU; it never falls back to the CPU.
c10::Device open_device(const std::string& name);
// The same for the local_rank-th of a machine's processes: of "cuda" each has a GPU of its own, counted round those
// that it sees, of which a launcher may show it one alone.
c10::Device open_device_of_rank(const std::string& name, int64_t local_rank);

// How LibTorch computes on the device from now on (TrainConfig). Before anything is computed there.
void set_arithmetic(c10::Device device, bool tf32, bool deterministic);

// Random numbers on the device, of a generator of its own.
at::Generator generator_on(c10::Device device, uint64_t seed);

}  // namespace genbid::train
