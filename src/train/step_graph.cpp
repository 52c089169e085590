#include "train/step_graph.h"

#include "train/plugin.h"

namespace genbid::train {

void GraphsConfig::fields(ConfigVisitor& v) {
  v.field("on", on);
  v.field("after", after, {1, 1'000'000});
}

std::unique_ptr<WorkRecorder> cuda_recorder(c10::Device device) {
  void* const made = function_of({.file = "libgenbid_cuda.so",
                                  .version_symbol = kCudaVersionSymbol,
                                  .version = GENBID_CUDA_PLUGIN_VERSION,
                                  .found = "train.graphs.on: found true",
                                  .built = "the headers of CUDA's runtime are",
                                  .instead = "train.graphs.on: false"},
                                 kRecorderSymbol);
  return std::unique_ptr<WorkRecorder>(reinterpret_cast<RecorderFunction>(made)(device.index()));
}

}  // namespace genbid::train
