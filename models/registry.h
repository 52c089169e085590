#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/config/any_config.h"
#include "policy/policy.h"

// The table of models. A new one: a folder here, and a line in the table of registry.cpp (models/README.md).

namespace genbid::models {

struct ModelKind;  // a line of the table

// `model:` of a training config: its name, and the options of that model beside it. In code a model's config is one:
// `ModelConfig model = DiffBidConfig{};`.
class ModelConfig {
 public:
  ModelConfig();  // decision_transformer
  template <ConfigStruct Config>
  requires(!std::same_as<Config, AnyConfig>) ModelConfig(Config config) : ModelConfig(AnyConfig(std::move(config))) {}
  // The model of this name, with its defaults. Error for an unknown one.
  static ModelConfig named(const std::string& name);

  const std::string& name() const;
  // The model's own config; null where it is that of another one.
  template <ConfigStruct Config>
  Config* get_if() {
    return options_.get_if<Config>();
  }
  template <ConfigStruct Config>
  const Config* get_if() const {
    return options_.get_if<Config>();
  }

  void fields(ConfigVisitor& v);

 private:
  friend std::shared_ptr<policy::Policy> make_policy(const ModelConfig& config, const policy::PolicyShape& shape,
                                                     int64_t seed);

  explicit ModelConfig(AnyConfig options);

  const ModelKind* kind_;
  AnyConfig options_;
};

const std::vector<std::string>& model_names();

// Weights are drawn from a stream of `seed`: the same seed gives the same policy.
std::shared_ptr<policy::Policy> make_policy(const ModelConfig& config, const policy::PolicyShape& shape, int64_t seed);

}  // namespace genbid::models
