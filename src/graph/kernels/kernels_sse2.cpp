// The kernels for sse2 (kernels.h says by which rule); flags in src/graph/CMakeLists.txt.
#define Eigen EigenSse2

#include "graph/kernels/kernel_table.h"

namespace genbid::graph {

const Kernels& kernels_sse2() { return kKernels; }

}  // namespace genbid::graph
