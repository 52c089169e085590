#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>
#include <torch/utils.h>

#include <cstring>
#include <map>
#include <string>

#include "base/files/safetensors.h"

// Numbers that scripts/reference/make_references.py computed with PyTorch in float64; ours are float32.

namespace genbid::test {

class ReferenceFile {
 public:
  explicit ReferenceFile(const std::string& name) : file_("tests/golden/reference/" + name + ".safetensors") {}

  at::Tensor operator[](const std::string& name) const {
    const TensorBytes* stored = file_.find(name);
    if (stored == nullptr) throw std::runtime_error("no tensor '" + name + "'");
    const at::ScalarType type = stored->dtype == "F64" ? at::kDouble : stored->dtype == "I64" ? at::kLong : at::kFloat;
    const at::Tensor value = at::empty(stored->shape, at::TensorOptions(type));
    std::memcpy(value.mutable_data_ptr(), stored->data.data(), stored->data.size());
    return value;
  }

  // What the file calls a part that the module calls otherwise.
  using Names = std::map<std::string, std::string>;

  // Sets the module's parameters and buffers as far as the file has them. Every parameter must be there.
  void load_into(torch::nn::Module& module, const Names& names = {}) const {
    const torch::NoGradGuard no_grad;
    const auto name_of = [&](const std::string& key) { return "param." + renamed(key, names); };
    for (const auto& item : module.named_parameters()) at::Tensor(item.value()).copy_((*this)[name_of(item.key())]);
    for (const auto& item : module.named_buffers()) {
      if (file_.find(name_of(item.key())) != nullptr) at::Tensor(item.value()).copy_((*this)[name_of(item.key())]);
    }
  }

  // Compares the gradient of every parameter, after backward. A gradient is a sum of many terms of either sign, so its
  // error is measured by the largest element of its tensor.
  void expect_gradients(const torch::nn::Module& module, double tolerance, const Names& names = {}) const {
    for (const auto& item : module.named_parameters()) {
      ASSERT_TRUE(item.value().grad().defined()) << item.key();
      expect_near(item.value().grad(), "grad." + renamed(item.key(), names), tolerance);
    }
  }

  // Largest error, as a share of the tensor's largest element.
  void expect_near(const at::Tensor& value, const std::string& name, double tolerance) const {
    const at::Tensor expected = (*this)[name];
    ASSERT_EQ(value.sizes(), expected.sizes()) << name;
    const double scale = expected.abs().max().item<double>();
    const double error = (value.detach().to(at::kDouble) - expected).abs().max().item<double>();
    EXPECT_LE(error, tolerance * scale) << name << ", of scale " << scale;
  }

 private:
  static std::string renamed(const std::string& key, const Names& names) {
    for (const auto& [ours, theirs] : names) {
      if (key.starts_with(ours)) return theirs + key.substr(ours.size());
    }
    return key;
  }

  SafetensorsFile file_;
};

}  // namespace genbid::test
