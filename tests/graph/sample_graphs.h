#pragma once

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/convert.h"
#include "graph/graph.h"
#include "graph/operators.h"

namespace genbid::graph::test {

// A graph with random constants.
class SampleGraph {
 public:
  Graph graph;

  ValueId input(const std::string& name, const Shape& shape, Type type = Type::kFloat) {
    return graph.add_input(name, type, shape);
  }
  ValueId add(Op op, std::vector<ValueId> inputs, std::vector<int64_t> ints = {}, std::vector<double> reals = {}) {
    return graph.add(op, std::move(inputs), std::move(ints), std::move(reals));
  }
  // An output that is called after its number.
  void out(ValueId value) { graph.add_output("out_" + std::to_string(graph.outputs().size()), value); }
  void out(Op op, std::vector<ValueId> inputs, std::vector<int64_t> ints = {}, std::vector<double> reals = {}) {
    out(add(op, std::move(inputs), std::move(ints), std::move(reals)));
  }

  ValueId normals(const std::string& name, const std::vector<int64_t>& shape, float deviation = 1.0F) {
    std::vector<float> numbers(to_size(Shape{0, shape}.inner()));
    std::normal_distribution<float> normal(0.0F, deviation);
    for (float& number : numbers) number = normal(random_);
    return graph.add_constant(name, shape, numbers);
  }
  ValueId scalar(const std::string& name, float number) {
    return graph.add_constant(name, {}, std::vector<float>{number});
  }
  ValueId ints(const std::string& name, const std::vector<int64_t>& shape, const std::vector<int64_t>& numbers) {
    return graph.add_constant(name, shape, numbers);
  }
  ValueId bools(const std::string& name, const std::vector<int64_t>& shape, const std::vector<int>& numbers) {
    std::vector<std::byte> bytes;
    for (const int number : numbers) bytes.push_back(static_cast<std::byte>(number));
    return graph.add_constant(name, Type::kBool, shape, bytes);
  }
  // Layers with weights of their own, called NAME.weight and NAME.bias.
  ValueId linear(const std::string& name, ValueId x, int64_t width) {
    const int64_t from = graph.value(x).shape.rest.back();
    const ValueId weight = normals(name + ".weight", {width, from}, 1.0F / std::sqrt(as_float(from)));
    return add(Op::kLinear, {x, weight, normals(name + ".bias", {width}, 0.1F)});
  }
  ValueId conv(const std::string& name, ValueId x, int64_t channels, int64_t kernel, int64_t stride, int64_t padding,
               Op op = Op::kConv1d) {
    const int64_t from = graph.value(x).shape.rest[0];
    const std::vector<int64_t> shape =
        op == Op::kConv1d ? std::vector{channels, from, kernel} : std::vector{from, channels, kernel};
    const ValueId weight = normals(name + ".weight", shape, 1.0F / std::sqrt(as_float(from * kernel)));
    return add(op, {x, weight, normals(name + ".bias", {channels}, 0.1F)}, {stride, padding});
  }
  ValueId norm(const std::string& name, ValueId x, int64_t groups = 0) {
    const auto& rest = graph.value(x).shape.rest;
    const int64_t width = groups > 0 ? rest[0] : rest.back();
    const ValueId weight = normals(name + ".weight", {width});
    const ValueId bias = normals(name + ".bias", {width});
    if (groups > 0) return add(Op::kGroupNorm, {x, weight, bias}, {groups}, {1e-5});
    return add(Op::kLayerNorm, {x, weight, bias}, {}, {1e-5});
  }

 private:
  std::mt19937 random_{7};
};

// Which together have every operator in all its forms, and a few like those of policies. An i64 input whose name begins
// with "index" takes numbers from 0 to 2.
std::map<std::string, Graph> sample_graphs();

}  // namespace genbid::graph::test
