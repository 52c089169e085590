#pragma once

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <vector>

#include "models/diffbid/residual_block.h"

// B rows, T ticks, X input channels, Y output channels, C conditions, E embedding.

namespace genbid::models::diffbid {

struct TemporalUnetOptions {
  int64_t channels_in = 0;                        // X
  int64_t channels_out = 0;                       // Y
  int64_t num_conditions = 1;                     // C
  std::vector<int64_t> widths = {128, 256, 512};  // channels of the stages; each further one has half the ticks
  int64_t kernel = 5;                             // odd
  int64_t blocks = 2;                             // residual blocks a stage
  int64_t groups = 8;                             // of GroupNorm; a divisor of every width
  int64_t embedding = 128;                        // E, even, of the noise level and of the conditions each
};

// U-Net over time (Janner et al., ICML 2022; conditions as Ajay et al., ICLR 2023), layer by layer as AuctionNet's
// Decision Diffuser (auctionnet.md 5.8), parameters registered in its order. As there, the first stage's skip
// connection is not used.
//
// With widths W0, W1, W2 and T ticks, each box two residual blocks that also see the embedding (and a resampling):
//
//   ticks
//   T      X -> [down W0] ---- not used ----               [up W0] -> final block -> Y
//                   | halve                                 ^ twice
//   T/2         [down W1] -------- skip ---------> [up W1] -+
//                   | halve                          ^ twice
//   T/4         [down W2] -------- skip ------------>|
//                   +-----> [middle W2] ------------>+
//
//   embedding 2E = [ noise level E | conditions E, zeros where they are dropped ], the same for all boxes
class TemporalUnetImpl : public torch::nn::Module {
 public:
  explicit TemporalUnetImpl(const TemporalUnetOptions& options);

  // x_BTX may have any T: zeros fill it up to a multiple of 2^(number of widths - 1), because every further stage
  // halves it. level_B holds noise levels as float, and keep_B1 is 0 where the conditions are dropped and 1 elsewhere.
  // Returns B T Y.
  at::Tensor forward(const at::Tensor& x_BTX, const at::Tensor& level_B, const at::Tensor& condition_BC,
                     const at::Tensor& keep_B1);

  at::Tensor embed_level(const at::Tensor& level_B);           // B E
  at::Tensor embed_condition(const at::Tensor& condition_BC);  // B E

 private:
  TemporalUnetOptions options_;
  torch::nn::Linear level_in_{nullptr};
  torch::nn::Linear level_out_{nullptr};
  torch::nn::Linear condition_in_{nullptr};
  torch::nn::Linear condition_middle_{nullptr};
  torch::nn::Linear condition_out_{nullptr};
  torch::nn::ModuleList downs_{nullptr};
  torch::nn::ModuleList ups_{nullptr};
  torch::nn::ModuleList middle_{nullptr};
  ConvBlock final_block_{nullptr};
  torch::nn::Conv1d final_conv_{nullptr};
};
TORCH_MODULE(TemporalUnet);

// Floating-point operations of the convolutions and linear layers in one row's forward pass over `ticks` ticks, where a
// multiplication with its addition counts as two.
int64_t forward_flops(const TemporalUnetOptions& options, int64_t ticks);

}  // namespace genbid::models::diffbid
