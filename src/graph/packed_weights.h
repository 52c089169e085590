#pragma once

#include <functional>

#include "graph/plan.h"

namespace genbid::graph {

// Weights as the products of a target read them (kernels.h). `at(k, n)` is what a number of row k of x counts for in
// column n of the output; no bias: zeros.
Weights packed_weights(Store& store, const Kernels& kernels, int64_t k, int64_t n,
                       const std::function<float(int64_t, int64_t)>& at, const float* bias);

}  // namespace genbid::graph
