#pragma once

#include <string>

#include "serve/bundle.h"

namespace genbid::exporting {

// The README.md of a bundle: what it is, and how to call it from C, C++, Python, onnxruntime and Triton.
std::string bundle_readme(const serve::BundleInfo& info);

}  // namespace genbid::exporting
