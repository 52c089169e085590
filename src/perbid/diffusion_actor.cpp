#include "perbid/diffusion_actor.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/convert.h"

namespace genbid::perbid {

void DiffusionActorConfig::fields(ConfigVisitor& v) {
  v.field("levels", levels, {1, 1000});
  losses.fields(v);
}

// The schedule of Diffusion-QL (its appendix), which is that of a variance-preserving process with rates 0.1 to 10: few
// levels, the last of which is nearly noise alone.
std::vector<DiffusionActor::Level> DiffusionActor::levels_of(int64_t count) {
  constexpr double kLeastRate = 0.1;
  constexpr double kMostRate = 10.0;
  const double n = as_double(count);
  std::vector<Level> levels;
  double before = 1.0;  // share of the signal's variance at the level before
  for (int64_t k = 1; k <= count; ++k) {
    const double log_alpha = -kLeastRate / n - 0.5 * (kMostRate - kLeastRate) * (2.0 * as_double(k) - 1.0) / (n * n);
    const double alpha = std::exp(log_alpha);
    const double here = before * alpha;
    const double beta = -std::expm1(log_alpha);
    levels.push_back({std::sqrt(here), std::sqrt(1.0 - here), std::sqrt(before) * beta / (1.0 - here),
                      std::sqrt(alpha) * (1.0 - before) / (1.0 - here),
                      std::sqrt(beta * (1.0 - before) / (1.0 - here))});
    before = here;
  }
  return levels;
}

DiffusionActor::DiffusionActor(int64_t agents, int64_t inputs, int64_t width, int64_t depth,
                               const DiffusionActorConfig& config)
    : levels_(levels_of(config.levels)),
      level_K2_(at::empty({config.levels, 2})),
      denoiser_(std::make_shared<StackedLayers>(agents, inputs + 1 + 2 + 2, width, depth, 2)) {
  auto* to = level_K2_.data_ptr<float>();
  for (const Level& level : levels_) {
    *to++ = as_float(level.signal);
    *to++ = as_float(level.noise);
  }
}

at::Tensor DiffusionActor::clean_MB2(const ActorInputs& inputs, const at::Tensor& wish_MB1, const at::Tensor& noisy_MB2,
                                     const at::Tensor& level_MB2) const {
  return denoiser_->forward(at::cat({inputs.features_MBX, wish_MB1, noisy_MB2, level_MB2}, -1));
}

at::Tensor DiffusionActor::said_MB2(const ActorInputs& inputs) const {
  at::Tensor noisy_MB2 = inputs.noise_MBZ.slice(-1, 0, 2);
  for (int64_t k = std::ssize(levels_) - 1;; --k) {
    const Level& level = at(levels_, k);
    const at::Tensor clean = clean_MB2(inputs, inputs.wish_MB1, noisy_MB2, level_K2_.select(0, k).expand_as(noisy_MB2));
    if (k == 0) return clean;
    const at::Tensor drawn_MB2 = inputs.noise_MBZ.slice(-1, 2 * k, 2 * (k + 1));
    noisy_MB2 = at::tanh(clean) * level.of_clean + noisy_MB2 * level.of_noisy + drawn_MB2 * level.deviation;
  }
}

Actor::Lesson DiffusionActor::lesson(const ActorInputs& inputs, const Made& made,
                                     const at::Generator& generator) const {
  const at::Tensor& steps_MB2 = made.steps_MB2;
  const at::Tensor drawn_MB = at::randint(std::ssize(levels_), steps_MB2.sizes().slice(0, 2), generator, at::kLong);
  const at::Tensor level_MB2 = level_K2_.index_select(0, drawn_MB.flatten()).view_as(steps_MB2);
  const at::Tensor noisy_MB2 =
      steps_MB2 * level_MB2.slice(-1, 0, 1) + at::randn(steps_MB2.sizes(), generator) * level_MB2.slice(-1, 1, 2);
  const at::Tensor clean = at::tanh(clean_MB2(inputs, made.gain_MB1, noisy_MB2, level_MB2));
  return {said_MB2(inputs), (clean - steps_MB2).square().mean()};
}

}  // namespace genbid::perbid
