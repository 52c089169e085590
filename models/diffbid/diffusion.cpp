#include "models/diffbid/diffusion.h"

#include <algorithm>
#include <cmath>

namespace genbid::models::diffbid {

NoiseSchedule cosine_schedule(int64_t num_levels) {
  constexpr double kOffset = 0.008;
  constexpr double kMaxBeta = 0.999;
  // K + 1 points over [0, K + 1], both ends included, as the baseline spaces them.
  const auto abar = [&](int64_t k) {
    const double share = static_cast<double>(k) / static_cast<double>(num_levels);
    const double cosine = std::cos((share + kOffset) / (1.0 + kOffset) * M_PI / 2.0);
    return cosine * cosine;
  };
  NoiseSchedule schedule;
  double product = 1.0;
  for (int64_t k = 0; k < num_levels; ++k) {
    const double beta = std::clamp(1.0 - abar(k + 1) / abar(k), 0.0, kMaxBeta);
    product *= 1.0 - beta;
    schedule.betas.push_back(beta);
    schedule.alphas_cumprod.push_back(product);
  }
  return schedule;
}

at::Tensor noised(const at::Tensor& clean_BTS, const at::Tensor& eps_BTS, const at::Tensor& abar_B11) {
  return abar_B11.sqrt() * clean_BTS + (1.0 - abar_B11).sqrt() * eps_BTS;
}

at::Tensor denoising_loss(Prediction prediction, const at::Tensor& predicted_BTS, const at::Tensor& target_BTS,
                          const at::Tensor& known_BT1) {
  const at::Tensor error_BT1 =
      (prediction == Prediction::kNoise ? (predicted_BTS - target_BTS).square()
                                        : at::smooth_l1_loss(predicted_BTS, target_BTS, at::Reduction::None, 0.1))
          .mean(-1, /*keepdim=*/true);
  const at::Tensor unknown_BT1 = known_BT1.logical_not().to(error_BT1.scalar_type());
  return (error_BT1 * unknown_BT1).sum() / unknown_BT1.sum();
}

at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional, double weight) {
  return unconditional + weight * (conditional - unconditional);
}

at::Tensor clean_states(const NoiseSchedule& schedule, Prediction prediction, const at::Tensor& x_BTS,
                        const at::Tensor& predicted_BTS, int64_t level) {
  if (prediction == Prediction::kState) return predicted_BTS.clamp(-1.0, 1.0);
  const double abar = schedule.abar(level);
  return ((x_BTS - std::sqrt(1.0 - abar) * predicted_BTS) / std::sqrt(abar)).clamp(-1.0, 1.0);
}

std::vector<int64_t> spread_levels(int64_t num_levels, int64_t count) {
  std::vector<int64_t> levels;
  for (int64_t j = count; j >= 1; --j) levels.push_back((2 * j * num_levels + count) / (2 * count) - 1);
  return levels;
}

at::Tensor ddim_step(const NoiseSchedule& schedule, const at::Tensor& x_BTS, const at::Tensor& clean_BTS, int64_t level,
                     int64_t next_level) {
  if (next_level < 0) return clean_BTS;
  const double abar = schedule.abar(level);
  const double next = schedule.abar(next_level);
  const double noise_scale = std::sqrt((1.0 - next) / (1.0 - abar));
  // sqrt(next) clean + sqrt(1 - next) (x - sqrt(abar) clean) / sqrt(1 - abar)
  return (std::sqrt(next) - noise_scale * std::sqrt(abar)) * clean_BTS + noise_scale * x_BTS;
}

GaussianStep noisy_ddim_step(const NoiseSchedule& schedule, const at::Tensor& x_BTS, const at::Tensor& clean_BTS,
                             int64_t level, int64_t next_level, double eta) {
  const double abar = schedule.abar(level);
  const double next = schedule.abar(next_level);
  const double deviation = eta * std::sqrt((1.0 - next) / (1.0 - abar) * (1.0 - abar / next));
  const double noise_scale = std::sqrt(std::max(1.0 - next - deviation * deviation, 0.0) / (1.0 - abar));
  return {(std::sqrt(next) - noise_scale * std::sqrt(abar)) * clean_BTS + noise_scale * x_BTS, deviation};
}

at::Tensor sample_ddim(const NoiseSchedule& schedule, Prediction prediction, const std::vector<int64_t>& levels,
                       const at::Tensor& x_BTS, const KnownTicks& known, const Denoiser& denoiser) {
  at::Tensor x = known.impose(x_BTS);
  for (size_t i = 0; i < levels.size(); ++i) {
    const int64_t next = i + 1 < levels.size() ? levels[i + 1] : -1;
    const at::Tensor clean = clean_states(schedule, prediction, x, denoiser(x, levels[i]), levels[i]);
    x = known.impose(ddim_step(schedule, x, clean, levels[i], next));
  }
  return x;
}

at::Tensor sample_ancestral(const NoiseSchedule& schedule, Prediction prediction, const at::Tensor& x_BTS,
                            const at::Tensor& step_noise_BKTS, double temperature, const KnownTicks& known,
                            const Denoiser& denoiser) {
  at::Tensor x = known.impose(x_BTS);
  for (int64_t k = schedule.num_levels() - 1; k >= 0; --k) {
    const double abar = schedule.abar(k);
    const double before = schedule.abar(k - 1);
    const double beta = schedule.betas[static_cast<size_t>(k)];
    const at::Tensor clean = clean_states(schedule, prediction, x, denoiser(x, k), k);
    // Mean and variance of x_{k-1} given x_k and clean states (eq. 7).
    x = beta * std::sqrt(before) / (1.0 - abar) * clean + (1.0 - before) * std::sqrt(1.0 - beta) / (1.0 - abar) * x;
    const double variance = beta * (1.0 - before) / (1.0 - abar);
    if (k > 0) x = x + std::sqrt(std::max(variance, 1e-20)) * temperature * step_noise_BKTS.select(1, k);
    x = known.impose(x);
  }
  return x;
}

}  // namespace genbid::models::diffbid
