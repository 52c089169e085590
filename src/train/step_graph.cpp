#include "train/step_graph.h"

#include <dlfcn.h>

#include <string>

#include "base/error.h"

namespace genbid::train {

void GraphsConfig::fields(ConfigVisitor& v) {
  v.field("on", on);
  v.field("after", after, {1, 1'000'000});
}

std::unique_ptr<WorkRecorder> cuda_recorder(c10::Device device) {
  // Found along the program's own run path. It stays loaded until the process ends.
  void* const library = dlopen("libgenbid_cuda.so", RTLD_NOW | RTLD_LOCAL);
  void* const symbol = library == nullptr ? nullptr : dlsym(library, kRecorderSymbol);
  if (symbol == nullptr) {
    throw Error("train.graphs.on: found true, and the plugin of CUDA graphs does not load (" + std::string(dlerror()) +
                "); expected it beside the program (it is built where CUDA's headers are), or train.graphs.on: false");
  }
  void* const version = dlsym(library, kCudaVersionSymbol);
  const std::string found = version == nullptr ? "none" : reinterpret_cast<CudaVersionFunction>(version)();
  if (found != GENBID_CUDA_PLUGIN_VERSION) {
    throw Error("train.graphs.on: found a plugin of CUDA graphs of version " + found + ", expected " +
                GENBID_CUDA_PLUGIN_VERSION + ", which is built with this program");
  }
  return std::unique_ptr<WorkRecorder>(reinterpret_cast<RecorderFunction>(symbol)(device.index()));
}

}  // namespace genbid::train
