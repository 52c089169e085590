#include "train/step_graph.h"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <utility>

namespace {

using genbid::train::RecordedWork;
using genbid::train::WorkRecorder;

class Graph : public RecordedWork {
 public:
  at::cuda::CUDAGraph& graph() { return graph_; }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};

// The streams of work that follows other work.
class Event {
 public:
  Event() { C10_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~Event() { C10_CUDA_CHECK_WARN(cudaEventDestroy(event_)); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void order(const c10::cuda::CUDAStream& first, const c10::cuda::CUDAStream& second) {
    C10_CUDA_CHECK(cudaEventRecord(event_, first.stream()));
    C10_CUDA_CHECK(cudaStreamWaitEvent(second.stream(), event_, 0));
  }

 private:
  cudaEvent_t event_ = nullptr;
};

class Recorder : public WorkRecorder {
 public:
  // Events belong to the device that is current as they are made. The default stream cannot be recorded.
  explicit Recorder(c10::DeviceIndex device)
      : stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device)) {}

  void on_its_stream(const std::function<void()>& work) override {
    const c10::cuda::CUDAGuard here(stream_.device_index());
    const c10::cuda::CUDAStream usual = c10::cuda::getCurrentCUDAStream(stream_.device_index());
    begin_.order(usual, stream_);
    {
      const c10::cuda::CUDAStreamGuard guard(stream_);
      work();
    }
    end_.order(stream_, usual);
  }

  std::unique_ptr<RecordedWork> record(const std::vector<at::Generator>& generators,
                                       const std::function<void()>& work) override {
    auto recorded = std::make_unique<Graph>();
    for (const at::Generator& one : generators) recorded->graph().register_generator_state(one);
    // While something is recorded no memory goes back to the device: what earlier steps have left goes back now.
    C10_CUDA_CHECK(cudaDeviceSynchronize());
    c10::cuda::CUDACachingAllocator::emptyCache();
    // Other threads may go on asking for memory (pinned memory of windows, a watchdog).
    recorded->graph().capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      try {
        recorded->graph().capture_end();
      } catch (const c10::Error&) {
        // What stopped the work is thrown.
      }
      throw;
    }
    recorded->graph().capture_end();
    return recorded;
  }

 private:
  c10::cuda::CUDAStream stream_;
  Event begin_, end_;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const char* genbid_cuda_version() {
  return GENBID_CUDA_PLUGIN_VERSION;
}

extern "C" __attribute__((visibility("default"))) WorkRecorder* genbid_cuda_recorder(int device) {
  const auto index = static_cast<c10::DeviceIndex>(device);
  const c10::cuda::CUDAGuard here(index);
  return new Recorder(index);
}

// The program calls them by these types.
static_assert(std::is_same_v<decltype(&genbid_cuda_recorder), genbid::train::RecorderFunction>);
static_assert(std::is_same_v<decltype(&genbid_cuda_version), genbid::train::CudaVersionFunction>);
