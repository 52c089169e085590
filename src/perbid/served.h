#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "perbid/cluster_agents.h"
#include "perbid/profile_network.h"

// What a bidding server asks of agents and of the network of profiles, one row a campaign (serve/click_bundle.h has the
// names and shapes).

namespace genbid::perbid {

struct ServedTensor {
  std::string name;
  at::Tensor sample;  // of as many rows as were asked for; what is carried: as it is before the first slot
};

// A function of tensors with rows in front; inputs whose names begin with "carry." come back under the same names.
class Served {
 public:
  virtual ~Served() = default;

  virtual std::vector<ServedTensor> inputs(int64_t rows, int64_t seed) const = 0;  // drawn, such as a day has
  virtual std::vector<std::string> outputs() const = 0;
  virtual std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const = 0;
  virtual policy::NamedTensors named() const = 0;  // parameters and buffers
};

// One of several agents: status, start, read (where agents read anything), noise (where they draw) and what is carried
// become the bid of the next slot.
std::unique_ptr<Served> served_agent(const ClusterAgents& agents, int64_t which);
// slot, limits, known and carry.0 become carry.0.
std::unique_ptr<Served> served_profile(const std::shared_ptr<ProfileNetwork>& network);

}  // namespace genbid::perbid
