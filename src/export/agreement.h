#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bidding/seen_tick.h"
#include "graph/program.h"
#include "policy/policy.h"

// Does the runtime say what the policy says?

namespace genbid::exporting {

// Differences of coefficients over days of made-up campaigns, relative to the largest coefficient of the day; each side
// goes on with what it carried itself.
struct Agreement {
  double largest = 0.0;
  double mean = 0.0;
  int64_t decisions = 0;
};

// Plays a day with so many rows. Error where a number is not finite, which names tick and row.
Agreement compare_over_a_day(policy::Policy& policy, const SeenOptions& seen, int64_t ticks,
                             const std::shared_ptr<const graph::Program>& program, int64_t rows, int64_t seed);

// Inputs of a decision as the graph reads them, by the names of its inputs, in its order.
std::vector<at::Tensor> inputs_of(const graph::Graph& graph, const policy::Ticks& history, const at::Tensor& wishes_BO,
                                  const at::Tensor& noise_BN, const std::vector<at::Tensor>& carry);
// Puts them where the graph's next run reads them.
void write_inputs(graph::Workspace& workspace, const std::vector<at::Tensor>& inputs);

}  // namespace genbid::exporting
