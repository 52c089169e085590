#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/program.h"
#include "policy/policy.h"

namespace genbid::bench {

// What `genbid export` would write of a policy for the features of bench_models.h.
graph::Graph exported_graph(policy::Policy& policy);

struct Decision {
  policy::Ticks history;
  at::Tensor wishes_BO;
  at::Tensor noise_BN;
  std::vector<at::Tensor> carry;
};

// Times a decision by LibTorch and by the exported graph in turn. Prints the median in milliseconds for each, with the
// 99th percentile and the engine ("libtorch", "genbid") in the settings. Error where they do not agree.
void bench_engines(const std::string& name, policy::Policy& policy, std::shared_ptr<const graph::Program> program,
                   const Decision& decision, nlohmann::ordered_json settings);

}  // namespace genbid::bench
