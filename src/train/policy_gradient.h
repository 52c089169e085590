#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "policy/policy.h"
#include "train/tape_days.h"

// B days, in groups of G that are samples of the same, T ticks, L links of a choice.

namespace genbid::train {

// Section `policy_gradient`.
struct PolicyGradientConfig {
  int64_t group_size = 8;  // G, samples of a day under a campaign
  // What the difference of a sample's reward from its group's mean is divided by: the standard deviation of its
  // "group" (GRPO), which makes a day on which nothing can be won count as much as any; that of all days of the
  // "batch"; or "none" (Dr. GRPO), so that it stays in conversions, in units of the mean budget / CPA limit.
  std::string divide_by = "batch";
  int64_t reuse = 1;       // steps that learn from the same samples
  double clip = 0.2;       // ratios of densities beyond 1 +- this bring no more
  double kl_weight = 0.0;  // of the divergence from the policy that the training started with

  void fields(ConfigVisitor& v);
};

// Rewards less the mean of their group, divided as the config says.
at::Tensor advantages_B(const at::Tensor& rewards_B, int64_t group_size, const std::string& divide_by);
// What a link brings by the ratio of its density to that with which it was drawn (PPO's clipped objective: Schulman et
// al., "Proximal Policy Optimization Algorithms", 2017, eq. 7).
at::Tensor clipped_gain_BTL(const at::Tensor& log_ratio_BTL, const at::Tensor& advantage_B, double clip);
// An estimate of the divergence of what draws from a reference, not negative and 0 where both agree ("k3" of Schulman,
// "Approximating KL Divergence", 2020): r - 1 - log r with r the density of the reference over that of what draws.
// Here and above, ratios beyond e^5 grow by their logarithm.
at::Tensor divergence_BTL(const at::Tensor& log_density_BTL, const at::Tensor& reference_BTL);

// What a policy that samples learns from, without a gradient of the market: it plays days of tapes, each several times,
// and what was drawn in the better samples of a day becomes more likely (group-relative policy optimization: Shao et
// al., "DeepSeekMath", 2024). The samples of a group have the same day, campaign and arrivals of conversions, so their
// rewards differ by what was drawn. The reward is a day's expected score, less the penalties of the options; days
// are played sharp (DayOptions::softness 0) and recorded by nobody. Then the densities of all choices of a day are
// computed at once, and the loss is, with A the advantages and sums over links,
//
//   - mean over B T of [ min(ratio A, clip(ratio) A) - kl_weight divergence ],
//
// where a tick that began without money counts as nothing, as its choice had no effect. Of a denoising chain, whose
// links are its levels, that is DDPO (Black et al., "Training Diffusion Models with Reinforcement Learning", 2023).
class PolicyGradient : public TapeDays {
 public:
  // `cells` days a step, each played `group_size` times. References must outlive it. Error for a policy that does not
  // sample.
  PolicyGradient(const softmarket::Tapes& tapes, const std::vector<TapeDay>& days, std::vector<int64_t> chosen,
                 const TapeDaysOptions& options, const PolicyGradientConfig& config, const policy::Policy& policy,
                 int64_t cells, int64_t parts, int64_t seed);

  // What kl_weight keeps it to, on the same device. Without one there is no divergence.
  void stay_near(std::shared_ptr<policy::Policy> start) { start_ = std::move(start); }

  void gather(const at::Tensor& place_1) override;
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override;
  // Steps that play, and such that learn from the same samples again.
  std::optional<Kind> kind_of_step(int64_t step) const override { return Kind{0, plays_at(step) ? 1 : 0}; }
  // Samples that later steps learn from once more.
  policy::NamedTensors state() const override;
  void collect_state(Ranks& ranks) override;

 private:
  bool plays_at(int64_t step) const { return step % config_.reuse == 0; }
  policy::NamedTensors state_of(size_t part) const;
  // The samples of a part: days as they went, what was drawn in them, and what came of it.
  struct Samples {
    at::Tensor states_BTS, actions_BT, before_BTO, constraint_BC, choices_BTX;
    at::Tensor drawn_BTL;  // log-densities by what drew them
    at::Tensor start_BTL;  // and by the policy that the training started with
    at::Tensor advantage_B;
    at::Tensor mean_score;  // in units of the mean par
  };
  void play(Samples& samples, policy::Policy& policy, size_t part, at::Generator& noise) const;
  at::Tensor log_densities_BTL(policy::Policy& policy, const Samples& samples) const;

  PolicyGradientConfig config_;
  std::shared_ptr<policy::Policy> start_;
  std::vector<Samples> samples_;  // by part
  std::vector<bool> played_;      // in this step
};

}  // namespace genbid::train
