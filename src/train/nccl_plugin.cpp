#define USE_DISTRIBUTED

#include "train/nccl_plugin.h"

#include <dlfcn.h>

#include <string>

#include "base/error.h"

namespace genbid::train {

c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                               std::chrono::milliseconds timeout) {
  // Found along the program's own run path. It stays loaded until the process ends.
  void* const library = dlopen("libgenbid_nccl.so", RTLD_NOW | RTLD_LOCAL);
  void* const symbol = library == nullptr ? nullptr : dlsym(library, kNcclSymbol);
  if (symbol == nullptr) {
    throw Error("train.backend: found nccl, and its plugin does not load (" + std::string(dlerror()) +
                "); expected it beside the program (it is built where CUDA's and NCCL's headers are: scripts/setup.sh "
                "--cuda), or train.backend: gloo");
  }
  void* const version = dlsym(library, kNcclVersionSymbol);
  const std::string found = version == nullptr ? "none" : reinterpret_cast<NcclVersionFunction>(version)();
  if (found != GENBID_NCCL_PLUGIN_VERSION) {
    throw Error("train.backend: found a plugin of NCCL of version " + found + ", expected " +
                GENBID_NCCL_PLUGIN_VERSION + ", which is built with this program");
  }
  c10::intrusive_ptr<c10d::Backend> made;
  reinterpret_cast<NcclFunction>(symbol)(store, rank, size, timeout, made);
  return made;
}

}  // namespace genbid::train
