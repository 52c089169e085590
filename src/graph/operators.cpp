#include "graph/operators.h"

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"

namespace genbid::graph {
namespace {

constexpr size_t kMostRank = 8;
constexpr int64_t kMostNumbers = int64_t{1} << 32;  // of a tensor, for each row where it has rows
constexpr int64_t kMostRows = 65536;                // multiples of the rows
constexpr int64_t kMostStep = 65536;                // strides and paddings
constexpr size_t kAnyNumber = 1000;

// An error about the operator at hand.
class Checker {
 public:
  Checker(Op op, std::span<const Value> inputs) : name_(info_of(op).name), inputs_(inputs) {}

  [[noreturn]] void fail(const std::string& found, const std::string& expected) const {
    throw Error(name_ + ": found " + found + ", expected " + expected);
  }
  void require(bool holds, const std::string& expected) const {
    if (holds) return;
    std::string found;
    for (const Value& input : inputs_) {
      found += (found.empty() ? "" : ", ") + type_name(input.type) + " " + shown_shape(input.shape);
    }
    fail(found, expected);
  }
  void same_types(size_t from = 0) const {
    for (size_t i = from + 1; i < inputs_.size(); ++i) require(inputs_[i].type == inputs_[from].type, "one type");
  }
  void floats() const {
    for (const Value& input : inputs_) require(input.type == Type::kFloat, "numbers of f32");
  }
  void numbers() const {
    for (const Value& input : inputs_) require(input.type != Type::kBool, "numbers");
  }
  void constants_from(size_t first) const {
    for (size_t i = first; i < inputs_.size(); ++i) {
      require(inputs_[i].source == Value::Source::kConstant, "constants behind the first input");
    }
  }
  // The place of a dimension in `rest`; -1 for the dimension of the rows.
  int64_t place_of(int64_t dimension, const Shape& shape) const {
    if (dimension < 0 || dimension >= std::ssize(shape.sizes(1))) {
      fail("dimension " + std::to_string(dimension) + " of " + shown_shape(shape), "one that it has");
    }
    return dimension - (shape.rows > 0 ? 1 : 0);
  }
  int64_t place_but_rows(int64_t dimension, const Shape& shape) const {
    const int64_t place = place_of(dimension, shape);
    if (place < 0) fail("the dimension of the rows", "another");
    return place;
  }

 private:
  const std::string& name_;
  std::span<const Value> inputs_;
};

std::string listed_numbers(std::span<const int64_t> numbers) {
  std::string text;
  for (const int64_t number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return "[" + text + "]";
}

int64_t windows(const Checker& check, int64_t length, int64_t kernel, int64_t stride, int64_t padding) {
  if (stride < 1 || padding < 0 || stride > kMostStep || padding > kMostStep) {
    check.fail("stride " + std::to_string(stride) + " and padding " + std::to_string(padding),
               "1 and 0 at least, and at most " + std::to_string(kMostStep));
  }
  const int64_t room = length + 2 * padding - kernel;
  return room < 0 ? 0 : room / stride + 1;
}

Shape shape_from(const Checker& check, std::span<const int64_t> ints) {
  if (ints.empty()) check.fail("no shape", "the multiple of the rows and the other extents");
  Shape shape = {ints[0], {ints.begin() + 1, ints.end()}};
  check_extents(shape, "shape");
  return shape;
}

TypeAndShape infer_product(const Checker& check, Op op, std::span<const Value> in, std::span<const int64_t> ints) {
  check.floats();
  const Shape& x = in[0].shape;
  Shape out = x;
  if (op == Op::kLinear) {
    check.constants_from(1);
    const auto& w = in[1].shape.rest;
    check.require(!x.rest.empty() && w.size() == 2 && x.rest.back() == w[1] && in[2].shape.rest == std::vector{w[0]},
                  "[.., K], [N, K] and [N]");
    out.rest.back() = w[0];
    return {Type::kFloat, out};
  }
  if (op == Op::kMatmul) {
    const Shape& y = in[1].shape;
    const bool fits =
        x.rest.size() >= (x.rows > 0 ? 1U : 2U) && y.rest.size() >= 2 && x.rest.back() == y.rest[y.rest.size() - 2];
    check.require(fits, "[.., M, K] and [.., K, N]");
    const bool one_matrix = y.rows == 0 && y.rest.size() == 2;
    check.require(one_matrix || (x.rows == y.rows && x.rest.size() == y.rest.size() &&
                                 std::equal(x.rest.begin(), x.rest.end() - 2, y.rest.begin())),
                  "equal leading extents, or a second input of two");
    out.rest.back() = y.rest.back();
    return {Type::kFloat, out};
  }
  check.constants_from(1);
  const auto& w = in[1].shape.rest;
  check.require(x.rows > 0 && x.rest.size() == 2 && w.size() == 3, "[R, C, L] and three extents of weights");
  const bool transposed = op == Op::kConvTranspose1d;
  const int64_t channels_out = transposed ? w[1] : w[0];
  check.require(x.rest[0] == (transposed ? w[0] : w[1]) && in[2].shape.rest == std::vector{channels_out},
                "weights and biases of as many channels");
  int64_t length = 0;
  if (transposed) {
    static_cast<void>(windows(check, x.rest[1], 1, ints[0], ints[1]));
    length = (x.rest[1] - 1) * ints[0] - 2 * ints[1] + w[2];
  } else {
    length = windows(check, x.rest[1], w[2], ints[0], ints[1]);
  }
  check.require(length >= 1, "a longer input");
  out.rest = {channels_out, length};
  return {Type::kFloat, out};
}

TypeAndShape infer_attention(const Checker& check, std::span<const Value> in, std::span<const int64_t> ints) {
  for (size_t i = 0; i < 3; ++i) {
    check.require(in[i].type == Type::kFloat && in[i].shape.rows > 0 && in[i].shape.rest.size() == 3,
                  "queries, keys and values [R, H, L, d]");
  }
  const auto& q = in[0].shape.rest;
  const auto& k = in[1].shape.rest;
  const auto& v = in[2].shape.rest;
  check.require(in[0].shape.rows == in[1].shape.rows && in[0].shape.rows == in[2].shape.rows && q[0] == k[0] &&
                    q[0] == v[0] && q[2] == k[2] && k[1] == v[1],
                "queries, keys and values that fit");
  const bool causal = ints[0] != 0;
  check.require(!causal || (in.size() == 3 && q[1] == k[1]),
                "as many queries as keys, and no mask, where it is causal");
  if (in.size() == 4) {
    const Shape scores = {in[0].shape.rows, {q[0], q[1], k[1]}};
    check.require(in[3].type == Type::kBool && broadcast(in[3].shape, scores) == scores, "a bool mask [R, H, Q, L]");
  }
  return {Type::kFloat, {in[0].shape.rows, {q[0], q[1], v[2]}}};
}

TypeAndShape infer_over_extents(const Checker& check, Op op, std::span<const Value> in, std::span<const int64_t> ints,
                                std::span<const double> reals) {
  check.floats();
  const Shape& x = in[0].shape;
  Shape out = x;
  switch (op) {
    case Op::kSoftmax:
      check.require(!x.rest.empty(), "an extent behind the rows");
      break;
    case Op::kLayerNorm:
      check.constants_from(1);
      check.require(!x.rest.empty() && in[1].shape.rest == std::vector{x.rest.back()} && in[1].shape == in[2].shape,
                    "[.., D], [D] and [D]");
      if (!(reals[0] >= 0.0)) check.fail("a negative eps", "0 or more");
      break;
    case Op::kGroupNorm:
      check.constants_from(1);
      check.require(
          x.rows > 0 && x.rest.size() == 2 && in[1].shape.rest == std::vector{x.rest[0]} && in[1].shape == in[2].shape,
          "[R, C, L], [C] and [C]");
      if (ints[0] < 1 || x.rest[0] % ints[0] != 0) {
        check.fail(std::to_string(ints[0]) + " groups of " + std::to_string(x.rest[0]) + " channels", "a divisor");
      }
      if (!(reals[0] >= 0.0)) check.fail("a negative eps", "0 or more");
      break;
    default:
      out.rest.erase(out.rest.begin() + check.place_but_rows(ints[0], x));
  }
  return {Type::kFloat, out};
}

TypeAndShape infer_slice(const Checker& check, const Value& in, std::span<const int64_t> ints) {
  Shape out = in.shape;
  const int64_t place = check.place_of(ints[0], in.shape);
  int64_t& extent = place < 0 ? out.rows : out.rest[to_size(place)];
  if (ints[1] < 0 || ints[1] >= ints[2] || ints[2] > extent) {
    check.fail(std::to_string(ints[1]) + " to " + std::to_string(ints[2]) + " of " + std::to_string(extent),
               "places that there are, one at least");
  }
  extent = ints[2] - ints[1];
  return {in.type, out};
}

TypeAndShape infer_concat(const Checker& check, std::span<const Value> in, std::span<const int64_t> ints) {
  check.same_types();
  const int64_t place = check.place_of(ints[0], in[0].shape);
  const auto extent_of = [place](Shape& shape) -> int64_t& {
    return place < 0 ? shape.rows : shape.rest[to_size(place)];
  };
  Shape out = in[0].shape;
  int64_t sum = 0;
  for (const Value& one : in) {
    Shape shape = one.shape;
    check.require(shape.rank() == out.rank() && (shape.rows > 0) == (out.rows > 0), "extents that fit");
    const int64_t extent = extent_of(shape);
    sum += extent;
    extent_of(shape) = extent_of(out);
    check.require(shape == out, "extents that fit");
  }
  extent_of(out) = sum;
  check_extents(out, "concat");
  return {in[0].type, out};
}

TypeAndShape infer_places(const Checker& check, Op op, std::span<const Value> in, std::span<const int64_t> ints) {
  const Value& x = in[0];
  Shape out = x.shape;
  switch (op) {
    case Op::kReshape:
      out = shape_from(check, ints);
      if ((out.rows > 0) != (x.shape.rows > 0) || out.count(1) != x.shape.count(1)) {
        check.fail(shown_shape(x.shape) + " to " + shown_shape(out), "as many numbers");
      }
      return {x.type, out};
    case Op::kPermute: {
      std::vector<int64_t> sorted(ints.begin(), ints.end());
      std::sort(sorted.begin(), sorted.end());
      bool each_once = sorted.size() == x.shape.rank();
      for (size_t i = 0; i < sorted.size(); ++i) each_once = each_once && sorted[i] == to_signed(i);
      if (!each_once || (x.shape.rows > 0 && ints[0] != 0)) {
        check.fail(listed_numbers(ints) + " of " + shown_shape(x.shape),
                   "each dimension once, that of the rows in front");
      }
      const int64_t before = x.shape.rows > 0 ? 1 : 0;
      for (int64_t i = before; i < std::ssize(ints); ++i) {
        out.rest[to_size(i - before)] = x.shape.rest[to_size(ints[to_size(i)] - before)];
      }
      return {x.type, out};
    }
    case Op::kSlice:
      return infer_slice(check, x, ints);
    case Op::kConcat:
      return infer_concat(check, in, ints);
    case Op::kExpand:
      out = shape_from(check, ints);
      if (broadcast(x.shape, out) != out)
        check.fail(shown_shape(x.shape) + " to " + shown_shape(out), "a shape that it broadcasts to");
      return {x.type, out};
    case Op::kPad: {
      int64_t& extent = out.rest[to_size(check.place_but_rows(ints[0], x.shape))];
      if (ints[1] < 0 || ints[2] < 0 || ints[1] > kMostNumbers || ints[2] > kMostNumbers) {
        check.fail(listed_numbers(ints.subspan(1)), "numbers of zeros");
      }
      extent += ints[1] + ints[2];
      check_extents(out, "pad");
      return {x.type, out};
    }
    case Op::kPick: {
      int64_t& extent = out.rest[to_size(check.place_but_rows(ints[0], x.shape))];
      for (const int64_t place : ints.subspan(1)) {
        if (place < 0 || place >= extent)
          check.fail("place " + std::to_string(place), "one below " + std::to_string(extent));
      }
      if (ints.size() < 2) check.fail("no places", "some");
      extent = std::ssize(ints) - 1;
      return {x.type, out};
    }
    case Op::kGather: {
      const int64_t place = check.place_but_rows(ints[0], x.shape);
      const Shape& index = in[1].shape;
      check.require(in[1].type == Type::kInt && index.rows == x.shape.rows && index.rest.size() == x.shape.rest.size(),
                    "an i64 index of as many extents");
      for (int64_t i = 0; i < std::ssize(index.rest); ++i) {
        check.require(i == place || index.rest[to_size(i)] <= x.shape.rest[to_size(i)], "an index within");
      }
      return {x.type, index};
    }
    default: {  // take
      const Shape& index = in[1].shape;
      check.require(x.shape.rows == 0 && !x.shape.rest.empty() && in[1].type == Type::kInt,
                    "a table without rows, and an i64 index");
      out = index;
      out.rest.insert(out.rest.end(), x.shape.rest.begin() + 1, x.shape.rest.end());
      check_extents(out, "take");
      return {x.type, out};
    }
  }
}

TypeAndShape infer_elementwise(const Checker& check, Op op, std::span<const Value> in, std::span<const int64_t> ints,
                               std::span<const double> reals) {
  const Shape& x = in[0].shape;
  switch (op) {
    case Op::kClamp:
      check.require(in[0].type != Type::kBool, "numbers");
      if (!(reals[0] <= reals[1]))
        check.fail(std::to_string(reals[0]) + " and " + std::to_string(reals[1]), "the lower one first");
      return {in[0].type, x};
    case Op::kCast:
      if (ints[0] < 0 || ints[0] > static_cast<int64_t>(Type::kBool))
        check.fail("type " + std::to_string(ints[0]), "0 to 2");
      return {static_cast<Type>(ints[0]), x};
    case Op::kNot:
      check.require(in[0].type == Type::kBool, "bool");
      return {Type::kBool, x};
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kMin:
    case Op::kMax:
      check.numbers();
      check.same_types();
      return {in[0].type, broadcast(x, in[1].shape)};
    case Op::kDiv:
    case Op::kPow:
      check.floats();
      return {Type::kFloat, broadcast(x, in[1].shape)};
    case Op::kFloorDiv:
      check.require(in[0].type == Type::kInt && in[1].type == Type::kInt && in[1].source == Value::Source::kConstant,
                    "i64 and a constant");
      return {Type::kInt, broadcast(x, in[1].shape)};
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kEqual:
      check.numbers();
      check.same_types();
      return {Type::kBool, broadcast(x, in[1].shape)};
    case Op::kAnd:
    case Op::kOr:
      check.require(in[0].type == Type::kBool && in[1].type == Type::kBool, "bool");
      return {Type::kBool, broadcast(x, in[1].shape)};
    case Op::kWhere:
      check.require(in[0].type == Type::kBool, "bool first");
      check.same_types(1);
      return {in[1].type, broadcast(x, broadcast(in[1].shape, in[2].shape))};
    default:
      check.floats();
      return {Type::kFloat, x};
  }
}

}  // namespace

const std::vector<OpInfo>& operators() {
  static const std::vector<OpInfo> table = {
      {Op::kExp, "exp"},
      {Op::kLog, "log"},
      {Op::kSqrt, "sqrt"},
      {Op::kSin, "sin"},
      {Op::kCos, "cos"},
      {Op::kTanh, "tanh"},
      {Op::kSigmoid, "sigmoid"},
      {Op::kRelu, "relu"},
      {Op::kGelu, "gelu"},
      {Op::kSilu, "silu"},
      {Op::kMish, "mish"},
      {Op::kSoftplus, "softplus"},
      {Op::kClamp, "clamp", 1, 1, {}, {"low", "high"}},
      {Op::kCast, "cast", 1, 1, {"type"}},
      {Op::kNot, "not"},
      {Op::kAdd, "add", 2, 2},
      {Op::kSub, "sub", 2, 2},
      {Op::kMul, "mul", 2, 2},
      {Op::kMin, "min", 2, 2},
      {Op::kMax, "max", 2, 2},
      {Op::kDiv, "div", 2, 2},
      {Op::kPow, "pow", 2, 2},
      {Op::kFloorDiv, "floor_div", 2, 2},
      {Op::kLess, "less", 2, 2},
      {Op::kLessEqual, "less_equal", 2, 2},
      {Op::kEqual, "equal", 2, 2},
      {Op::kAnd, "and", 2, 2},
      {Op::kOr, "or", 2, 2},
      {Op::kWhere, "where", 3, 3},
      {Op::kLinear, "linear", 3, 3},
      {Op::kMatmul, "matmul", 2, 2},
      {Op::kConv1d, "conv1d", 3, 3, {"stride", "padding"}},
      {Op::kConvTranspose1d, "conv_transpose1d", 3, 3, {"stride", "padding"}},
      {Op::kAttention, "attention", 3, 4, {"causal"}},
      {Op::kSoftmax, "softmax"},
      {Op::kLayerNorm, "layer_norm", 3, 3, {}, {"eps"}},
      {Op::kGroupNorm, "group_norm", 3, 3, {"groups"}, {"eps"}},
      {Op::kSum, "sum", 1, 1, {"dimension"}},
      {Op::kReshape, "reshape", 1, 1, {"shape..."}},
      {Op::kPermute, "permute", 1, 1, {"order..."}},
      {Op::kSlice, "slice", 1, 1, {"dimension", "first", "end"}},
      {Op::kConcat, "concat", 1, kAnyNumber, {"dimension"}},
      {Op::kExpand, "expand", 1, 1, {"shape..."}},
      {Op::kPad, "pad", 1, 1, {"dimension", "before", "behind"}},
      {Op::kPick, "pick", 1, 1, {"dimension", "places..."}},
      {Op::kGather, "gather", 2, 2, {"dimension"}},
      {Op::kTake, "take", 2, 2},
  };
  return table;
}

const OpInfo& info_of(Op op) { return operators()[static_cast<size_t>(op)]; }

Op parse_op(std::string_view name) {
  for (const OpInfo& info : operators()) {
    if (info.name == name) return info.op;
  }
  throw Error("operator: found '" + shown(name) + "', expected one of the table (src/graph/operators.h)");
}

void check_extents(const Shape& shape, const std::string& what) {
  bool fits = shape.rows >= 0 && shape.rows <= kMostRows && shape.rank() <= kMostRank;
  int64_t numbers = 1;
  for (const int64_t extent : shape.rest) {
    fits = fits && extent >= 1 && extent <= kMostNumbers / numbers;
    if (!fits) break;
    numbers *= extent;
  }
  if (fits) return;
  throw Error(shown(what) + ": found shape " + shown_shape(shape) + ", expected up to " + std::to_string(kMostRank) +
              " extents of 1 or more and at most " + std::to_string(kMostNumbers) + " numbers");
}

Shape broadcast(const Shape& a, const Shape& b) {
  const auto fail = [&]() -> Shape {
    throw Error("shapes: found " + shown_shape(a) + " and " + shown_shape(b) + ", expected ones that broadcast");
  };
  if (a.rows == 0 && b.rows > 0) return broadcast(b, a);
  if (a.rows > 0 && b.rows > 0 && (a.rows != b.rows || a.rest.size() != b.rest.size())) return fail();
  std::vector<int64_t> other = b.rest;
  // A shape without rows has no more extents than the other one, and 1 where that has its rows.
  if (a.rows > 0 && b.rows == 0 && other.size() == a.rest.size() + 1) {
    if (other.front() != 1) return fail();
    other.erase(other.begin());
  }
  if (a.rows > 0 && other.size() > a.rest.size()) return fail();
  Shape out = a;
  if (out.rest.size() < other.size()) out.rest.insert(out.rest.begin(), other.size() - out.rest.size(), 1);
  for (size_t i = 0; i < other.size(); ++i) {
    int64_t& extent = out.rest[out.rest.size() - 1 - i];
    const int64_t one = other[other.size() - 1 - i];
    if (extent != one && extent != 1 && one != 1) return fail();
    extent = extent == 1 ? one : extent;
  }
  return out;
}

TypeAndShape infer(Op op, std::span<const Value> inputs, std::span<const int64_t> ints, std::span<const double> reals) {
  const OpInfo& info = info_of(op);
  const Checker check(op, inputs);
  if (inputs.size() < info.fewest_inputs || inputs.size() > info.most_inputs) {
    check.fail(std::to_string(inputs.size()) + " inputs",
               std::to_string(info.fewest_inputs) + " to " + std::to_string(info.most_inputs));
  }
  const bool many = !info.ints.empty() && info.ints.back().ends_with("...");
  if (many ? ints.size() + 1 < info.ints.size() : ints.size() != info.ints.size()) {
    check.fail(std::to_string(ints.size()) + " whole settings", std::to_string(info.ints.size()));
  }
  if (reals.size() != info.reals.size()) {
    check.fail(std::to_string(reals.size()) + " real settings", std::to_string(info.reals.size()));
  }
  switch (op) {
    case Op::kLinear:
    case Op::kMatmul:
    case Op::kConv1d:
    case Op::kConvTranspose1d:
      return infer_product(check, op, inputs, ints);
    case Op::kAttention:
      return infer_attention(check, inputs, ints);
    case Op::kSoftmax:
    case Op::kLayerNorm:
    case Op::kGroupNorm:
    case Op::kSum:
      return infer_over_extents(check, op, inputs, ints, reals);
    case Op::kReshape:
    case Op::kPermute:
    case Op::kSlice:
    case Op::kConcat:
    case Op::kExpand:
    case Op::kPad:
    case Op::kPick:
    case Op::kGather:
    case Op::kTake:
      return infer_places(check, op, inputs, ints);
    default:
      return infer_elementwise(check, op, inputs, ints, reals);
  }
}

}  // namespace genbid::graph
