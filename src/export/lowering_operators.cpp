// The table of LibTorch's operators that can be exported, and what each becomes. Inputs stand in the order of their
// schemas.

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>

#include <cmath>
#include <limits>

#include "base/convert.h"
#include "base/error.h"
#include "export/lowerer.h"

namespace genbid::exporting {

using graph::Op;
using graph::Shape;
using graph::Type;
using graph::ValueId;
using Node = torch::jit::Node;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Term made(ValueId id) { return {{}, {}, id}; }

ValueId value_at(Lowerer& l, const Node& node, size_t input) { return l.value(l.term(node, input)); }

// --- Number by number ------------------------------------------------------------------------------------------------

// The type that LibTorch would compute two terms in: floats before integers before bools.
Type common(Type a, Type b) {
  const auto rank = [](Type type) { return type == Type::kFloat ? 2 : type == Type::kInt ? 1 : 0; };
  return rank(a) >= rank(b) ? a : b;
}

// A tensor, or a number in place of one.
Term term_or_number(Lowerer& l, const Node& node, size_t input) {
  const auto constant = torch::jit::toIValue(node.input(input));
  if (!constant || !constant->isScalar()) return l.term(node, input);
  const at::Scalar number = constant->toScalar();
  if (number.isBoolean()) return {at::full({}, number.toBool(), at::kBool)};
  if (number.isIntegral(false)) return {at::full({}, number.toLong(), at::kLong)};
  return {at::full({}, number.toDouble(), at::kFloat)};
}

// Both operands in one type, spread ones as they are.
std::pair<ValueId, ValueId> both(Lowerer& l, const Term& a, const Term& b, bool floats = false) {
  Type type = common(l.type_of(a), l.type_of(b));
  if (floats) type = Type::kFloat;
  const auto cast = [&](const Term& term) {
    if (term.is_known() && l.type_of(term) != type) {
      const auto to = type == Type::kFloat ? at::kFloat : type == Type::kInt ? at::kLong : at::kBool;
      return l.constant(term.known.to(to));
    }
    return l.cast(l.operand(term), type);
  };
  return {cast(a), cast(b)};
}

// The shape of an operand that is spread may be smaller than that of the term: the result has the terms' shape.
Term fitted(Lowerer& l, ValueId id, std::initializer_list<const Term*> terms) {
  Shape whole;
  bool first = true;
  for (const Term* term : terms) {
    const Shape shape = l.shape_of(*term);
    whole = first ? shape : graph::broadcast(whole, shape);
    first = false;
  }
  if (l.at(id).shape == whole) return made(id);
  std::vector<int64_t> target = {whole.rows};
  target.insert(target.end(), whole.rest.begin(), whole.rest.end());
  return made(l.add(Op::kExpand, {id}, target));
}

Term two(Lowerer& l, Op op, const Term& a, const Term& b, bool floats = false) {
  const auto [x, y] = both(l, a, b, floats);
  return fitted(l, l.add(op, {x, y}), {&a, &b});
}

template <Op op>
Term unary(Lowerer& l, const Node& node) {
  return made(l.add(op, {l.cast(value_at(l, node, 0), Type::kFloat)}));
}

template <Op op>
Term binary(Lowerer& l, const Node& node) {
  return two(l, op, term_or_number(l, node, 0), term_or_number(l, node, 1));
}

template <Op op>
Term binary_swapped(Lowerer& l, const Node& node) {
  return two(l, op, term_or_number(l, node, 1), term_or_number(l, node, 0));
}

template <Op op>
Term logical(Lowerer& l, const Node& node) {
  const ValueId a = l.cast(l.operand(l.term(node, 0)), Type::kBool);
  const ValueId b = l.cast(l.operand(l.term(node, 1)), Type::kBool);
  return fitted(l, l.add(op, {a, b}), {&l.term(node, 0), &l.term(node, 1)});
}

Term logical_not(Lowerer& l, const Node& node) {
  return made(l.add(Op::kNot, {l.cast(value_at(l, node, 0), Type::kBool)}));
}

Term not_equal(Lowerer& l, const Node& node) { return made(l.add(Op::kNot, {l.value(binary<Op::kEqual>(l, node))})); }

// A product with a constant matrix to which a constant vector is added is one operator. Nothing: -1.
ValueId as_linear(Lowerer& l, const Term& product, const Term& bias) {
  if (product.is_known() || !bias.is_known() || bias.is_spread() || bias.known.dim() != 1) return -1;
  const graph::Value& value = l.at(product.value);
  if (value.source != graph::Value::Source::kNode) return -1;
  const graph::Node& node = l.graph().nodes()[to_size(value.index)];
  if (node.op != Op::kLinear || value.shape.rest.empty() || value.shape.rest.back() != bias.known.size(0)) return -1;
  // The product must not have a bias of its own: one that is not all zeros stays as it is.
  const graph::Constant& own = l.graph().constant_of(node.inputs[2]);
  for (const std::byte byte : own.bytes) {
    if (byte != std::byte{0}) return -1;
  }
  return l.add(Op::kLinear, {node.inputs[0], node.inputs[1], l.constant(bias.known)});
}

// The term of an input, times the factor that the node's third input gives.
Term scaled(Lowerer& l, const Node& node, size_t input) {
  Term term = term_or_number(l, node, input);
  const double factor = node.inputs().size() > 2 ? l.real(node, 2) : 1.0;
  if (factor == 1.0) return term;
  return two(l, Op::kMul, term, {at::full({}, factor, at::kFloat)});
}

Term add(Lowerer& l, const Node& node) {
  const Term a = term_or_number(l, node, 0);
  const Term b = scaled(l, node, 1);
  for (const ValueId linear : {as_linear(l, a, b), as_linear(l, b, a)}) {
    if (linear >= 0) return made(linear);
  }
  return two(l, Op::kAdd, a, b);
}

Term sub(Lowerer& l, const Node& node) { return two(l, Op::kSub, term_or_number(l, node, 0), scaled(l, node, 1)); }

Term rsub(Lowerer& l, const Node& node) { return two(l, Op::kSub, term_or_number(l, node, 1), scaled(l, node, 0)); }

Term div(Lowerer& l, const Node& node) {
  if (node.inputs().size() > 2 && !l.is_none(node, 2)) throw Error("found a rounding mode, expected none");
  return two(l, Op::kDiv, term_or_number(l, node, 0), term_or_number(l, node, 1), /*floats=*/true);
}

Term power(Lowerer& l, const Node& node) {
  return two(l, Op::kPow, term_or_number(l, node, 0), term_or_number(l, node, 1), /*floats=*/true);
}

Term neg(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  return made(l.add(Op::kSub, {l.scalar(0.0, l.at(x).type), x}));
}

Term square(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  return made(l.add(Op::kMul, {x, x}));
}

Term gelu(Lowerer& l, const Node& node) {
  const auto how = torch::jit::toIValue(node.input(1));
  if (!how || !how->isString() || how->toStringRef() != "none") {
    throw Error("found an approximation, expected the error function");
  }
  return unary<Op::kGelu>(l, node);
}

Term softplus(Lowerer& l, const Node& node) {
  if (l.real(node, 1) != 1.0) throw Error("found another beta, expected 1");
  return unary<Op::kSoftplus>(l, node);
}

// log(p / (1 - p)) of a p that is kept between eps and 1 - eps.
Term logit(Lowerer& l, const Node& node) {
  ValueId p = value_at(l, node, 0);
  if (!l.is_none(node, 1)) p = l.add(Op::kClamp, {p}, {}, {l.real(node, 1), 1.0 - l.real(node, 1)});
  const ValueId odds = l.add(Op::kDiv, {p, l.add(Op::kSub, {l.scalar(1.0), p})});
  return made(l.add(Op::kLog, {odds}));
}

Term clamped(Lowerer& l, const Node& node, double low, double high) {
  const ValueId x = value_at(l, node, 0);
  return made(l.add(Op::kClamp, {x}, {}, {low, high}));
}
Term clamp(Lowerer& l, const Node& node) {
  const auto end = [&](size_t input, double otherwise) {
    return l.is_none(node, input) ? otherwise : l.real(node, input);
  };
  return clamped(l, node, end(1, -kInfinity), end(2, kInfinity));
}
Term clamp_min(Lowerer& l, const Node& node) { return clamped(l, node, l.real(node, 1), kInfinity); }
Term clamp_max(Lowerer& l, const Node& node) { return clamped(l, node, -kInfinity, l.real(node, 1)); }

Term where(Lowerer& l, const Node& node) {
  const Term& condition = l.term(node, 0);
  const Term a = term_or_number(l, node, 1);
  const Term b = term_or_number(l, node, 2);
  const auto [x, y] = both(l, a, b);
  return fitted(l, l.add(Op::kWhere, {l.operand(condition), x, y}), {&condition, &a, &b});
}

Term as_it_is(Lowerer& l, const Node& node) { return l.term(node, 0); }

// `to` has several forms; the type that LibTorch recorded of the output decides.
Term to(Lowerer& l, const Node& node) {
  const auto type = node.output()->type()->expect<c10::TensorType>()->scalarType();
  if (!type) throw Error("found no type, expected one");
  const Type wanted =
      *type == at::kFloat  ? Type::kFloat
      : *type == at::kLong ? Type::kInt
      : *type == at::kBool
          ? Type::kBool
          : throw Error("found " + std::string(c10::toString(*type)) + ", expected float32, int64 or bool");
  return made(l.cast(value_at(l, node, 0), wanted));
}

// --- Numbers that are the same everywhere ----------------------------------------------------------------------------

Term spread(Lowerer& l, const Node& node, double number) {
  const Shape shape = l.shape_of(l.term(node, 0));
  const auto type = node.output()->type()->expect<c10::TensorType>()->scalarType();
  Term term = {at::full({}, number, at::TensorOptions().dtype(type.value_or(at::kFloat)))};
  if (shape.rows > 0) {
    term.shape = shape;
  } else {
    term.known = term.known.expand(shape.rest);
  }
  return term;
}
Term ones_like(Lowerer& l, const Node& node) { return spread(l, node, 1.0); }
Term zeros_like(Lowerer& l, const Node& node) { return spread(l, node, 0.0); }
Term full_like(Lowerer& l, const Node& node) { return spread(l, node, l.real(node, 1)); }

// --- Places ----------------------------------------------------------------------------------------------------------

// Counts a dimension from the front, also one that was given from the end.
int64_t dimension(Lowerer& l, const Term& term, int64_t given, int64_t more = 0) {
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

// All extents as LibTorch counts them, those of the rows as their multiple.
std::vector<int64_t> extents_of(const Shape& shape) { return shape.sizes(1); }

Shape shape_from(const Shape& like, std::vector<int64_t> extents) {
  if (like.rows == 0) return {0, std::move(extents)};
  return {extents.at(0), {extents.begin() + 1, extents.end()}};
}

Term view(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const Shape& from = l.at(x).shape;
  std::vector<int64_t> sizes = l.integers(node, 1);
  int64_t known = 1;
  for (const int64_t size : sizes) known *= size == -1 ? 1 : size;
  for (int64_t& size : sizes) {
    if (size == -1) size = from.count(1) / known;
  }
  // In the place of the rows there must have been -1: else a number of rows would stand there.
  if (from.rows > 0 && l.integers(node, 1).at(0) != -1) throw Error("found a number of rows in a shape, expected -1");
  return reshaped(l, x, shape_from(from, sizes));
}

Term flatten(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t first = dimension(l, made(x), l.integer(node, 1));
  const int64_t last = dimension(l, made(x), l.integer(node, 2));
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  for (int64_t i = last; i > first; --i) {
    extents[to_size(i - 1)] *= extents[to_size(i)];
    extents.erase(extents.begin() + i);
  }
  return reshaped(l, x, shape_from(l.at(x).shape, extents));
}

Term unflatten(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  std::vector<int64_t> sizes = l.integers(node, 2);
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  int64_t known = 1;
  for (const int64_t size : sizes) known *= size == -1 ? 1 : size;
  for (int64_t& size : sizes) {
    if (size == -1) size = extents[to_size(which)] / known;
  }
  extents.erase(extents.begin() + which);
  extents.insert(extents.begin() + which, sizes.begin(), sizes.end());
  return reshaped(l, x, shape_from(l.at(x).shape, extents));
}

Term squeeze(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  if (extents[to_size(which)] != 1 || (which == 0 && l.at(x).shape.rows > 0)) return made(x);
  extents.erase(extents.begin() + which);
  return reshaped(l, x, shape_from(l.at(x).shape, extents));
}

Term unsqueeze(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1), 1);
  if (which == 0 && l.at(x).shape.rows > 0) throw Error("found a dimension in front of the rows, expected one behind");
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  extents.insert(extents.begin() + which, 1);
  return reshaped(l, x, shape_from(l.at(x).shape, extents));
}

Term transpose(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  std::vector<int64_t> order;
  for (size_t i = 0; i < l.at(x).shape.rank(); ++i) order.push_back(to_signed(i));
  std::swap(order[to_size(dimension(l, made(x), l.integer(node, 1)))],
            order[to_size(dimension(l, made(x), l.integer(node, 2)))]);
  return made(l.add(Op::kPermute, {x}, order));
}

Term permute(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  std::vector<int64_t> order = l.integers(node, 1);
  for (int64_t& one : order) one = dimension(l, made(x), one);
  return made(l.add(Op::kPermute, {x}, order));
}

ValueId sliced(Lowerer& l, ValueId x, int64_t which, int64_t first, int64_t end) {
  const auto extent = extents_of(l.at(x).shape)[to_size(which)];
  if (first == 0 && end == extent) return x;
  return l.add(Op::kSlice, {x}, {which, first, end});
}

Term slice(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  const int64_t extent = extents_of(l.at(x).shape)[to_size(which)];
  const auto place = [&](size_t input, int64_t otherwise) {
    const int64_t given = l.is_none(node, input) ? otherwise : l.integer(node, input);
    return std::clamp<int64_t>(given < 0 ? given + extent : given, 0, extent);
  };
  if (l.integer(node, 4) != 1) throw Error("found a step, expected 1");
  const bool all = place(2, 0) == 0 && place(3, extent) == extent;
  if (which == 0 && l.at(x).shape.rows > 0 && !all) throw Error("found a slice of the rows, expected all of them");
  return made(sliced(l, x, which, place(2, 0), place(3, extent)));
}

Term select(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  if (which == 0 && l.at(x).shape.rows > 0) throw Error("found one of the rows, expected all of them");
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  const int64_t given = l.integer(node, 2);
  const int64_t place = given < 0 ? given + extents[to_size(which)] : given;
  const ValueId one = sliced(l, x, which, place, place + 1);
  extents.erase(extents.begin() + which);
  return reshaped(l, one, shape_from(l.at(x).shape, extents));
}

std::vector<Term> chunk(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t count = l.integer(node, 1);
  const int64_t which = dimension(l, made(x), l.integer(node, 2));
  const int64_t extent = extents_of(l.at(x).shape)[to_size(which)];
  if (extent % count != 0) throw Error("found parts of unlike sizes, expected equal ones");
  std::vector<Term> parts;
  for (int64_t i = 0; i < count; ++i) {
    parts.push_back(made(sliced(l, x, which, i * extent / count, (i + 1) * extent / count)));
  }
  return parts;
}

Term concatenated(Lowerer& l, const std::vector<Term>& parts, int64_t which) {
  Type type = l.type_of(parts.at(0));
  for (const Term& part : parts) type = common(type, l.type_of(part));
  std::vector<ValueId> values;
  for (const Term& part : parts) values.push_back(l.cast(l.value(part), type));
  if (values.size() == 1) return made(values[0]);
  return made(l.add(Op::kConcat, values, {which}));
}

Term cat(Lowerer& l, const Node& node) {
  const std::vector<Term> parts = l.terms(node, 0);
  return concatenated(l, parts, dimension(l, parts.at(0), l.integer(node, 1)));
}

Term stack(Lowerer& l, const Node& node) {
  std::vector<Term> parts = l.terms(node, 0);
  const int64_t which = dimension(l, parts.at(0), l.integer(node, 1), 1);
  for (Term& part : parts) {
    const ValueId x = l.value(part);
    if (which == 0 && l.at(x).shape.rows > 0)
      throw Error("found a dimension in front of the rows, expected one behind");
    std::vector<int64_t> extents = extents_of(l.at(x).shape);
    extents.insert(extents.begin() + which, 1);
    part = reshaped(l, x, shape_from(l.at(x).shape, extents));
  }
  return concatenated(l, parts, which);
}

Term roll(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const std::vector<int64_t> shifts = l.integers(node, 1);
  const std::vector<int64_t> dims = l.integers(node, 2);
  if (shifts.size() != 1 || dims.size() != 1) throw Error("found several dimensions, expected one");
  const int64_t which = dimension(l, made(x), dims[0]);
  if (which == 0 && l.at(x).shape.rows > 0) throw Error("found the dimension of the rows, expected another");
  const int64_t extent = extents_of(l.at(x).shape)[to_size(which)];
  const int64_t first = ((-shifts[0]) % extent + extent) % extent;
  if (first == 0) return made(x);
  return made(l.add(Op::kConcat, {sliced(l, x, which, first, extent), sliced(l, x, which, 0, first)}, {which}));
}

Term expanded(Lowerer& l, ValueId x, const Shape& shape) {
  if (l.at(x).shape == shape) return made(x);
  return made(l.add(Op::kExpand, {x}, target_of(shape)));
}

Term expand(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const Shape& from = l.at(x).shape;
  std::vector<int64_t> sizes = l.integers(node, 1);
  if (sizes.size() < from.rank()) throw Error("found fewer dimensions, expected as many or more");
  if (from.rows > 0 && (sizes.size() != from.rank() || sizes[0] != -1)) {
    throw Error("found a number of rows in a shape, expected -1");
  }
  const std::vector<int64_t> extents = extents_of(from);
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1) sizes[i] = extents[i - (sizes.size() - extents.size())];
  }
  return expanded(l, x, shape_from(from, sizes));
}

Term expand_as(Lowerer& l, const Node& node) {
  const Term& x = l.term(node, 0);
  const Shape shape = l.shape_of(l.term(node, 1));
  if (x.is_known() && !x.is_spread() && shape.rows > 0) return {x.known, shape};
  return expanded(l, l.value(x), shape);
}

Term repeat_interleave(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t times = l.integer(node, 1);
  const int64_t which = dimension(l, made(x), l.integer(node, 2));
  if (which == 0 && l.at(x).shape.rows > 0) throw Error("found the dimension of the rows, expected another");
  const int64_t extent = extents_of(l.at(x).shape)[to_size(which)];
  std::vector<int64_t> places = {which};
  for (int64_t i = 0; i < extent * times; ++i) places.push_back(i / times);
  return made(l.add(Op::kPick, {x}, places));
}

// Zeros are counted before and behind each dimension, beginning with the last one. A negative count cuts.
Term constant_pad_nd(Lowerer& l, const Node& node) {
  ValueId x = value_at(l, node, 0);
  const std::vector<int64_t> pads = l.integers(node, 1);
  if (l.real(node, 2) != 0.0) throw Error("found another number, expected zeros");
  const auto rank = to_signed(l.at(x).shape.rank());
  for (size_t i = 0; 2 * i < pads.size(); ++i) {
    const int64_t which = rank - 1 - to_signed(i);
    if (pads[2 * i] < 0 || pads[2 * i + 1] < 0) throw Error("found a negative padding, expected 0 or more");
    if (pads[2 * i] + pads[2 * i + 1] > 0) x = l.add(Op::kPad, {x}, {which, pads[2 * i], pads[2 * i + 1]});
  }
  return made(x);
}

Term gather(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  return made(l.add(Op::kGather, {x, value_at(l, node, 2)}, {dimension(l, made(x), l.integer(node, 1))}));
}

Term embedding(Lowerer& l, const Node& node) {
  return made(l.add(Op::kTake, {value_at(l, node, 0), value_at(l, node, 1)}));
}

Term index_select(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  const Term& index = l.term(node, 2);
  if (!index.is_known()) {
    if (which != 0)
      throw Error("found places of another dimension that depend on what it is handed, expected the first");
    return made(l.add(Op::kTake, {x, index.value}));
  }
  std::vector<int64_t> ints = {which};
  const at::Tensor places = index.known.contiguous();
  ints.insert(ints.end(), places.const_data_ptr<int64_t>(), places.const_data_ptr<int64_t>() + places.numel());
  return made(l.add(Op::kPick, {x}, ints));
}

// --- Over extents ----------------------------------------------------------------------------------------------------

Term sum(Lowerer& l, const Node& node) {
  ValueId x = l.cast(value_at(l, node, 0), Type::kFloat);
  const Shape from = l.at(x).shape;
  std::vector<int64_t> dims = l.integers(node, 1);
  std::vector<int64_t> kept = extents_of(from);
  for (int64_t& one : dims) one = dimension(l, made(x), one);
  std::sort(dims.rbegin(), dims.rend());
  for (const int64_t which : dims) {
    x = l.add(Op::kSum, {x}, {which});
    kept[to_size(which)] = 1;
  }
  if (l.integer(node, 2) == 0) return made(x);
  return reshaped(l, x, shape_from(from, kept));
}

Term softmax(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  if (dimension(l, made(x), l.integer(node, 1)) + 1 != to_signed(l.at(x).shape.rank())) {
    throw Error("found another dimension, expected the last");
  }
  return made(l.add(Op::kSoftmax, {x}));
}

Term layer_norm(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  if (l.integers(node, 1).size() != 1) throw Error("found several dimensions, expected the last");
  return made(l.add(Op::kLayerNorm, {x, value_at(l, node, 2), value_at(l, node, 3)}, {}, {l.real(node, 4)}));
}

Term group_norm(Lowerer& l, const Node& node) {
  return made(l.add(Op::kGroupNorm, {value_at(l, node, 0), value_at(l, node, 2), value_at(l, node, 3)},
                    {l.integer(node, 1)}, {l.real(node, 4)}));
}

// --- Products --------------------------------------------------------------------------------------------------------

ValueId zeros(Lowerer& l, int64_t count) { return l.constant(at::zeros({count})); }

// A constant matrix is turned back to how modules keep it, so that it is the parameter itself.
Term matmul(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const Term& y = l.term(node, 1);
  if (y.is_known() && !y.is_spread() && y.known.dim() == 2) {
    return made(l.add(Op::kLinear, {x, l.constant(y.known.t()), zeros(l, y.known.size(1))}));
  }
  return made(l.add(Op::kMatmul, {x, l.value(y)}));
}

Term linear(Lowerer& l, const Node& node) {
  const Term& w = l.term(node, 1);
  const ValueId bias = l.is_none(node, 2) ? zeros(l, w.known.size(0)) : value_at(l, node, 2);
  return made(l.add(Op::kLinear, {value_at(l, node, 0), l.value(w), bias}));
}

Term addmm(Lowerer& l, const Node& node) {
  const Term& w = l.term(node, 2);
  if (!w.is_known() || l.real(node, 3) != 1.0 || l.real(node, 4) != 1.0) {
    throw Error("found factors or a matrix that is computed, expected a layer's weights");
  }
  return made(l.add(Op::kLinear, {value_at(l, node, 1), l.constant(w.known.t()), value_at(l, node, 0)}));
}

// input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, ...
Term convolution(Lowerer& l, const Node& node) {
  const auto one = [&](size_t input) {
    const std::vector<int64_t> all = l.integers(node, input);
    if (all.size() != 1) throw Error("found several dimensions, expected one");
    return all[0];
  };
  if (one(5) != 1 || one(7) != 0 || l.integer(node, 8) != 1) {
    throw Error("found dilation, output padding or groups, expected none");
  }
  const bool transposed = l.integer(node, 6) != 0;
  const Term& w = l.term(node, 1);
  const ValueId bias = l.is_none(node, 2) ? zeros(l, w.known.size(transposed ? 1 : 0)) : value_at(l, node, 2);
  return made(l.add(transposed ? Op::kConvTranspose1d : Op::kConv1d, {value_at(l, node, 0), l.value(w), bias},
                    {one(3), one(4)}));
}

// query, key, value, mask, dropout, causal, scale, ...
Term attention(Lowerer& l, const Node& node) {
  if (l.real(node, 4) != 0.0) throw Error("found dropout, expected none");
  if (node.inputs().size() > 6 && !l.is_none(node, 6)) throw Error("found a scale, expected the usual one");
  std::vector<ValueId> inputs = {value_at(l, node, 0), value_at(l, node, 1), value_at(l, node, 2)};
  if (!l.is_none(node, 3)) inputs.push_back(l.operand(l.term(node, 3)));
  return made(l.add(Op::kAttention, inputs, {l.integer(node, 5)}));
}

}  // namespace

Handler handler_for(const std::string& name) {
  static const std::map<std::string, Handler> table = {
      {"aten::exp", unary<Op::kExp>},
      {"aten::log", unary<Op::kLog>},
      {"aten::sqrt", unary<Op::kSqrt>},
      {"aten::sin", unary<Op::kSin>},
      {"aten::cos", unary<Op::kCos>},
      {"aten::tanh", unary<Op::kTanh>},
      {"aten::sigmoid", unary<Op::kSigmoid>},
      {"aten::relu", unary<Op::kRelu>},
      {"aten::silu", unary<Op::kSilu>},
      {"aten::mish", unary<Op::kMish>},
      {"aten::gelu", gelu},
      {"aten::softplus", softplus},
      {"aten::logit", logit},
      {"aten::add", add},
      {"aten::add_", add},
      {"aten::sub", sub},
      {"aten::sub_", sub},
      {"aten::rsub", rsub},
      {"aten::mul", binary<Op::kMul>},
      {"aten::div", div},
      {"aten::pow", power},
      {"aten::neg", neg},
      {"aten::square", square},
      {"aten::floor_divide", binary<Op::kFloorDiv>},
      {"aten::maximum", binary<Op::kMax>},
      {"aten::minimum", binary<Op::kMin>},
      {"aten::clamp", clamp},
      {"aten::clamp_min", clamp_min},
      {"aten::clamp_max", clamp_max},
      {"aten::lt", binary<Op::kLess>},
      {"aten::le", binary<Op::kLessEqual>},
      {"aten::gt", binary_swapped<Op::kLess>},
      {"aten::ge", binary_swapped<Op::kLessEqual>},
      {"aten::eq", binary<Op::kEqual>},
      {"aten::ne", not_equal},
      {"aten::logical_and", logical<Op::kAnd>},
      {"aten::logical_or", logical<Op::kOr>},
      {"aten::logical_not", logical_not},
      {"aten::where", where},
      {"aten::to", to},
      {"aten::contiguous", as_it_is},
      {"aten::detach", as_it_is},
      {"aten::clone", as_it_is},
      {"aten::ones_like", ones_like},
      {"aten::zeros_like", zeros_like},
      {"aten::empty_like", zeros_like},  // something is written to it
      {"aten::full_like", full_like},
      {"aten::fill_", full_like},
      {"aten::zero_", zeros_like},
      {"aten::view", view},
      {"aten::reshape", view},
      {"aten::flatten", flatten},
      {"aten::unflatten", unflatten},
      {"aten::squeeze", squeeze},
      {"aten::unsqueeze", unsqueeze},
      {"aten::transpose", transpose},
      {"aten::permute", permute},
      {"aten::slice", slice},
      {"aten::select", select},
      {"aten::cat", cat},
      {"aten::stack", stack},
      {"aten::roll", roll},
      {"aten::expand", expand},
      {"aten::expand_as", expand_as},
      {"aten::repeat_interleave", repeat_interleave},
      {"aten::constant_pad_nd", constant_pad_nd},
      {"aten::gather", gather},
      {"aten::embedding", embedding},
      {"aten::index_select", index_select},
      {"aten::sum", sum},
      {"aten::softmax", softmax},
      {"aten::layer_norm", layer_norm},
      {"aten::group_norm", group_norm},
      {"aten::matmul", matmul},
      {"aten::linear", linear},
      {"aten::addmm", addmm},
      {"aten::_convolution", convolution},
      {"aten::scaled_dot_product_attention", attention},
  };
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

ListHandler list_handler_for(const std::string& name) { return name == "aten::chunk" ? chunk : nullptr; }

}  // namespace genbid::exporting
