#define USE_DISTRIBUTED
#define USE_C10D_NCCL

#include <c10/util/intrusive_ptr.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "train/nccl_plugin.h"

extern "C" __attribute__((visibility("default"))) const char* genbid_nccl_version() {
  return GENBID_NCCL_PLUGIN_VERSION;
}

extern "C" __attribute__((visibility("default"))) void genbid_nccl(const c10::intrusive_ptr<c10d::Store>& store,
                                                                   int rank, int size,
                                                                   std::chrono::milliseconds timeout,
                                                                   c10::intrusive_ptr<c10d::Backend>& made) {
  // NCCL's configuration is a part of what LibTorch takes: with other headers it would have another size.
  int library = 0;
  TORCH_CHECK(ncclGetVersion(&library) == ncclSuccess && library / 100 == NCCL_VERSION_CODE / 100, "found NCCL ",
              library, ", expected ", NCCL_VERSION_CODE, ", of whose headers the plugin was built");
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  made = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
}

// The program calls them by these types.
static_assert(std::is_same_v<decltype(&genbid_nccl), genbid::train::NcclFunction>);
static_assert(std::is_same_v<decltype(&genbid_nccl_version), genbid::train::NcclVersionFunction>);
