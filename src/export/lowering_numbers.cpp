#include "export/lowering_tables.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>

#include <cmath>
#include <limits>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::exporting {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

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

}  // namespace

const HandlerTable& number_handlers() {
  static const HandlerTable table = {
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
  };
  return table;
}

}  // namespace genbid::exporting
