#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <vector>

// Denoising diffusion over state trajectories, apart from any network. B rows, T ticks, S features, K noise levels
// 0 .. K-1, the last the noisiest: x_k = sqrt(abar_k) x + sqrt(1 - abar_k) noise.

namespace genbid::models::diffbid {

struct NoiseSchedule {
  std::vector<double> betas;           // K
  std::vector<double> alphas_cumprod;  // K, abar

  int64_t num_levels() const { return static_cast<int64_t>(betas.size()); }
  double abar(int64_t level) const { return level < 0 ? 1.0 : alphas_cumprod[static_cast<size_t>(level)]; }
};

// Cosine schedule (Nichol and Dhariwal, ICML 2021, eq. 17) on the points of AuctionNet's baseline (auctionnet.md 5.8).
NoiseSchedule cosine_schedule(int64_t num_levels);

// What a network says about x_k: the noise in it, or the clean states.
enum class Prediction { kNoise, kState };

// (x_BTS, noise level) -> prediction_BTS, guidance included.
using Denoiser = std::function<at::Tensor(const at::Tensor& x_BTS, int64_t level)>;

// Ticks that are known and stay so ("inpainting"): they are clean at every level.
struct KnownTicks {
  at::Tensor states_BTS;
  at::Tensor mask_BT1;  // bool

  at::Tensor impose(const at::Tensor& x_BTS) const { return at::where(mask_BT1, states_BTS, x_BTS); }
};

// Forward process (Ho et al., NeurIPS 2020, eq. 4): states noised to each row's level, abar_B11.
at::Tensor noised(const at::Tensor& clean_BTS, const at::Tensor& eps_BTS, const at::Tensor& abar_B11);

// Mean error of a prediction over the ticks that are not known. It is squared for noise and smooth L1 for states, whose
// changes have far outliers (a new part of the day, a burst of conversions) among many ticks that bring little. There
// the median is the better forecast.
at::Tensor denoising_loss(Prediction prediction, const at::Tensor& predicted_BTS, const at::Tensor& target_BTS,
                          const at::Tensor& known_BT1);

// Classifier-free guidance (Ho and Salimans, 2021): unconditional + weight (conditional - unconditional).
at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional, double weight);

// Clean states that a prediction at a level implies, clamped to [-1, 1].
at::Tensor clean_states(const NoiseSchedule& schedule, Prediction prediction, const at::Tensor& x_BTS,
                        const at::Tensor& predicted_BTS, int64_t level);

// `count` of the K levels, evenly spread, noisiest first; the first is K-1.
std::vector<int64_t> spread_levels(int64_t num_levels, int64_t count);

// One DDIM step (Song et al., ICLR 2021, eq. 12, eta 0) from a level to a less noisy one, where -1 stands for clean
// states. The noise is computed from the clamped states, so that the two agree.
at::Tensor ddim_step(const NoiseSchedule& schedule, const at::Tensor& x_BTS, const at::Tensor& clean_BTS, int64_t level,
                     int64_t next_level);

// The same with noise between the levels (eq. 16; eta 1: as much as ancestral sampling adds): the mean and the standard
// deviation of what x is at the next level, which must not be -1.
struct GaussianStep {
  at::Tensor mean_BTS;
  double deviation = 0.0;
};
GaussianStep noisy_ddim_step(const NoiseSchedule& schedule, const at::Tensor& x_BTS, const at::Tensor& clean_BTS,
                             int64_t level, int64_t next_level, double eta);

// From x at levels[0] through the levels to clean states. Known ticks are imposed before and after every step.
at::Tensor sample_ddim(const NoiseSchedule& schedule, Prediction prediction, const std::vector<int64_t>& levels,
                       const at::Tensor& x_BTS, const KnownTicks& known, const Denoiser& denoiser);

// Ancestral sampling (Ho et al., NeurIPS 2020, algorithm 2) through all levels. step_noise_BKTS holds a set of standard
// normals for each level, of which that of level 0 is not used; `temperature` scales them.
at::Tensor sample_ancestral(const NoiseSchedule& schedule, Prediction prediction, const at::Tensor& x_BTS,
                            const at::Tensor& step_noise_BKTS, double temperature, const KnownTicks& known,
                            const Denoiser& denoiser);

}  // namespace genbid::models::diffbid
