#include "graph/onnx_file.h"

#include "base/convert.h"
#include "base/shown.h"

namespace genbid::graph {
namespace {

// Numbers of fields and enumerations: onnx.proto of the ONNX specification.
namespace field {
constexpr uint32_t kGraphNode = 1, kGraphName = 2, kGraphInitializer = 5, kGraphInput = 11, kGraphOutput = 12,
                   kGraphValueInfo = 13;
constexpr uint32_t kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kNodeOp = 4, kNodeAttribute = 5;
constexpr uint32_t kAttributeName = 1, kAttributeReal = 2, kAttributeInt = 3, kAttributeInts = 8, kAttributeType = 20;
constexpr uint32_t kTensorDims = 1, kTensorType = 2, kTensorName = 8, kTensorRaw = 9;
constexpr uint32_t kValueName = 1, kValueType = 2, kTypeTensor = 1, kTensorElement = 1, kTensorShape = 2, kShapeDim = 1,
                   kDimValue = 1, kDimName = 2;
}  // namespace field

int64_t element_type(Type type) { return type == Type::kFloat ? 1 : type == Type::kInt ? 7 : 9; }

ProtobufWriter tensor_shape(const Shape& shape) {
  ProtobufWriter dims;
  if (shape.rows > 0) {
    ProtobufWriter dim;
    dim.text(field::kDimName, shape.rows == 1 ? "rows" : "rows_times_" + std::to_string(shape.rows));
    dims.message(field::kShapeDim, dim);
  }
  for (const int64_t extent : shape.rest) {
    ProtobufWriter dim;
    dim.number(field::kDimValue, extent);
    dims.message(field::kShapeDim, dim);
  }
  return dims;
}

ProtobufWriter attribute_message(const OnnxAttribute& attribute) {
  constexpr int64_t kReal = 1, kInt = 2, kInts = 7;  // AttributeType
  ProtobufWriter message;
  message.text(field::kAttributeName, attribute.name);
  if (const auto* one = std::get_if<int64_t>(&attribute.value)) {
    message.number(field::kAttributeInt, *one);
    message.number(field::kAttributeType, kInt);
  } else if (const auto* many = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    for (const int64_t number : *many) message.number(field::kAttributeInts, number);
    message.number(field::kAttributeType, kInts);
  } else {
    message.real(field::kAttributeReal, std::get<float>(attribute.value));
    message.number(field::kAttributeType, kReal);
  }
  return message;
}

}  // namespace

std::string OnnxFile::unused_name(const std::string& wished) {
  std::string name = wished;
  while (!names_.insert(name).second) name += "_";
  return name;
}

void OnnxFile::node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                    const std::vector<OnnxAttribute>& attributes) {
  ProtobufWriter message;
  for (const std::string& input : inputs) message.text(field::kNodeInput, input);
  message.text(field::kNodeOutput, output);
  message.text(field::kNodeName, output);
  message.text(field::kNodeOp, op);
  for (const OnnxAttribute& attribute : attributes) {
    message.message(field::kNodeAttribute, attribute_message(attribute));
  }
  graph_.message(field::kGraphNode, message);
}

void OnnxFile::initializer(const std::string& name, Type type, const std::vector<int64_t>& shape,
                           std::span<const std::byte> bytes) {
  ProtobufWriter tensor;
  for (const int64_t extent : shape) tensor.number(field::kTensorDims, extent);
  tensor.number(field::kTensorType, element_type(type));
  tensor.text(field::kTensorName, name);
  tensor.text(field::kTensorRaw, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  graph_.message(field::kGraphInitializer, tensor);
}

std::string OnnxFile::floats(const std::vector<int64_t>& shape, const std::vector<float>& numbers) {
  return helper(Type::kFloat, shape, std::as_bytes(std::span(numbers)));
}

std::string OnnxFile::ints(const std::vector<int64_t>& shape, const std::vector<int64_t>& numbers) {
  return helper(Type::kInt, shape, std::as_bytes(std::span(numbers)));
}

std::string OnnxFile::bools(const std::vector<int64_t>& shape, const std::vector<char>& numbers) {
  return helper(Type::kBool, shape, std::as_bytes(std::span(numbers)));
}

std::string OnnxFile::helper(Type type, const std::vector<int64_t>& shape, std::span<const std::byte> bytes) {
  const std::string key =
      type_name(type) + shape_text(shape) + std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto [found, is_new] = helpers_.try_emplace(key);
  if (is_new) {
    found->second = unused_name("constant_" + std::to_string(helpers_.size()));
    initializer(found->second, type, shape, bytes);
  }
  return found->second;
}

void OnnxFile::value(Role role, const std::string& name, Type type, const Shape& shape) {
  ProtobufWriter tensor;
  tensor.number(field::kTensorElement, element_type(type));
  tensor.message(field::kTensorShape, tensor_shape(shape));
  ProtobufWriter kind;
  kind.message(field::kTypeTensor, tensor);
  ProtobufWriter info;
  info.text(field::kValueName, name);
  info.message(field::kValueType, kind);
  graph_.message(role == Role::kInput    ? field::kGraphInput
                 : role == Role::kOutput ? field::kGraphOutput
                                         : field::kGraphValueInfo,
                 info);
}

ProtobufWriter OnnxFile::graph(const std::string& name) const {
  ProtobufWriter whole = graph_;
  whole.text(field::kGraphName, name);
  return whole;
}

}  // namespace genbid::graph
