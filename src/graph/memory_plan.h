#pragma once

#include <cstdint>
#include <vector>

#include "graph/plan.h"

namespace genbid::graph {

// Where tensors lie in a workspace's memory, in bytes from the first. Those that are not needed at the same time may
// share a place; inputs, outputs and the kernels' scratch have places of their own.
struct MemoryPlan {
  std::vector<int64_t> offsets;  // by tensor; constants have none
  int64_t scratch = 0;
  int64_t bytes = 0;
};
// Error where so many rows take more memory than there is anywhere.
MemoryPlan plan_memory(const Program::Plan& plan, int64_t max_rows);

int64_t in_lines(int64_t bytes);  // rounded up to whole cache lines

}  // namespace genbid::graph
