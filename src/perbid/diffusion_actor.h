#pragma once

#include <iterator>
#include <vector>

#include "base/config/config.h"
#include "perbid/actor.h"
#include "perbid/stacked_layers.h"

namespace genbid::perbid {

struct DiffusionActorConfig {
  int64_t levels = 5;  // of noise
  ActorLosses losses{.imitation = 1.0, .value = 10.0};

  void fields(ConfigVisitor& v);
};

// A move is drawn by denoising (Diffusion-QL, Wang et al., ICLR 2023): a perceptron says what the clean move is, given
// the state, the wish and a noisy move. It has learned that of moves that were made, with what they brought as the
// wish, and from what its critic thinks of the moves that come out of the whole chain.
class DiffusionActor : public Actor {
 public:
  DiffusionActor(int64_t agents, int64_t inputs, int64_t width, int64_t depth, const DiffusionActorConfig& config);

  std::shared_ptr<torch::nn::Module> network() const override { return denoiser_; }
  at::Tensor said_MB2(const ActorInputs& inputs) const override;
  Lesson lesson(const ActorInputs& inputs, const Made& made, const at::Generator& generator) const override;
  int64_t noise_size() const override { return 2 * std::ssize(levels_); }

 private:
  // A level's noisy move is signal * clean move + noise * normal; the last level is the noisiest.
  struct Level {
    double signal;
    double noise;
    // The move at the level before, given the clean one: mean clean * of_clean + move * of_noisy (DDPM, eq. 7).
    double of_clean;
    double of_noisy;
    double deviation;
  };
  static std::vector<Level> levels_of(int64_t count);
  // Before tanh, of the clean move. `level_MB2`: signal and noise of each move's level.
  at::Tensor clean_MB2(const ActorInputs& inputs, const at::Tensor& wish_MB1, const at::Tensor& noisy_MB2,
                       const at::Tensor& level_MB2) const;

  std::vector<Level> levels_;
  at::Tensor level_K2_;  // signal and noise of each
  std::shared_ptr<StackedLayers> denoiser_;
};

}  // namespace genbid::perbid
