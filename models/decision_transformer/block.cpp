#include "models/decision_transformer/block.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

namespace genbid::models::transformer {

at::Tensor dropout(const at::Tensor& x, double probability, at::Generator* noise) {
  const auto dropped = static_cast<int64_t>(std::lround(256.0 * probability));
  if (noise == nullptr || dropped == 0) return x;
  // The range goes from the lowest number on without an end, so that all 64 bits are random.
  const at::Tensor words = at::empty({(x.numel() + 7) / 8}, x.options().dtype(at::kLong));
  words.random_(std::numeric_limits<int64_t>::lowest(), std::nullopt, *noise);
  const at::Tensor bytes = words.view(at::kByte);
  const at::Tensor kept = bytes.slice(0, 0, x.numel()).view(x.sizes()).ge(dropped).to(x.scalar_type());
  return x * kept.mul_(256.0 / static_cast<double>(256 - dropped));
}

BlockImpl::BlockImpl(const BlockOptions& options) : options_(options) {
  const int64_t width = options.width;
  const auto norm = [width] { return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})); };
  attention_norm_ = register_module("attention_norm", norm());
  query_key_value_ = register_module("query_key_value", torch::nn::Linear(width, 3 * width));
  attention_out_ = register_module("attention_out", torch::nn::Linear(width, width));
  feed_norm_ = register_module("feed_norm", norm());
  feed_in_ = register_module("feed_in", torch::nn::Linear(width, options.inner));
  feed_out_ = register_module("feed_out", torch::nn::Linear(options.inner, width));
  if (!options.film) return;
  film_ = register_module("film", torch::nn::Linear(width, 4 * width));
  const torch::NoGradGuard no_grad;
  film_->weight.zero_();
  film_->bias.zero_();
}

at::Tensor BlockImpl::normed(torch::nn::LayerNorm& norm, const at::Tensor& x_BLD, const at::Tensor& film_BLX,
                             int64_t which) {
  const at::Tensor normed_BLD = norm(x_BLD);
  if (!options_.film) return normed_BLD;
  const int64_t width = options_.width;
  const at::Tensor weight = film_->weight.slice(0, 2 * which * width, 2 * (which + 1) * width);
  const at::Tensor bias = film_->bias.slice(0, 2 * which * width, 2 * (which + 1) * width);
  const auto scale_shift = at::linear(film_BLX, weight, bias).chunk(2, -1);
  return normed_BLD * (1.0 + scale_shift[0]) + scale_shift[1];
}

at::Tensor BlockImpl::keys_values(const at::Tensor& hidden_BLD, const at::Tensor& film_BLX) {
  const int64_t width = options_.width;
  return at::linear(normed(attention_norm_, hidden_BLD, film_BLX, 0), query_key_value_->weight.slice(0, width),
                    query_key_value_->bias.slice(0, width));
}

at::Tensor BlockImpl::attention(const at::Tensor& query_BHQd, const at::Tensor& key_BHLd, const at::Tensor& value_BHLd,
                                const at::Tensor& allowed, at::Generator* noise) const {
  if (noise == nullptr || options_.attention_dropout == 0.0) {
    return at::scaled_dot_product_attention(query_BHQd, key_BHLd, value_BHLd,
                                            allowed.defined() ? std::optional<at::Tensor>(allowed) : std::nullopt, 0.0,
                                            /*is_causal=*/!allowed.defined());
  }
  const at::Tensor seen =
      allowed.defined()
          ? allowed
          : at::ones({query_BHQd.size(2), key_BHLd.size(2)}, query_BHQd.options().dtype(at::kBool)).tril();
  const double scale = 1.0 / std::sqrt(static_cast<double>(query_BHQd.size(3)));
  const at::Tensor score_BHQL = (at::matmul(query_BHQd, key_BHLd.transpose(-2, -1)) * scale)
                                    .masked_fill(seen.logical_not(), -std::numeric_limits<double>::infinity());
  return at::matmul(dropout(score_BHQL.softmax(-1), options_.attention_dropout, noise), value_BHLd);
}

at::Tensor BlockImpl::forward(const at::Tensor& asked_BQD, const at::Tensor& keys_values_BLE, const at::Tensor& allowed,
                              const at::Tensor& film_BQX, at::Generator* noise) {
  const int64_t width = options_.width;
  const at::Tensor query_BQD =
      at::linear(normed(attention_norm_, asked_BQD, film_BQX, 0), query_key_value_->weight.slice(0, 0, width),
                 query_key_value_->bias.slice(0, 0, width));
  const auto split = [&](const at::Tensor& part) {  // B H L D/H
    return part.unflatten(-1, {options_.heads, width / options_.heads}).transpose(1, 2);
  };
  const auto keys_values = keys_values_BLE.chunk(2, -1);
  const at::Tensor out_BHQd = attention(split(query_BQD), split(keys_values[0]), split(keys_values[1]), allowed, noise);
  const at::Tensor attended_BQD =
      asked_BQD + dropout(attention_out_(out_BHQd.transpose(1, 2).flatten(2)), options_.dropout, noise);
  const at::Tensor inner = at::gelu(feed_in_(normed(feed_norm_, attended_BQD, film_BQX, 1)));
  return attended_BQD + dropout(feed_out_(inner), options_.dropout, noise);
}

}  // namespace genbid::models::transformer
