#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "models/behavior_cloning/behavior_cloning.h"
#include "models/decision_transformer/decision_transformer.h"
#include "models/diffbid/diffbid.h"
#include "policy/policy.h"

// The table of models. A new one: a folder here, a member below, and a line in each of three places of registry.cpp
// (models/README.md).

namespace genbid::models {

// `model:` of a training config: its name, and the options of that model beside it.
struct ModelConfig {
  std::string name = "decision_transformer";
  BehaviorCloningConfig behavior_cloning;
  DecisionTransformerConfig decision_transformer;
  DiffBidConfig diffbid;

  void fields(ConfigVisitor& v);
};

const std::vector<std::string>& model_names();

// Weights are drawn from a stream of `seed`: the same seed gives the same policy.
std::shared_ptr<policy::Policy> make_policy(const ModelConfig& config, const policy::PolicyShape& shape, int64_t seed);

}  // namespace genbid::models
