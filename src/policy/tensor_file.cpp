#include "policy/tensor_file.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files/safetensors.h"
#include "base/shown.h"

namespace genbid::policy {
namespace {

std::string dtype_name(at::ScalarType type, const std::string& name) {
  switch (type) {
    case at::kFloat:
      return "F32";
    case at::kDouble:
      return "F64";
    case at::kLong:
      return "I64";
    case at::kInt:
      return "I32";
    case at::kBool:
      return "BOOL";
    default:
      throw Error("tensor '" + name + "' has a type that checkpoints do not hold");
  }
}

}  // namespace

void write_tensors(const std::string& path, const NamedTensors& tensors) {
  std::vector<at::Tensor> held;
  std::vector<TensorBytes> bytes;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor plain = tensor.detach().to(at::kCPU).contiguous();
    held.push_back(plain);
    bytes.push_back({name,
                     dtype_name(plain.scalar_type(), name),
                     plain.sizes().vec(),
                     {static_cast<const std::byte*>(plain.const_data_ptr()), plain.nbytes()}});
  }
  write_safetensors(path, std::move(bytes));
}

void read_tensors(const std::string& path, const NamedTensors& targets,
                  const std::function<bool(const std::string& name)>& skip) {
  const torch::NoGradGuard no_grad;
  const SafetensorsFile file(path);
  for (const TensorBytes& stored : file.tensors()) {
    if (!skip(stored.name) && !targets.contains(stored.name)) {
      throw Error(path + ": found tensor '" + stored.name + "', which this policy does not have");
    }
  }
  for (const auto& [name, target] : targets) {
    const TensorBytes* stored = file.find(name);
    if (stored == nullptr) throw Error(path + ": expected tensor '" + name + "', found none");
    const std::string dtype = dtype_name(target.scalar_type(), name);
    if (stored->dtype != dtype || at::IntArrayRef(stored->shape) != target.sizes()) {
      throw Error(path + ": tensor '" + name + "': found " + stored->dtype + " " + shape_text(stored->shape) +
                  ", expected " + dtype + " " + shape_text(target.sizes().vec()));
    }
    const at::Tensor value = at::empty(target.sizes(), at::TensorOptions(target.scalar_type()));
    std::memcpy(value.mutable_data_ptr(), stored->data.data(), stored->data.size());
    if (!at::isfinite(value).all().item<bool>()) {
      throw Error(path + ": tensor '" + name + "': found numbers that are not finite, expected finite ones " +
                  "(an earlier checkpoint may hold some)");
    }
    at::Tensor(target).copy_(value);
  }
}

NamedTensors saved_weights(const Policy& policy) {
  NamedTensors tensors;
  for (const auto& item : policy.named_parameters()) tensors["policy." + item.key()] = item.value();
  for (const auto& item : policy.named_buffers()) tensors["policy." + item.key()] = item.value();
  return tensors;
}

NamedTensors trained_weights(const Policy& policy) {
  NamedTensors tensors;
  for (const auto& item : policy.named_parameters()) {
    if (item.value().requires_grad()) tensors["ema." + item.key()] = item.value();
  }
  return tensors;
}

}  // namespace genbid::policy
