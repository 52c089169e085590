#include "policy/policy.h"

namespace genbid {

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

}  // namespace genbid
