#pragma once

#include <c10/core/Device.h>

#include <string>

namespace genbid {

// "cpu" or "cuda". For "cuda" this loads LibTorch's CUDA library, which must happen before anything asks LibTorch
// about devices: call it before the first tensor work of the program. Error where there is no CUDA LibTorch, no
// driver or no GPU; never a silent fallback.
c10::Device open_device(const std::string& name);

}  // namespace genbid
