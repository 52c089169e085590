#include "models/registry.h"

#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <span>

#include "base/named_table.h"
#include "base/random/random.h"
#include "models/decision_transformer/decision_transformer.h"
#include "models/decision_transformer/official_transformer.h"
#include "models/diffbid/diffbid.h"
#include "models/grm/grm.h"
#include "models/perceptron/perceptron.h"

namespace genbid::models {

struct ModelKind {
  std::string name;
  AnyConfig options;  // the defaults
  std::shared_ptr<policy::Policy> (*make)(const AnyConfig& options, const policy::PolicyShape& shape);
};

namespace {

template <typename Model, typename Config>
ModelKind model(std::string name) {
  return {std::move(name), AnyConfig(Config()),
          [](const AnyConfig& options, const policy::PolicyShape& shape) -> std::shared_ptr<policy::Policy> {
            return std::make_shared<Model>(*options.get_if<Config>(), shape);
          }};
}

std::span<const ModelKind> model_kinds() {
  static const std::array kKinds = {
      model<Perceptron, PerceptronConfig>("perceptron"),
      model<DecisionTransformer, DecisionTransformerConfig>("decision_transformer"),
      model<OfficialTransformer, OfficialTransformerConfig>("official_transformer"),
      model<DiffBid, DiffBidConfig>("diffbid"),
      model<Grm, GrmConfig>("grm"),
  };
  return kKinds;
}

const ModelKind& kind_of(const std::type_info& options) {
  const auto kinds = model_kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const ModelKind& kind) { return kind.options.type() == options; });
  assert(found != kinds.end());
  return *found;
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = names_in(model_kinds());
  return names;
}

ModelConfig::ModelConfig() : ModelConfig(DecisionTransformerConfig()) {}

ModelConfig::ModelConfig(AnyConfig options) : kind_(&kind_of(options.type())), options_(std::move(options)) {}

ModelConfig ModelConfig::named(const std::string& name) {
  return ModelConfig(find_named(model_kinds(), name, "model.name").options);
}

const std::string& ModelConfig::name() const { return kind_->name; }

void ModelConfig::fields(ConfigVisitor& v) {
  std::string wanted = name();
  v.field("name", wanted, model_names());
  if (wanted != name()) *this = named(wanted);
  options_.fields(v);
}

std::shared_ptr<policy::Policy> make_policy(const ModelConfig& config, const policy::PolicyShape& shape, int64_t seed) {
  // LibTorch's initialisers draw from the default generator.
  torch::manual_seed(derive_seed(static_cast<uint64_t>(seed), "model.init", 0));
  return config.kind_->make(config.options_, shape);
}

}  // namespace genbid::models
