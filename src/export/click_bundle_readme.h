#pragma once

#include <string>

#include "serve/click_bundle.h"

namespace genbid::exporting {

// The README.md of a bundle of agents: what it is, and how to call it from C and onnxruntime.
std::string click_bundle_readme(const serve::ClickBundleInfo& info);

}  // namespace genbid::exporting
