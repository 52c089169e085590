#include "models/inputs/wish_input.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <set>

#include "base/shown.h"

namespace genbid::models {
namespace {

constexpr double kTail = 0.05;  // share of what training days had to go at a tick that is cut off at either end
constexpr double kLeastDeviation = 0.02;  // least deviation at a tick, as a share of that over all ticks

}  // namespace

bool are_outcomes(const std::vector<std::string>& names) {
  const auto& known = outcome_names();
  const bool all_known = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  });
  return all_known && std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

const std::string& expected_wishes() {
  static const std::string text = "outcomes of a day, each once: " + listed(outcome_names());
  return text;
}

WishInputImpl::WishInputImpl(const std::vector<std::string>& wishes, double quantile, double cpa)
    : quantile_(quantile), cpa_(cpa) {
  std::vector<int64_t> columns;
  for (const std::string& name : wishes) {
    wishes_.push_back(parse_outcome(name));
    columns.push_back(static_cast<int64_t>(index_of(wishes_.back())));
  }
  if (wishes_.empty()) return;  // files hold no empty tensors
  scale_ = register_module("scale", nn::Normalizer(size()));
  columns_W_ = register_buffer("columns", at::tensor(columns, at::kLong));
  mean_KW_ = register_buffer("mean", at::zeros({kTicks, size()}));
  deviation_KW_ = register_buffer("deviation", at::ones({kTicks, size()}));
  lowest_KW_ = register_buffer("lowest", at::full({kTicks, size()}, -10.0));
  highest_KW_ = register_buffer("highest", at::full({kTicks, size()}, 10.0));
  default_W_ = register_buffer("default", at::ones({size()}));
}

void WishInputImpl::fit(const policy::TrainingColumns& columns) {
  if (wishes_.empty()) return;
  const torch::NoGradGuard no_grad;
  const at::Tensor to_go_NW = columns.to_go_NO.index_select(1, columns_W_);
  scale_->fit(to_go_NW);
  const at::Tensor scaled_NW = scale_->forward(to_go_NW).to(at::kDouble);
  for (int64_t tick = 0; tick < kTicks; ++tick) {
    const at::Tensor rows_N = columns.ticks_N.eq(tick).nonzero().flatten();
    if (rows_N.numel() == 0) {  // behind the longest day
      if (tick == 0) return;
      for (const at::Tensor& table_KW : {mean_KW_, deviation_KW_, lowest_KW_, highest_KW_}) {
        table_KW[tick].copy_(table_KW[tick - 1]);
      }
      continue;
    }
    const at::Tensor days_NW = scaled_NW.index_select(0, rows_N);
    mean_KW_[tick].copy_(days_NW.mean(0));
    deviation_KW_[tick].copy_(days_NW.std(0, /*unbiased=*/false).clamp_min(kLeastDeviation));
    const at::Tensor here_NW = (days_NW - mean_KW_[tick]) / deviation_KW_[tick];
    lowest_KW_[tick].copy_(here_NW.quantile(kTail, 0));
    highest_KW_[tick].copy_(here_NW.quantile(1.0 - kTail, 0));
  }
  const at::Tensor outcome_MW = columns.outcome_MO.index_select(1, columns_W_).to(at::kDouble);
  for (int64_t w = 0; w < size(); ++w) {
    if (wishes_[static_cast<size_t>(w)] == Outcome::kCpa) {
      default_W_[w].fill_(cpa_);
    } else {
      default_W_[w].copy_(outcome_MW.select(1, w).quantile(quantile_));
    }
  }
}

at::Tensor WishInputImpl::forward(const policy::Ticks& ticks, const at::Tensor& wishes_BO) const {
  const at::Tensor to_go_BTW = policy::to_go_BTO(ticks, wishes_BO).index_select(2, columns_W_);
  const at::Tensor tick_BT = ticks.ticks_BT.clamp(0, kTicks - 1);
  const auto rows_BTW = [&](const at::Tensor& table_KW) { return at::embedding(table_KW, tick_BT); };
  const at::Tensor at_tick_BTW = (scale_->forward(to_go_BTW) - rows_BTW(mean_KW_)) / rows_BTW(deviation_KW_);
  return at_tick_BTW.maximum(rows_BTW(lowest_KW_)).minimum(rows_BTW(highest_KW_));
}

Wishes WishInputImpl::defaults() const {
  Wishes wishes;
  for (size_t w = 0; w < wishes_.size(); ++w) {
    wishes[wishes_[w]] = default_W_[static_cast<int64_t>(w)].item<double>();
  }
  return wishes;
}

}  // namespace genbid::models
