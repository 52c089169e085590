#include "train/checkpoint.h"

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "policy/tensor_file.h"

namespace genbid::train {
namespace {

constexpr std::array kFiles = {"model.safetensors", "trainer.safetensors", "config.yaml"};

// The averages, in the order of the policy's parameters.
policy::NamedTensors averages(const policy::Policy& policy, const std::vector<at::Tensor>& values) {
  policy::NamedTensors tensors;
  size_t i = 0;
  for (const auto& item : policy.named_parameters()) {
    if (item.value().requires_grad()) tensors["ema." + item.key()] = values[i++];
  }
  return tensors;
}

policy::NamedTensors trainer_tensors(const std::vector<AdamW>& optimizers, const policy::NamedTensors& objective) {
  policy::NamedTensors tensors;
  for (const auto& [name, tensor] : objective) tensors["objective." + name] = tensor;
  for (const AdamW& optimizer : optimizers) {
    for (size_t i = 0; i < optimizer.names().size(); ++i) {
      const std::string& name = optimizer.names()[i];
      tensors["moment1." + name] = optimizer.moments1()[i];
      tensors["moment2." + name] = optimizer.moments2()[i];
      tensors["steps." + name] = optimizer.step_counts()[i];
    }
  }
  return tensors;
}

}  // namespace

void save_checkpoint(const std::string& path, const policy::CheckpointInfo& info, const std::string& config_yaml,
                     const policy::Policy& policy, const Ema& ema, const std::vector<AdamW>& optimizers,
                     const policy::NamedTensors& objective) {
  AtomicFolder folder(path);
  policy::NamedTensors model = policy::saved_weights(policy);
  model.merge(averages(policy, ema.averages()));
  policy::write_tensors(folder.temporary() + "/model.safetensors", model);
  policy::write_tensors(folder.temporary() + "/trainer.safetensors", trainer_tensors(optimizers, objective));
  write_file(folder.temporary() + "/config.yaml", config_yaml);
  nlohmann::ordered_json files;
  for (const char* name : kFiles) {
    const std::string file = folder.temporary() + "/" + name;
    files[name] = {{"size", std::filesystem::file_size(file)}, {"xxh3_128", file_content_hash(file)}};
  }
  auto stores = nlohmann::ordered_json::array();
  for (const policy::SeenStore& store : info.stores) {
    stores.push_back({{"days", store.days},
                      {"train_periods", store.train_periods},
                      {"held_out_periods", store.held_out_periods},
                      {"sources", store.sources},
                      {"data_xxh3_128", store.data}});
  }
  const nlohmann::ordered_json state = {
      {"format", policy::kCheckpointFormat},
      {"version", policy::kCheckpointVersion},
      {"step", info.step},
      {"num_features", info.shape.num_features},
      {"num_actions", info.shape.num_actions},
      {"ticks", info.ticks},
      {"feature_set", info.observation.feature_set},
      {"reward", info.observation.reward},
      {"feature_ranges", info.feature_ranges},
      {"labels", info.labels},
      {"returns", info.observation.returns},
      {"stores", stores},
      {"judged_days", info.judged_days},
      {"judged_periods", info.judged_periods},
      {"judge_xxh3_128", info.judge},
      {"initial_xxh3_128", info.initial},
      {"program", info.program},
      {"threads", info.threads},
      {"ranks", info.ranks},
      {"files", files},
  };
  write_file(folder.temporary() + "/state.json", state.dump(2) + "\n");
  folder.commit();
}

void load_trainer(const std::string& path, policy::Policy& policy, Ema& ema, const std::vector<AdamW>& optimizers,
                  const policy::NamedTensors& objective) {
  policy::NamedTensors model = policy::saved_weights(policy);
  model.merge(averages(policy, ema.averages()));
  const auto none = [](const std::string&) { return false; };
  policy::read_tensors(path + "/model.safetensors", model, none);
  policy::read_tensors(path + "/trainer.safetensors", trainer_tensors(optimizers, objective), none);
}

}  // namespace genbid::train
