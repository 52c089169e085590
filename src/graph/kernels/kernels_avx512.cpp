// The kernels for avx512 (kernels.h says by which rule); flags in src/graph/CMakeLists.txt.
#define Eigen EigenAvx512

#include "graph/kernels/kernel_table.h"

namespace genbid::graph {

const Kernels& kernels_avx512() { return kKernels; }

}  // namespace genbid::graph
