#include "train/checkpoint.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/error.h"
#include "base/files/safetensors.h"

namespace genbid::train {
namespace {

constexpr int kVersion = 1;
constexpr const char* kFormat = "genbid-checkpoint";
constexpr std::array kFiles = {"model.safetensors", "trainer.safetensors", "config.yaml"};

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
      throw Error("checkpoint: tensor '" + name + "' has a type that checkpoints do not hold");
  }
}

void write_tensors(const std::string& path, const policy::NamedTensors& tensors) {
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

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// Copies the file's tensors into `targets`: the same names, types and shapes. Names for which `skip` holds are
// left alone.
template <typename Skip>
void read_tensors(const std::string& path, const policy::NamedTensors& targets, const Skip& skip) {
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
                  ", expected " + dtype + " " + shape_text(target.sizes()));
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

std::vector<std::pair<std::string, at::Tensor>> trained(const policy::Policy& policy) {
  std::vector<std::pair<std::string, at::Tensor>> result;
  for (const auto& item : policy.named_parameters()) {
    if (item.value().requires_grad()) result.emplace_back(item.key(), item.value());
  }
  return result;
}

policy::NamedTensors raw_weights(const policy::Policy& policy) {
  policy::NamedTensors tensors;
  for (const auto& item : policy.named_parameters()) tensors["policy." + item.key()] = item.value();
  for (const auto& item : policy.named_buffers()) tensors["policy." + item.key()] = item.value();
  return tensors;
}

policy::NamedTensors averages(const policy::Policy& policy, const std::vector<at::Tensor>& values) {
  policy::NamedTensors tensors;
  size_t i = 0;
  for (const auto& [name, parameter] : trained(policy)) tensors["ema." + name] = values[i++];
  return tensors;
}

policy::NamedTensors moments(const std::vector<AdamW>& optimizers) {
  policy::NamedTensors tensors;
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

void check_files(const std::string& path, const nlohmann::json& files) {
  for (const auto& [name, written] : files.items()) {
    const std::string file = path + "/" + name;
    const auto damaged = [&](const std::string& found) {
      throw Error(file + ": damaged: found " + found + ", expected the " +
                  std::to_string(written.at("size").get<uintmax_t>()) + " bytes that were written");
    };
    if (!std::filesystem::is_regular_file(file)) damaged("no such file");
    const uintmax_t size = std::filesystem::file_size(file);
    if (size != written.at("size").get<uintmax_t>()) damaged(std::to_string(size) + " bytes");
    if (file_content_hash(file) != written.at("xxh3_128").get<std::string>()) damaged("other bytes");
  }
}

}  // namespace

void save_checkpoint(const std::string& path, const CheckpointInfo& info, const std::string& config_yaml,
                     const policy::Policy& policy, const Ema& ema, const std::vector<AdamW>& optimizers) {
  AtomicFolder folder(path);
  policy::NamedTensors model = raw_weights(policy);
  model.merge(averages(policy, ema.averages()));
  write_tensors(folder.temporary() + "/model.safetensors", model);
  write_tensors(folder.temporary() + "/trainer.safetensors", moments(optimizers));
  write_file(folder.temporary() + "/config.yaml", config_yaml);
  nlohmann::ordered_json files;
  for (const char* name : kFiles) {
    const std::string file = folder.temporary() + "/" + name;
    files[name] = {{"size", std::filesystem::file_size(file)}, {"xxh3_128", file_content_hash(file)}};
  }
  const nlohmann::ordered_json state = {
      {"format", kFormat},
      {"version", kVersion},
      {"step", info.step},
      {"num_features", info.shape.num_features},
      {"num_actions", info.shape.num_actions},
      {"ticks", info.ticks},
      {"feature_set", info.observation.feature_set},
      {"reward", info.observation.reward},
      {"train_periods", info.train_periods},
      {"held_out_periods", info.held_out_periods},
      {"sources", info.sources},
      {"data_xxh3_128", info.data},
      {"program", info.program},
      {"threads", info.threads},
      {"files", files},
  };
  write_file(folder.temporary() + "/state.json", state.dump(2) + "\n");
  folder.commit();
}

CheckpointInfo read_checkpoint_info(const std::string& path) {
  const std::string file = path + "/state.json";
  if (!std::filesystem::exists(file)) {
    throw Error(
        path +
        ": not a checkpoint: found no state.json, expected a folder such as runs/NAME/checkpoints/step-00000100");
  }
  try {
    const auto state = nlohmann::json::parse(read_file(file));
    if (state.at("format") != kFormat)
      throw Error(file + ": found format '" + state.at("format").dump() + "', expected " + kFormat);
    if (state.at("version") != kVersion) {
      throw Error(file + ": found a checkpoint of version " + state.at("version").dump() + ", expected version " +
                  std::to_string(kVersion));
    }
    CheckpointInfo info;
    info.step = state.at("step");
    info.shape.num_features = state.at("num_features");
    info.shape.num_actions = state.at("num_actions");
    info.ticks = state.value("ticks", int64_t{kTicksPerPeriod});  // days had one length before it was recorded
    info.observation.feature_set = state.at("feature_set");
    info.observation.reward = state.at("reward");
    info.train_periods = state.at("train_periods").get<std::vector<int64_t>>();
    info.held_out_periods = state.at("held_out_periods").get<std::vector<int64_t>>();
    info.sources = state.at("sources");
    info.data = state.value("data_xxh3_128", "");
    info.program = state.value("program", "");
    info.threads = state.value("threads", int64_t{0});
    if (state.contains("files")) check_files(path, state.at("files"));
    return info;
  } catch (const nlohmann::json::exception& e) {
    throw Error(file + ": damaged (" + e.what() + ")");
  }
}

void load_policy(const std::string& path, policy::Policy& policy, Weights weights) {
  policy::NamedTensors targets = raw_weights(policy);
  const std::string file = path + "/model.safetensors";
  read_tensors(file, targets, [](const std::string& name) { return name.starts_with("ema."); });
  if (weights == Weights::kRaw) return;
  policy::NamedTensors ema;
  for (const auto& [name, parameter] : trained(policy)) ema["ema." + name] = parameter;
  read_tensors(file, ema, [](const std::string& name) { return name.starts_with("policy."); });
}

void load_trainer(const std::string& path, policy::Policy& policy, Ema& ema, const std::vector<AdamW>& optimizers) {
  policy::NamedTensors model = raw_weights(policy);
  model.merge(averages(policy, ema.averages()));
  const auto none = [](const std::string&) { return false; };
  read_tensors(path + "/model.safetensors", model, none);
  read_tensors(path + "/trainer.safetensors", moments(optimizers), none);
}

}  // namespace genbid::train
