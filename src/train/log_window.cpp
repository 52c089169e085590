#include "train/log_window.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

namespace genbid::train {

void LogWindow::add(const std::string& group, const policy::NamedTensors& losses, const at::Tensor& total,
                    const at::Tensor& norm) {
  const std::string suffix = group.empty() ? "" : "/" + group;
  add("gradient_norm" + suffix, norm);
  for (const auto& [name, value] : losses) add("loss/" + name, value);
  // A step's loss is the sum over its groups; each counts its own steps.
  add("loss_of" + suffix, total);
}

void LogWindow::add(const std::string& name, const at::Tensor& value) {
  const torch::NoGradGuard no_grad;
  Sum& sum = sums_[name];
  if (!sum.total.defined()) sum.total = at::zeros_like(value);
  sum.total.add_(value);
  if (counts_) ++sum.count;
  if (noted_ != nullptr) noted_->push_back(name);
}

void LogWindow::count(const std::vector<std::string>& names) {
  for (const std::string& name : names) ++sums_[name].count;
}

MetricValues LogWindow::take() {
  const torch::NoGradGuard no_grad;
  MetricValues values = {{"train/loss", 0.0}};  // stays where every group rested
  std::vector<at::Tensor> means;
  for (const auto& [name, sum] : sums_) {
    if (sum.count > 0) means.push_back(sum.total / sum.count);
  }
  if (means.empty()) return values;
  const at::Tensor mean = at::stack(means).to(at::kCPU, at::kDouble);
  int64_t i = 0;
  for (auto& [name, sum] : sums_) {
    if (sum.count == 0) continue;
    const auto value = mean[i++].item<double>();
    if (name.starts_with("loss_of")) {
      values.front().second += value;
    } else {
      values.emplace_back("train/" + name, value);
    }
    sum.total.zero_();
    sum.count = 0;
  }
  return values;
}

}  // namespace genbid::train
