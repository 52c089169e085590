#include "models/diffbid/change_scale.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>

namespace genbid::models::diffbid {
namespace {

// Rows of a table for each place of an index, B T S.
at::Tensor rows_of(const at::Tensor& table_TS, const at::Tensor& index_BT) {
  return table_TS.index_select(0, index_BT.clamp_min(0).flatten()).view({-1, index_BT.size(1), table_TS.size(1)});
}

}  // namespace

ChangeScaleImpl::ChangeScaleImpl(int64_t ticks, int64_t num_features)
    : mean_TS_(register_buffer("mean", at::zeros({ticks, num_features}))),
      scale_TS_(register_buffer("scale", at::ones({ticks, num_features}))) {}

void ChangeScaleImpl::fit(const at::Tensor& states_NS, const at::Tensor& ticks_N) {
  const torch::NoGradGuard no_grad;
  const int64_t rows = std::min(states_NS.size(0), kRows);
  const at::Tensor states = states_NS.slice(0, 0, rows).to(at::kDouble);
  const at::Tensor ticks = ticks_N.slice(0, 0, rows);
  mean_TS_.zero_();
  scale_TS_.zero_();
  for (int64_t d = 1; d < std::min(rows, mean_TS_.size(0)); ++d) {
    // A row d places further on that belongs to another trajectory has a tick that is not d higher.
    const at::Tensor same = (ticks.slice(0, d) - ticks.slice(0, 0, rows - d)).eq(d).nonzero().squeeze(-1);
    if (same.size(0) < 2) break;
    const at::Tensor change = states.index_select(0, same + d) - states.index_select(0, same);
    const at::Tensor deviation = change.std(0, /*unbiased=*/false);
    mean_TS_[d].copy_(change.mean(0));
    // States are of order 1 in float32, so a spread below this is only rounding.
    scale_TS_[d].copy_(at::where(deviation > 1e-5, deviation, at::zeros_like(deviation)));
  }
}

at::Tensor ChangeScaleImpl::standardize(const at::Tensor& states_BTS, const at::Tensor& now_B1S,
                                        const at::Tensor& ahead_BT) const {
  const at::Tensor scale_BTS = rows_of(scale_TS_, ahead_BT);
  const at::Tensor change_BTS = states_BTS - now_B1S - rows_of(mean_TS_, ahead_BT);
  return at::where(scale_BTS > 0, change_BTS / scale_BTS.clamp_min(1e-5), at::zeros_like(change_BTS))
      .clamp(-10.0, 10.0);
}

at::Tensor ChangeScaleImpl::restore(const at::Tensor& changes_BTS, const at::Tensor& now_B1S,
                                    const at::Tensor& ahead_BT) const {
  return now_B1S + rows_of(mean_TS_, ahead_BT) + changes_BTS * rows_of(scale_TS_, ahead_BT);
}

}  // namespace genbid::models::diffbid
