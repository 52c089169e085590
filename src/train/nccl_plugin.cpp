#define USE_DISTRIBUTED

#include "train/nccl_plugin.h"

#include "train/plugin.h"

namespace genbid::train {

c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                               std::chrono::milliseconds timeout) {
  void* const symbol = function_of({.file = "libgenbid_nccl.so",
                                    .version_symbol = kNcclVersionSymbol,
                                    .version = GENBID_NCCL_PLUGIN_VERSION,
                                    .found = "train.backend: found nccl",
                                    .built = "CUDA's and NCCL's headers are: scripts/setup.sh --cuda",
                                    .instead = "train.backend: gloo"},
                                   kNcclSymbol);
  c10::intrusive_ptr<c10d::Backend> made;
  reinterpret_cast<NcclFunction>(symbol)(store, rank, size, timeout, made);
  return made;
}

}  // namespace genbid::train
