#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "graph/graph.h"
#include "graph/protobuf_writer.h"

// The parts of an ONNX file as they are collected: nodes, initializers, names. What they mean is known to onnx_writer.

namespace genbid::graph {

struct OnnxAttribute {
  std::string name;
  std::variant<int64_t, std::vector<int64_t>, float> value;
};

class OnnxFile {
 public:
  // A name that nothing else has: `wished`, or that with underscores behind it.
  std::string unused_name(const std::string& wished);

  // A node with one output of that name. An input may be "": left out.
  void node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
            const std::vector<OnnxAttribute>& attributes = {});
  void initializer(const std::string& name, Type type, const std::vector<int64_t>& shape,
                   std::span<const std::byte> bytes);
  // Numbers that the lowering needs, each once. Returns the initializer's name.
  std::string floats(const std::vector<int64_t>& shape, const std::vector<float>& numbers);
  std::string ints(const std::vector<int64_t>& shape, const std::vector<int64_t>& numbers);
  std::string bools(const std::vector<int64_t>& shape, const std::vector<char>& numbers);

  enum class Role { kInput, kOutput, kBetween };
  void value(Role role, const std::string& name, Type type, const Shape& shape);

  ProtobufWriter graph(const std::string& name) const;

 private:
  std::string helper(Type type, const std::vector<int64_t>& shape, std::span<const std::byte> bytes);

  std::set<std::string> names_;
  std::map<std::string, std::string> helpers_;  // by type, shape and bytes
  ProtobufWriter graph_;
};

}  // namespace genbid::graph
