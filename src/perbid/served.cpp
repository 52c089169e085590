#include "perbid/served.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/utils.h>

#include "base/convert.h"
#include "campaigns/episode.h"
#include "campaigns/slot_profile.h"

namespace genbid::perbid {
namespace {

policy::NamedTensors named_in(torch::nn::Module& module) {
  policy::NamedTensors named;
  for (const auto& item : module.named_parameters()) named[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) named[item.key()] = item.value();
  return named;
}

void freeze(torch::nn::Module& module) {
  module.eval();
  for (const at::Tensor& parameter : module.parameters()) parameter.set_requires_grad(false);
}

class ServedAgent : public Served {
 public:
  ServedAgent(const ClusterAgents& agents, int64_t which)
      : agent_(agents.copies_of(at::full({1}, which, at::kLong))), reads_(agents.profile_width()) {
    freeze(*agent_);
  }

  std::vector<ServedTensor> inputs(int64_t rows, int64_t seed) const override {
    const at::Generator drawn = at::detail::createCPUGenerator(static_cast<uint64_t>(seed));
    const double start = agent_->middle_alpha();
    at::Tensor status = at::rand({rows, campaigns::kStatusSize}, drawn);
    status.slice(1, 2, 5).mul_(2.0);
    status.slice(1, 5, 6).copy_(at::randn({rows, 1}, drawn).exp() * start);
    std::vector<ServedTensor> all{{"status", status}, {"start", at::full({rows, 1}, start)}};
    if (reads_ > 0) all.push_back({"read", at::rand({rows, reads_}, drawn) * 2.0 - 1.0});
    if (agent_->draws_a_move() > 0) all.push_back({"noise", at::randn({rows, agent_->draws_a_move()}, drawn)});
    int64_t carry = 0;
    for (const at::Tensor& one : agent_->first_memory(rows)) all.push_back({"carry." + std::to_string(carry++), one});
    return all;
  }
  std::vector<std::string> outputs() const override {
    std::vector<std::string> names{"bid"};
    for (size_t i = 0; i < agent_->first_memory(1).size(); ++i) names.push_back("carry." + std::to_string(i));
    return names;
  }
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const override {
    const torch::NoGradGuard no_grad;
    size_t next = 2;
    AgentStates states{inputs[0], {}, inputs[1].squeeze(1)};
    if (reads_ > 0) states.profile_MBH = inputs[next++];
    if (agent_->draws_a_move() > 0) states.noise_MBZ = inputs[next++];
    std::vector<at::Tensor> memory(inputs.begin() + to_signed(next), inputs.end());
    states.memory = &memory;
    std::vector<at::Tensor> outputs{CampaignAgents::moved_MB2(states, agent_->moves_MB2(states))};
    outputs.insert(outputs.end(), memory.begin(), memory.end());
    return outputs;
  }
  policy::NamedTensors named() const override { return named_in(*agent_); }

 private:
  std::shared_ptr<ClusterAgents> agent_;
  int64_t reads_;
};

class ServedProfile : public Served {
 public:
  explicit ServedProfile(std::shared_ptr<ProfileNetwork> network) : network_(std::move(network)) { freeze(*network_); }

  std::vector<ServedTensor> inputs(int64_t rows, int64_t seed) const override {
    const at::Generator drawn = at::detail::createCPUGenerator(static_cast<uint64_t>(seed));
    return {{"slot", at::randn({rows, campaigns::kSlotProfileSize}, drawn).exp()},
            {"limits", at::randn({rows, 2}, drawn).exp() * 10.0},
            {"known", at::rand({rows, 1}, drawn).ge(0.2).to(at::kFloat)},
            {"carry.0", at::zeros({rows, network_->config().width})}};
  }
  std::vector<std::string> outputs() const override { return {"carry.0"}; }
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const override {
    const torch::NoGradGuard no_grad;
    return {network_->next_NH(inputs[0], inputs[1], inputs[2], inputs[3])};
  }
  policy::NamedTensors named() const override { return named_in(*network_); }

 private:
  std::shared_ptr<ProfileNetwork> network_;
};

}  // namespace

std::unique_ptr<Served> served_agent(const ClusterAgents& agents, int64_t which) {
  return std::make_unique<ServedAgent>(agents, which);
}

std::unique_ptr<Served> served_profile(const std::shared_ptr<ProfileNetwork>& network) {
  return std::make_unique<ServedProfile>(network);
}

}  // namespace genbid::perbid
