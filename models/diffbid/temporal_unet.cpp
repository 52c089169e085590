#include "models/diffbid/temporal_unet.h"

#include <ATen/ATen.h>

#include <cmath>

// B rows, N channels, T ticks, E embedding.

namespace genbid::models::diffbid {
namespace {

// Residual blocks, then a change of the number of ticks (none in the last stage down).
class Stage : public torch::nn::Module {
 public:
  Stage(int64_t channels_in, int64_t channels_out, const TemporalUnetOptions& options) {
    blocks_ = register_module("blocks", torch::nn::ModuleList());
    for (int64_t i = 0; i < options.blocks; ++i) {
      blocks_->push_back(ResidualBlock(i == 0 ? channels_in : channels_out, channels_out, 2 * options.embedding,
                                       options.kernel, options.groups));
    }
  }

  void halve(int64_t channels) {
    halve_ = register_module("resample",
                             torch::nn::Conv1d(torch::nn::Conv1dOptions(channels, channels, 3).stride(2).padding(1)));
  }
  void twice(int64_t channels) {
    twice_ = register_module(
        "resample",
        torch::nn::ConvTranspose1d(torch::nn::ConvTranspose1dOptions(channels, channels, 4).stride(2).padding(1)));
  }

  at::Tensor run_blocks(at::Tensor x_BNT, const at::Tensor& embedding_BE) {
    for (const auto& block : *blocks_) x_BNT = block->as<ResidualBlock>()->forward(x_BNT, embedding_BE);
    return x_BNT;
  }

  at::Tensor resample(const at::Tensor& x_BNT) {
    if (!halve_.is_empty()) return halve_(x_BNT);
    return twice_.is_empty() ? x_BNT : twice_(x_BNT);
  }

 private:
  torch::nn::ModuleList blocks_{nullptr};
  torch::nn::Conv1d halve_{nullptr};
  torch::nn::ConvTranspose1d twice_{nullptr};
};

// Transformer-style code of a number (Vaswani et al., NIPS 2017): sines, then cosines, of E / 2 frequencies.
at::Tensor sinusoidal(const at::Tensor& level_B, int64_t size) {
  const int64_t half = size / 2;
  const double step = half > 1 ? std::log(10000.0) / static_cast<double>(half - 1) : 0.0;
  const at::Tensor frequency_F = at::exp(at::arange(half, level_B.options()) * -step);
  const at::Tensor angle_BF = level_B.unsqueeze(-1) * frequency_F;
  return at::cat({angle_BF.sin(), angle_BF.cos()}, -1);
}

// Every stage but the last halves the ticks.
int64_t padded_ticks(const TemporalUnetOptions& options, int64_t ticks) {
  const int64_t unit = int64_t{1} << (options.widths.size() - 1);
  return (ticks + unit - 1) / unit * unit;
}

}  // namespace

TemporalUnetImpl::TemporalUnetImpl(const TemporalUnetOptions& options) : options_(options) {
  const int64_t e = options.embedding;
  level_in_ = register_module("level_in", torch::nn::Linear(e, 4 * e));
  level_out_ = register_module("level_out", torch::nn::Linear(4 * e, e));
  condition_in_ = register_module("condition_in", torch::nn::Linear(options.num_conditions, e));
  condition_middle_ = register_module("condition_middle", torch::nn::Linear(e, 4 * e));
  condition_out_ = register_module("condition_out", torch::nn::Linear(4 * e, e));
  downs_ = register_module("downs", torch::nn::ModuleList());
  ups_ = register_module("ups", torch::nn::ModuleList());
  middle_ = register_module("middle", torch::nn::ModuleList());
  const std::vector<int64_t>& widths = options.widths;
  for (size_t i = 0; i < widths.size(); ++i) {
    const auto stage = std::make_shared<Stage>(i == 0 ? options.channels_in : widths[i - 1], widths[i], options);
    if (i + 1 < widths.size()) stage->halve(widths[i]);
    downs_->push_back(stage);
  }
  for (size_t i = widths.size() - 1; i-- > 0;) {
    const auto stage = std::make_shared<Stage>(2 * widths[i + 1], widths[i], options);
    stage->twice(widths[i]);
    ups_->push_back(stage);
  }
  for (int i = 0; i < 2; ++i) {
    middle_->push_back(ResidualBlock(widths.back(), widths.back(), 2 * e, options.kernel, options.groups));
  }
  final_block_ = register_module("final_block", ConvBlock(widths[0], widths[0], options.kernel, options.groups));
  final_conv_ =
      register_module("final_conv", torch::nn::Conv1d(torch::nn::Conv1dOptions(widths[0], options.channels_out, 1)));
}

at::Tensor TemporalUnetImpl::embed_level(const at::Tensor& level_B) {
  return level_out_(diffbid::mish(level_in_(sinusoidal(level_B, options_.embedding))));
}

at::Tensor TemporalUnetImpl::embed_condition(const at::Tensor& condition_BC) {
  return condition_out_(diffbid::mish(condition_middle_(diffbid::mish(condition_in_(condition_BC)))));
}

at::Tensor TemporalUnetImpl::forward(const at::Tensor& x_BTX, const at::Tensor& level_B, const at::Tensor& condition_BC,
                                     const at::Tensor& keep_B1) {
  const at::Tensor embedding_BE =
      diffbid::mish(at::cat({embed_level(level_B), embed_condition(condition_BC) * keep_B1}, -1));
  at::Tensor x_BNT = x_BTX.transpose(1, 2).contiguous();
  const int64_t ticks = x_BTX.size(1);
  const int64_t padded = padded_ticks(options_, ticks);
  if (padded != ticks) x_BNT = at::constant_pad_nd(x_BNT, {0, padded - ticks});
  std::vector<at::Tensor> skips;
  for (const auto& down : *downs_) {
    auto* stage = down->as<Stage>();
    skips.push_back(stage->run_blocks(x_BNT, embedding_BE));
    x_BNT = stage->resample(skips.back());
  }
  for (const auto& block : *middle_) x_BNT = block->as<ResidualBlock>()->forward(x_BNT, embedding_BE);
  for (const auto& up : *ups_) {
    auto* stage = up->as<Stage>();
    x_BNT = stage->resample(stage->run_blocks(at::cat({x_BNT, skips.back()}, 1), embedding_BE));
    skips.pop_back();
  }
  x_BNT = final_conv_(final_block_(x_BNT));
  if (padded != ticks) x_BNT = x_BNT.slice(2, 0, ticks);
  return x_BNT.transpose(1, 2);
}

int64_t forward_flops(const TemporalUnetOptions& options, int64_t day_ticks) {
  const int64_t ticks = padded_ticks(options, day_ticks);
  const int64_t e = options.embedding;
  const int64_t k = options.kernel;
  int64_t products = e * 4 * e + 4 * e * e + options.num_conditions * e + e * 4 * e + 4 * e * e;
  const auto block = [&](int64_t in, int64_t out, int64_t t) {
    products += t * k * (in * out + out * out) + 2 * e * out + (in != out ? t * in * out : 0);
  };
  const auto blocks = [&](int64_t in, int64_t out, int64_t t) {
    for (int64_t i = 0; i < options.blocks; ++i) block(i == 0 ? in : out, out, t);
  };
  const std::vector<int64_t>& widths = options.widths;
  const size_t last = widths.size() - 1;
  int64_t t = ticks;
  for (size_t i = 0; i <= last; ++i) {
    blocks(i == 0 ? options.channels_in : widths[i - 1], widths[i], t);
    if (i == last) break;
    t /= 2;
    products += t * 3 * widths[i] * widths[i];
  }
  for (int i = 0; i < 2; ++i) block(widths[last], widths[last], t);
  for (size_t i = last; i-- > 0; t *= 2) {
    blocks(2 * widths[i + 1], widths[i], t);
    products += t * 4 * widths[i] * widths[i];
  }
  products += ticks * (k * widths[0] * widths[0] + widths[0] * options.channels_out);
  return 2 * products;
}

}  // namespace genbid::models::diffbid
