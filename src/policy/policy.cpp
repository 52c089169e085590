#include "policy/policy.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "bidding/state_features.h"

namespace genbid::policy {

at::Tensor Policy::log_densities_BTL(const Ticks& /*days*/, const at::Tensor& /*wishes_BO*/,
                                     const at::Tensor& /*choices_BTX*/) {
  throw Error("policy: asked how likely its choices were, and it does not sample");
}

at::Tensor to_go_BTO(const Ticks& ticks, const at::Tensor& whole_BO) {
  return whole_BO.unsqueeze(1) - ticks.before_BTO;
}

PolicyShape shape_for(const std::vector<std::string>& features) {
  PolicyShape shape{std::ssize(features), 1, {}, {}, {}};
  const std::set<std::string> market = {"time", "price", "value", "volume"};
  for (size_t i = 0; i < features.size(); ++i) {
    const std::string& group = feature_group(features[i]);
    if (group == "bid") shape.own_bids.push_back(to_signed(i));
    if (market.contains(group)) shape.market.push_back(to_signed(i));
    if (features[i] == "mean_pvalue" || features[i] == "num_pv") shape.offered.push_back(to_signed(i));
  }
  return shape;
}

std::vector<at::Tensor> trainable_parameters(const Policy& policy) {
  std::vector<at::Tensor> parameters;
  for (const at::Tensor& parameter : policy.parameters()) {
    if (parameter.requires_grad()) parameters.push_back(parameter);
  }
  return parameters;
}

int64_t num_parameters(const Policy& policy) {
  int64_t count = 0;
  for (const at::Tensor& parameter : trainable_parameters(policy)) count += parameter.numel();
  return count;
}

std::vector<NamedTensors> grouped_parameters(const Policy& policy) {
  const std::vector<ParameterGroup> groups = policy.parameter_groups();
  std::vector<NamedTensors> result(groups.size());
  for (const auto& item : policy.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    int owners = 0;
    for (size_t g = 0; g < groups.size(); ++g) {
      const bool owns = std::any_of(groups[g].prefixes.begin(), groups[g].prefixes.end(),
                                    [&](const std::string& prefix) { return item.key().starts_with(prefix); });
      if (!owns) continue;
      result[g][item.key()] = item.value();
      ++owners;
    }
    if (owners != 1) {
      throw Error("policy: parameter '" + item.key() + "' is in " + std::to_string(owners) +
                  " parameter groups, expected one");
    }
  }
  return result;
}

}  // namespace genbid::policy
