#pragma once

#include <chrono>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

// What the program and its NCCL plugin know of each other. The plugin (src/nccl_plugin) is built where CUDA's and
// NCCL's headers are, and holds LibTorch's ProcessGroupNCCL; the program is built without them.

namespace genbid::train {

// Makes the ranks' group on their GPUs; they meet in the store. It may throw what LibTorch throws.
using NcclFunction = void (*)(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                              std::chrono::milliseconds timeout, c10::intrusive_ptr<c10d::Backend>& made);
inline constexpr const char* kNcclSymbol = "genbid_nccl";
// What both were built with: this header and LibTorch. Of NCCL the plugin compares its headers' version with the
// library's by itself.
using NcclVersionFunction = const char* (*)();
inline constexpr const char* kNcclVersionSymbol = "genbid_nccl_version";

// Loads the plugin. Error where it is not there or does not load.
c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                               std::chrono::milliseconds timeout);

}  // namespace genbid::train
