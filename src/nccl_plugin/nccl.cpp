#define USE_DISTRIBUTED
#define USE_C10D_NCCL

#include <c10/util/intrusive_ptr.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "train/nccl_plugin.h"

extern "C" __attribute__((visibility("default"))) void genbid_nccl(const c10::intrusive_ptr<c10d::Store>& store,
                                                                   int rank, int size,
                                                                   std::chrono::milliseconds timeout,
                                                                   c10::intrusive_ptr<c10d::Backend>& made) {
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  made = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
}

// The program calls it by this type.
static_assert(std::is_same_v<decltype(&genbid_nccl), genbid::train::NcclFunction>);
