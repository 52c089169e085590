#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "perbid/campaign_agents.h"

namespace genbid::perbid {

class StackedLayers;

struct DrlbConfig {
  int64_t width = 100;           // of both networks
  int64_t depth = 3;             // hidden layers
  std::string start = "middle";  // or "yesterday" (StartBid)
  int64_t copy_every = 20;       // steps after which the copy that targets are made of is made anew
  double discount = 1.0;         // of the rewards of later slots
  int64_t per_round = 96;        // episodes of a round
  int64_t steps_a_round = 100;   // of the trainer
  int64_t replay = 100'000;      // slots that are remembered
  double random_start = 0.5;     // share of days that begin with a drawn alpha
  double epsilon = 0.95;         // share of choices that are drawn, at first
  double least_epsilon = 0.05;   // and at last
  int64_t epsilon_rounds = 120;  // until then it falls evenly

  void fields(ConfigVisitor& v);
};

// DRLB (Wu et al., CIKM 2018), which paces by one number: before each slot a Q-network chooses by which of seven
// factors alpha moves; beta stays what the day began with. It has a reward of its own, since what a slot brings says
// little of what it costs later: the return of the best episode known that made the choice, which a second network
// generalises (its reward network). One agent; B states.
class Drlb : public CampaignAgents {
 public:
  static constexpr std::array<double, 7> kFactors = {0.92, 0.97, 0.99, 1.0, 1.01, 1.03, 1.08};
  static constexpr int64_t kNumChoices = std::ssize(kFactors);

  explicit Drlb(const DrlbConfig& config);

  at::Tensor moves_MB2(const AgentStates& states) const override;
  // A share `noise` of the choices is drawn; at least half of them where the values of a state are not unimodal over
  // the factors, as then they cannot be right yet (section 4.3 of the paper).
  at::Tensor explored_MB2(const AgentStates& states, const at::Tensor& moves_MB2, double noise,
                          const at::Generator& generator) const override;
  // i64, which factor a move is.
  static at::Tensor choices_MB(const at::Tensor& moves_MB2);

  // Of each choice (M B A), as the day's reward that is still to come.
  at::Tensor values_MBA(const AgentStates& states) const;
  at::Tensor target_values_MBA(const AgentStates& states) const;
  // Return of the best episode with each choice, as the reward network has it.
  at::Tensor returns_MBA(const AgentStates& states) const;

  std::vector<policy::ParameterGroup> parameter_groups() const override {
    return {{"reward", {"reward."}}, {"q", {"q."}}};
  }
  void after_step(const policy::Step& step) override;
  int64_t kind_of_step(int64_t index) const override { return (index + 1) % copy_every_ == 0 ? 1 : 0; }

 private:
  int64_t copy_every_;
  std::shared_ptr<StackedLayers> q_;
  std::shared_ptr<StackedLayers> target_;  // a copy of q, some steps old
  std::shared_ptr<StackedLayers> reward_;
};

}  // namespace genbid::perbid
