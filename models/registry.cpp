#include "models/registry.h"

#include <torch/utils.h>

#include "base/error.h"
#include "base/random/random.h"

namespace genbid::models {

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = {"behavior_cloning", "decision_transformer", "diffbid"};
  return names;
}

void ModelConfig::fields(ConfigVisitor& v) {
  v.field("name", name, model_names());
  if (name == "behavior_cloning") behavior_cloning.fields(v);
  if (name == "decision_transformer") decision_transformer.fields(v);
  if (name == "diffbid") diffbid.fields(v);
}

std::shared_ptr<policy::Policy> make_policy(const ModelConfig& config, const policy::PolicyShape& shape, int64_t seed) {
  // LibTorch's initialisers draw from the default generator.
  torch::manual_seed(derive_seed(static_cast<uint64_t>(seed), "model.init", 0));
  if (config.name == "behavior_cloning") {
    return std::make_shared<BehaviorCloning>(config.behavior_cloning, shape);
  }
  if (config.name == "decision_transformer") {
    return std::make_shared<DecisionTransformer>(config.decision_transformer, shape);
  }
  if (config.name == "diffbid") return std::make_shared<DiffBid>(config.diffbid, shape);
  throw Error("unknown model '" + config.name + "'");
}

}  // namespace genbid::models
