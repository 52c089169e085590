#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/config/config.h"

// A step's work, recorded once on a device and then given to it as a whole (CUDA graphs): small models are bound by the
// time that the host takes to hand out thousands of pieces.

namespace genbid::train {

struct GraphsConfig {
  bool on = false;
  int64_t after = 3;  // steps of a kind that are made one by one before one is recorded

  void fields(ConfigVisitor& v);
};

// What was recorded, with the memory that it works on.
class RecordedWork {
 public:
  virtual ~RecordedWork() = default;
  // Does it again, with what now lies in the tensors and generators that it reads.
  virtual void replay() = 0;
};

class WorkRecorder {
 public:
  virtual ~WorkRecorder() = default;
  // Runs work whose device part belongs behind all that was given to the device before, and before what is given to it
  // afterwards. Recording and replays happen in such work, and so do the steps that come before them.
  virtual void on_its_stream(const std::function<void()>& work) = 0;
  // Records what `work` gives to the device, without its being done there. Of random numbers it may draw those of
  // `generators` alone; at a replay these begin where they stand.
  virtual std::unique_ptr<RecordedWork> record(const std::vector<at::Generator>& generators,
                                               const std::function<void()>& work) = 0;
};

// Of a GPU, by a plugin (src/cuda_plugin), which is built where CUDA's headers are. Error where it is not there or does
// not load.
std::unique_ptr<WorkRecorder> cuda_recorder(c10::Device device);

// What the program and the plugin know of each other. What it makes may throw what LibTorch throws.
using RecorderFunction = WorkRecorder* (*)(int device);
inline constexpr const char* kRecorderSymbol = "genbid_cuda_recorder";
// What both were built with: this header and LibTorch.
using CudaVersionFunction = const char* (*)();
inline constexpr const char* kCudaVersionSymbol = "genbid_cuda_version";

}  // namespace genbid::train
