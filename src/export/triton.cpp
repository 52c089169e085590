#include "export/triton.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/shown.h"

namespace genbid::exporting {
namespace {

namespace fs = std::filesystem;

// The number of a version, from 1 on; 0 for a name that is none.
int64_t version_number(const std::string& name) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc() && end == name.data() + name.size() && name.front() != '0';
  return whole && number > 0 ? number : 0;
}

const char* triton_type(graph::Type type) {
  return type == graph::Type::kFloat ? "TYPE_FP32" : type == graph::Type::kInt ? "TYPE_INT64" : "TYPE_BOOL";
}

std::string tensor_entry(const std::string& name, const graph::Value& value) {
  std::string dims;
  for (const int64_t extent : value.shape.rest) dims += (dims.empty() ? "" : ", ") + std::to_string(extent);
  return "  { name: \"" + name + "\" data_type: " + triton_type(value.type) + " dims: [ " + dims + " ] }";
}

}  // namespace

std::string next_triton_version(const std::string& model_folder) {
  int64_t last = 0;
  if (fs::is_directory(model_folder)) {
    for (const auto& entry : fs::directory_iterator(model_folder)) {
      last = std::max(last, version_number(entry.path().filename().string()));
    }
  }
  return std::to_string(last + 1);
}

void check_triton_version(const std::string& version) {
  if (version_number(version) > 0) return;
  throw ConfigError("version: found '" + shown(version) + "', expected a whole number from 1 on with layout=triton");
}

namespace {

// What a version's model reads and says: the part of a config that is the network's.
std::string tensors_of(const graph::Graph& graph) {
  std::string inputs;
  for (const graph::Named& input : graph.inputs()) {
    inputs += (inputs.empty() ? "" : ",\n") + tensor_entry(input.name, graph.value(input.value));
  }
  std::string outputs;
  for (const graph::Named& output : graph.outputs()) {
    const bool is_input = std::any_of(graph.inputs().begin(), graph.inputs().end(),
                                      [&](const graph::Named& input) { return input.name == output.name; });
    outputs += (outputs.empty() ? "" : ",\n") +
               tensor_entry(output.name + (is_input ? "_out" : ""), graph.value(output.value));
  }
  return "input [\n" + inputs + "\n]\noutput [\n" + outputs + "\n]\n";
}

}  // namespace

std::string triton_config(const graph::Graph& graph, const std::string& model) {
  return "name: \"" + model +
         "\"\n"
         "backend: \"onnxruntime\"\n"
         "max_batch_size: 64\n" +
         tensors_of(graph) +
         "dynamic_batching {\n"
         "  preferred_batch_size: [ 8, 16, 32, 48 ]\n"
         "  max_queue_delay_microseconds: 500\n"
         "}\n"
         "version_policy: { latest { num_versions: 1 } }\n"
         "instance_group [ { kind: KIND_CPU } ]\n"
         "parameters { key: \"intra_op_thread_count\" value: { string_value: \"1\" } }\n"
         "parameters { key: \"inter_op_thread_count\" value: { string_value: \"1\" } }\n";
}

void write_triton_config(const graph::Graph& graph, const std::string& model_folder, const std::string& model) {
  const std::string path = model_folder + "/config.pbtxt";
  if (!fs::exists(path)) return write_file(path, triton_config(graph, model));
  if (read_file(path).find(tensors_of(graph)) != std::string::npos) return;
  throw Error(path + ": found other inputs or outputs than this policy's, expected\n" + tensors_of(graph) +
              "All versions of a model share this file: export to another repository (output=)");
}

}  // namespace genbid::exporting
