#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "base/convert.h"
#include "base/error.h"
#include "graph/program.h"
#include "reference.h"

// Small random graphs over all operators, each value of which may be an output: what one operator leaves is what any
// other may get. Numbers begin as whole ones, so that most are exact and places that are confused show at once.

namespace genbid::graph {
namespace {

using test::Numbers;

const std::vector<int64_t>& rows_of_runs() {
  static const std::vector<int64_t> rows = {5, 1, 3};
  return rows;
}

double whole(size_t index, int64_t i) { return std::nearbyint(1.5 * test::spread(index, i)); }

class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : random_(seed) {
    add_input(Type::kFloat, {1, {2, 3, 4}});
    add_input(Type::kFloat, {1 + pick(2), {pick(4) + 1, pick(9) + 1}});
    add_input(Type::kFloat, {0, {pick(3) + 1, pick(4) + 1}});
    add_input(Type::kInt, {1, {2, pick(5) + 1}});
    for (int tries = 0; tries < 400 && graph_.nodes().size() < 24; ++tries) add_node();
    last_ = graph_;
    last_.add_output("last", graph_.num_values() - 1);
    // The last values, and any of the others, one of them twice.
    for (ValueId id = std::max(0, graph_.num_values() - 3); id < graph_.num_values(); ++id) out(id);
    const ValueId twice = any();
    out(twice);
    out(twice);
    out(any());
  }
  const Graph& graph() const { return graph_; }
  const Graph& last() const { return last_; }  // the same with one output

 private:
  int64_t pick(int64_t below) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(below)); }
  ValueId any() { return to_int(pick(graph_.num_values())); }
  void out(ValueId id) { graph_.add_output("out" + std::to_string(graph_.outputs().size()), id); }

  void add_input(Type type, const Shape& shape) {
    graph_.add_input("in" + std::to_string(graph_.inputs().size()), type, shape);
    for (const int64_t rows : rows_of_runs()) {
      values_[rows].push_back(test::inputs_of(graph_, rows, whole).back());
    }
  }
  ValueId constant(const std::vector<int64_t>& shape, Type type = Type::kFloat, int64_t low = -2, int64_t high = 2) {
    const std::string name = "c" + std::to_string(graph_.constants().size());
    std::vector<float> reals;
    std::vector<int64_t> wholes;
    for (int64_t i = 0; i < Shape{0, shape}.inner(); ++i) {
      wholes.push_back(low + pick(high - low + 1));
      reals.push_back(as_float(wholes.back()));
    }
    const ValueId id =
        type == Type::kFloat ? graph_.add_constant(name, shape, reals) : graph_.add_constant(name, shape, wholes);
    for (const int64_t rows : rows_of_runs()) values_[rows].push_back(test::reference_of_constant(graph_, id));
    return id;
  }

  // Adds it if the operator takes it, and if floats can tell what comes out.
  void try_node(Op op, const std::vector<ValueId>& inputs, const std::vector<int64_t>& ints = {},
                const std::vector<double>& reals = {}) {
    Node node = {op, inputs, ints, reals};
    Value output;
    try {
      std::vector<Value> of;
      for (const ValueId input : inputs) of.push_back(graph_.value(input));
      const TypeAndShape made = infer(op, of, ints, reals);
      if (made.shape.inner() * std::max<int64_t>(1, made.shape.rows) > 400) return;
      output = {made.type, made.shape};
    } catch (const Error&) {
      return;
    }
    std::vector<Numbers> found;
    for (const int64_t rows : rows_of_runs()) {
      std::vector<const Numbers*> in;
      for (const ValueId input : inputs) in.push_back(&at(values_[rows], input));
      found.push_back(test::reference_of(node, output, in, rows));
      if (!found.back().sure) return;
      for (const test::Number& one : found.back().all) {
        if (!(std::abs(one.real) < 1e4 && one.error < 1e-3) || std::abs(one.whole) > 1000000) return;
      }
    }
    graph_.add(op, inputs, ints, reals);
    for (size_t i = 0; i < found.size(); ++i) values_[rows_of_runs()[i]].push_back(std::move(found[i]));
  }

  ValueId recent() {  // so that chains are long
    const int64_t last = std::min<int64_t>(graph_.num_values(), 8);
    return to_int(pick(3) == 0 ? any() : graph_.num_values() - 1 - pick(last));
  }
  // The first dimension that is not the rows', and those behind it.
  int64_t dimension_of(const Shape& shape, bool rows_too) {
    const int64_t first = shape.rows > 0 && !rows_too ? 1 : 0;
    const int64_t count = to_signed(shape.rank()) - first;
    return count > 0 ? first + pick(count) : 0;
  }

  void add_node() {
    const Op op = static_cast<Op>(pick(kNumOps));
    const ValueId x = recent();
    if (op >= Op::kReshape) return add_places(op, x);
    if (op >= Op::kLinear) return add_product(op, x);
    switch (op) {
      case Op::kClamp:
        return try_node(op, {x}, {}, {-3.0 - as_double(pick(3)), 4.0});
      case Op::kCast:
        return try_node(op, {x}, {pick(3)});
      case Op::kFloorDiv:
        return try_node(op, {x, constant({}, Type::kInt, 1, 4)});
      case Op::kWhere:
        for (int i = 0; i < 8; ++i) try_node(op, {any(), x, recent()});
        return;
      case Op::kAnd:
      case Op::kOr:
        for (int i = 0; i < 8; ++i) try_node(op, {any(), recent()});
        return;
      default:
        if (info_of(op).most_inputs == 1) return try_node(op, {x});
        if (pick(2) == 0) return try_node(op, {x, recent()});
        // With a constant of a shape that broadcasts.
        std::vector<int64_t> shape = graph_.value(x).shape.rest;
        for (int64_t& extent : shape) extent = pick(2) == 0 ? 1 : extent;
        if (!shape.empty() && pick(2) == 0) shape.erase(shape.begin());
        if (graph_.value(x).type == Type::kBool) return;
        const ValueId y = constant(shape, graph_.value(x).type, op == Op::kDiv ? 1 : -2);
        return pick(2) == 0 && op != Op::kDiv ? try_node(op, {y, x}) : try_node(op, {x, y});
    }
  }

  void add_product(Op op, ValueId x) {
    const Shape shape = graph_.value(x).shape;
    if (graph_.value(x).type != Type::kFloat || shape.rest.empty()) return;
    const int64_t last = shape.rest.back();
    const int64_t width = 1 + pick(9);
    const int64_t taps = 1 + pick(3);
    switch (op) {
      case Op::kLinear:
        return try_node(op, {x, constant({width, last}), constant({width})});
      case Op::kMatmul: {
        if (pick(2) == 0) return try_node(op, {x, constant({last, width})});
        if (shape.rest.size() < 2) return;
        std::vector<int64_t> order;
        for (size_t i = 0; i < shape.rank(); ++i) order.push_back(to_signed(i));
        std::swap(order[order.size() - 1], order[order.size() - 2]);
        const ValueId before = graph_.num_values();
        try_node(Op::kPermute, {recent_like(shape)}, order);
        if (graph_.num_values() > before) try_node(op, {x, before});
        return;
      }
      case Op::kConv1d:
        return try_node(op, {x, constant({width, shape.rest[0], taps}), constant({width})}, {1 + pick(3), pick(3)});
      case Op::kConvTranspose1d:
        return try_node(op, {x, constant({shape.rest[0], width, taps}), constant({width})}, {1 + pick(3), pick(3)});
      case Op::kAttention: {
        if (shape.rest.size() != 3 || shape.rows == 0) return;
        const ValueId k = recent_like(shape);
        const ValueId v = recent_like(shape);
        if (pick(2) == 0) return try_node(op, {x, k, v}, {pick(2)});
        const ValueId scores = constant({shape.rest[1], shape.rest[1]});
        const ValueId before = graph_.num_values();
        try_node(Op::kLess, {scores, constant({}, Type::kFloat, 0, 1)});
        if (graph_.num_values() > before + 1) try_node(op, {x, k, v, before + 1}, {0});
        return;
      }
      case Op::kSoftmax:
        return try_node(op, {x});
      case Op::kLayerNorm:
        return try_node(op, {x, constant({last}), constant({last})}, {}, {0.5});
      case Op::kGroupNorm:
        return try_node(op, {x, constant({shape.rest[0]}), constant({shape.rest[0]})},
                        {pick(2) == 0 ? 1 : shape.rest[0]}, {0.5});
      default:
        return try_node(op, {x}, {dimension_of(shape, false)});
    }
  }

  // A value of the same type and shape.
  ValueId recent_like(const Shape& shape) {
    std::vector<ValueId> found;
    for (ValueId id = 0; id < graph_.num_values(); ++id) {
      if (graph_.value(id).shape == shape && graph_.value(id).type == Type::kFloat) found.push_back(id);
    }
    return at(found, pick(std::ssize(found)));
  }

  void add_places(Op op, ValueId x) {
    const Shape shape = graph_.value(x).shape;
    const auto rank = to_signed(shape.rank());
    std::vector<int64_t> ints;
    switch (op) {
      case Op::kReshape: {
        int64_t left = shape.count(1);
        ints.push_back(shape.rows > 0 ? (shape.rows > 1 && pick(2) == 0  ? 1
                                         : left % 2 == 0 && pick(3) == 0 ? 2
                                                                         : shape.rows)
                                      : 0);
        if (ints[0] > 0 && left % ints[0] != 0) return;
        left /= std::max<int64_t>(1, ints[0]);
        while (left > 1 && ints.size() < 4) {
          const int64_t extent = 1 + pick(6);
          if (left % extent != 0) continue;
          ints.push_back(extent);
          left /= extent;
        }
        ints.push_back(left);
        return try_node(op, {x}, ints);
      }
      case Op::kPermute:
        for (int64_t i = 0; i < rank; ++i) ints.push_back(i);
        if (rank > 1) std::shuffle(ints.begin() + (shape.rows > 0 ? 1 : 0), ints.end(), random_);
        return try_node(op, {x}, ints);
      case Op::kSlice: {
        if (rank == 0) return;
        const int64_t dimension = dimension_of(shape, true);
        const int64_t extent = shape.sizes(1)[to_size(dimension)];
        const int64_t first = pick(extent);
        return try_node(op, {x}, {dimension, first, first + 1 + pick(extent - first)});
      }
      case Op::kConcat: {
        if (rank == 0) return;
        const int64_t dimension = dimension_of(shape, true);
        if (pick(2) == 0) return try_node(op, {x, x}, {dimension});
        for (int i = 0; i < 6; ++i) try_node(op, {x, any()}, {dimension});
        return;
      }
      case Op::kExpand: {
        ints = shape.rest;
        for (int64_t& extent : ints) extent = extent == 1 ? 1 + pick(4) : extent;
        if (shape.rows == 0 && pick(2) == 0) ints.insert(ints.begin(), 1 + pick(3));
        ints.insert(ints.begin(), shape.rows > 0 ? shape.rows : pick(3));
        return try_node(op, {x}, ints);
      }
      case Op::kPad:
        return try_node(op, {x}, {dimension_of(shape, false), pick(3), pick(3)});
      case Op::kPick: {
        ints.push_back(dimension_of(shape, false));
        if (rank == 0) return;
        const int64_t extent = shape.sizes(1)[to_size(ints[0])];
        const int64_t count = 1 + pick(4);
        const int64_t step = 1 + pick(2);
        const bool regular = pick(2) == 0;
        for (int64_t i = 0; i < count; ++i) ints.push_back(regular ? i * step : pick(extent));
        return try_node(op, {x}, ints);
      }
      case Op::kGather: {
        const int64_t dimension = dimension_of(shape, false);
        const int64_t place = dimension - (shape.rows > 0 ? 1 : 0);
        if (place < 0 || shape.rest.empty()) return;
        Shape of = shape;
        of.rest[to_size(place)] = 1 + pick(4);
        const ValueId index = constant(of.rest, Type::kInt, -1, shape.rest[to_size(place)]);
        if (shape.rows == 0) return try_node(op, {x, index}, {dimension});
        std::vector<int64_t> expanded = of.rest;
        expanded.insert(expanded.begin(), shape.rows);
        const ValueId before = graph_.num_values();
        try_node(Op::kExpand, {index}, expanded);
        if (graph_.num_values() > before) try_node(op, {x, before}, {dimension});
        return;
      }
      default:
        for (int i = 0; i < 8; ++i) try_node(op, {x, any()});
        if (graph_.value(x).type == Type::kInt) try_node(op, {constant({1 + pick(3), 1 + pick(3)}), x});
    }
  }

  Graph graph_;
  Graph last_;
  std::mt19937 random_;
  std::map<int64_t, std::vector<Numbers>> values_;  // by rows
};

TEST(RandomGraphs, AreWhatTheReferenceSays) {
  constexpr uint32_t kSeeds = 600;
  std::vector<int> seen(kNumOps, 0);
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const RandomGraph made(seed);
    for (const Node& node : made.graph().nodes()) ++at(seen, static_cast<int>(node.op));
    test::expect_as_reference(made.graph(), whole, rows_of_runs());
    // Tensors live less long, and without what is not needed again other ones share a place.
    test::expect_as_reference(made.last(), whole, {1, 5});
    test::expect_as_reference(without_unused(made.last()), whole, {1, 5});
    if (HasFailure()) return;
  }
  for (int op = 0; op < kNumOps; ++op) {
    EXPECT_GE(at(seen, op), 10) << info_of(static_cast<Op>(op)).name;
  }
}

}  // namespace
}  // namespace genbid::graph
