#pragma once

#include <string>

#include "bidding/seen_tick.h"
#include "graph/graph.h"
#include "policy/policy.h"

namespace genbid::exporting {

// examples.safetensors: dozens of decisions of made-up campaigns, those at the ends of what can be included
// (example_days.h), from the first tick of a day to the last. "inputs.NAME" and "outputs.NAME" as the graph names them,
// a row a decision; outputs are the policy's.
void write_examples(const std::string& path, policy::Policy& policy, const SeenOptions& seen, int64_t ticks,
                    const graph::Graph& graph);

}  // namespace genbid::exporting
