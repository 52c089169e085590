// The kernels for avx2 (kernels.h says by which rule); flags in src/graph/CMakeLists.txt.
#define Eigen EigenAvx2

#include "graph/kernels/kernel_table.h"

namespace genbid::graph {

const Kernels& kernels_avx2() { return kKernels; }

}  // namespace genbid::graph
