#include "export/lowering_tables.h"

#include "base/convert.h"

namespace genbid::exporting {

Term made(ValueId id) { return {{}, {}, id}; }

ValueId value_at(Lowerer& l, const Node& node, size_t input) { return l.value(l.term(node, input)); }

int64_t dimension(Lowerer& l, const Term& term, int64_t given, int64_t more) {
  const auto rank = to_signed(Shape(l.shape_of(term)).rank()) + more;
  return given < 0 ? given + rank : given;
}

std::vector<int64_t> target_of(const Shape& shape) {
  std::vector<int64_t> target = {shape.rows};
  target.insert(target.end(), shape.rest.begin(), shape.rest.end());
  return target;
}

Term reshaped(Lowerer& l, ValueId x, const Shape& shape) {
  if (l.at(x).shape == shape) return made(x);
  // A reshape moves no numbers, so of several in a row only the last counts.
  const graph::Value& value = l.at(x);
  if (value.source == graph::Value::Source::kNode) {
    const graph::Node& node = l.graph().nodes()[to_size(value.index)];
    if (node.op == Op::kReshape) return reshaped(l, node.inputs[0], shape);
  }
  return made(l.add(Op::kReshape, {x}, target_of(shape)));
}

std::vector<int64_t> extents_of(const Shape& shape) { return shape.sizes(1); }

Shape shape_from(const Shape& like, std::vector<int64_t> extents) {
  if (like.rows == 0) return {0, std::move(extents)};
  return {extents.at(0), {extents.begin() + 1, extents.end()}};
}

Type common(Type a, Type b) {
  const auto rank = [](Type type) { return type == Type::kFloat ? 2 : type == Type::kInt ? 1 : 0; };
  return rank(a) >= rank(b) ? a : b;
}

Handler handler_for(const std::string& name) {
  for (const HandlerTable* const table : {&number_handlers(), &place_handlers(), &layer_handlers()}) {
    const auto found = table->find(name);
    if (found != table->end()) return found->second;
  }
  return nullptr;
}

}  // namespace genbid::exporting
