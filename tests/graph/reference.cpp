#include "reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/convert.h"
#include "reference_products.h"

namespace genbid::graph::test {
namespace {

constexpr double kUnit = 0x1p-24;
constexpr double kTiny = 0x1p-126;  // below it there are fewer digits, and exponentials may be 0
constexpr double kUnknown = std::numeric_limits<double>::infinity();

int64_t product(const std::vector<int64_t>& sizes) {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  return count;
}

double normal_below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double unary(Op op, double x) {
  switch (op) {
    case Op::kExp:
      return std::exp(x);
    case Op::kLog:
      return std::log(x);
    case Op::kSqrt:
      return std::sqrt(x);
    case Op::kSin:
      return std::sin(x);
    case Op::kCos:
      return std::cos(x);
    case Op::kTanh:
      return std::tanh(x);
    case Op::kSigmoid:
      return 1.0 / (1.0 + std::exp(-x));
    case Op::kRelu:
      return x < 0.0 ? 0.0 : x;
    case Op::kGelu:
      return x * normal_below(x);
    case Op::kSilu:
      return x / (1.0 + std::exp(-x));
    case Op::kMish:
      return x * std::tanh(softplus(x));
    default:
      return softplus(x);
  }
}

// Roundings of the runtime's own, in units of `scale`.
double own_error(Op op, double x, double y) {
  switch (op) {
    case Op::kRelu:
      return 0.0;
    case Op::kSqrt:
      return kUnit * y;
    case Op::kSin:
    case Op::kCos:
      return 2.0 * kUnit;  // of 1: near their zeros the digits are those of the reduced argument
    case Op::kLog:
      return 3.0 * kUnit * std::abs(y);
    case Op::kGelu:
      return 4.0 * kUnit * std::abs(x);  // 1 + erf(x) is rounded as a number near 1
    case Op::kMish:
      return 6.0 * kUnit * std::abs(y) + kTiny * std::abs(x);  // its exponential is no less than kTiny
    default:
      return 6.0 * kUnit * std::abs(y);
  }
}

Number unary(Op op, const Number& in) {
  const double y = unary(op, in.real);
  double carried = 0.0;
  if (in.error > 0.0) {
    carried = std::max(std::abs(unary(op, in.real + in.error) - y), std::abs(unary(op, in.real - in.error) - y));
    if (!(carried < kUnknown)) carried = kUnknown;
  }
  return {y, carried + own_error(op, in.real, y) + kTiny};
}

// Rounded once, or not at all.
Number rounded(double y, double carried) {
  const bool exact = carried == 0.0 && as_double(as_float(y)) == y;
  return {y, exact ? 0.0 : carried + kUnit * std::abs(y) + kTiny};
}

Number power(const Number& a, const Number& b) {
  const double y = std::pow(a.real, b.real);
  double carried = 0.0;
  if (a.error + b.error > 0.0) {
    if (a.real - a.error <= 0.0) return {y, kUnknown};
    for (const double da : {-a.error, a.error}) {
      for (const double db : {-b.error, b.error}) {
        carried = std::max(carried, std::abs(std::pow(a.real + da, b.real + db) - y));
      }
    }
  }
  return {y, carried + 8.0 * kUnit * std::abs(y) + kTiny};
}

Number quotient(const Number& a, const Number& b) {
  const double y = a.real / b.real;
  if (a.error + b.error == 0.0) return rounded(y, 0.0);
  if (b.error >= std::abs(b.real) / 2.0) return {y, kUnknown};
  return rounded(y, (a.error + std::abs(y) * b.error) / (std::abs(b.real) - b.error));
}

Number of_reals(Op op, const Number& a, const Number& b) {
  const double either = std::isnan(a.real) || std::isnan(b.real) ? std::nan("") : 0.0;
  switch (op) {
    case Op::kAdd:
      return rounded(a.real + b.real, a.error + b.error);
    case Op::kSub:
      return rounded(a.real - b.real, a.error + b.error);
    case Op::kMul: {
      const double carried = a.error + b.error == 0.0
                                 ? 0.0  // and not infinity times 0
                                 : std::abs(a.real) * b.error + std::abs(b.real) * a.error + a.error * b.error;
      return rounded(a.real * b.real, carried);
    }
    case Op::kMin:
      return {std::min(a.real, b.real) + either, std::max(a.error, b.error)};
    case Op::kMax:
      return {std::max(a.real, b.real) + either, std::max(a.error, b.error)};
    case Op::kDiv:
      return quotient(a, b);
    default:
      return power(a, b);
  }
}

int64_t wrapped(Op op, int64_t a, int64_t b) {
  const auto x = static_cast<uint64_t>(a);
  const auto y = static_cast<uint64_t>(b);
  return static_cast<int64_t>(op == Op::kAdd ? x + y : op == Op::kSub ? x - y : x * y);
}

int64_t of_wholes(Op op, int64_t a, int64_t b) {
  switch (op) {
    case Op::kMin:
      return std::min(a, b);
    case Op::kMax:
      return std::max(a, b);
    case Op::kFloorDiv: {
      const int64_t rest = (a % b + b) % b;
      return (a / b) - (rest != a % b ? 1 : 0);
    }
    case Op::kAnd:
      return a != 0 && b != 0 ? 1 : 0;
    case Op::kOr:
      return a != 0 || b != 0 ? 1 : 0;
    default:
      return wrapped(op, a, b);
  }
}

bool holds(Op op, double a, double b) { return op == Op::kLess ? a < b : op == Op::kLessEqual ? a <= b : a == b; }
bool holds(Op op, int64_t a, int64_t b) { return op == Op::kLess ? a < b : op == Op::kLessEqual ? a <= b : a == b; }

Number cast(const Number& in, Type from, Type to, bool& sure) {
  Number out;
  const double real = from == Type::kFloat ? in.real : as_double(in.whole);
  const auto whole_of = [](double x) {
    return x >= -0x1p63 && x < 0x1p63 ? static_cast<int64_t>(x) : std::numeric_limits<int64_t>::min();
  };
  switch (to) {
    case Type::kFloat:
      return from == Type::kFloat ? in : rounded(real, 0.0);
    case Type::kInt:
      out.whole = from == Type::kFloat ? whole_of(real) : in.whole;
      sure = sure && (in.error == 0.0 || whole_of(real - in.error) == whole_of(real + in.error));
      return out;
    default:
      out.whole = real != 0.0 ? 1 : 0;
      sure = sure && (in.error == 0.0 || std::abs(real) > in.error);
      return out;
  }
}

Number clamped(const Number& in, Type type, double low, double high) {
  if (type == Type::kInt) {
    const auto whole = static_cast<long double>(in.whole);  // holds every i64
    Number out = in;
    if (whole < low) out.whole = static_cast<int64_t>(std::ceil(low));
    if (whole > high) out.whole = static_cast<int64_t>(std::floor(high));
    return out;
  }
  if (std::isnan(in.real)) return in;
  return {std::min(std::max(in.real, as_double(as_float(low))), as_double(as_float(high))), in.error};
}

// An operator of numbers: `in` holds those that meet.
Number of_numbers(const Node& node, const std::vector<Number>& in, const std::vector<Type>& types, bool& sure) {
  const Number& a = in[0];
  switch (node.op) {
    case Op::kClamp:
      return clamped(a, types[0], node.reals[0], node.reals[1]);
    case Op::kCast:
      return cast(a, types[0], static_cast<Type>(node.ints[0]), sure);
    case Op::kNot:
      return {0.0, 0.0, a.whole == 0 ? 1 : 0};
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kEqual:
      if (types[0] == Type::kInt) return {0.0, 0.0, holds(node.op, a.whole, in[1].whole) ? 1 : 0};
      sure = sure && (a.error + in[1].error == 0.0 || std::abs(a.real - in[1].real) > a.error + in[1].error);
      return {0.0, 0.0, holds(node.op, a.real, in[1].real) ? 1 : 0};
    case Op::kWhere:
      return a.whole != 0 ? in[1] : in[2];
    default:
      if (in.size() == 1) return unary(node.op, a);
      if (types[0] == Type::kFloat) return of_reals(node.op, a, in[1]);
      return {0.0, 0.0, of_wholes(node.op, a.whole, in[1].whole)};
  }
}

// Where the number at a place of `whole` stands in a tensor that is broadcast to it.
int64_t broadcast_place(const Places& at, const Numbers& in) {
  Places own(at.end() - std::ssize(in.sizes), at.end());
  for (size_t i = 0; i < own.size(); ++i) {
    if (in.sizes[i] == 1) own[i] = 0;
  }
  return place_of(own, in.sizes);
}

void places(const Node& node, const std::vector<const Numbers*>& in, int64_t num_rows, bool rows_in, Numbers& out) {
  const Numbers& x = *in[0];
  const auto dimension = node.ints.empty() ? 0 : to_size(node.ints[0]);
  // A slice or concat of the rows counts in multiples of the call's rows.
  const int64_t unit = rows_in && dimension == 0 ? num_rows : 1;
  int64_t first = 0;  // of the concat
  if (node.op == Op::kConcat) {
    for (const Numbers* const one : in) {
      for_places(one->sizes, [&](const Places& at, int64_t i) {
        Places to = at;
        to[dimension] += first;
        out.all[to_size(place_of(to, out.sizes))] = one->all[to_size(i)];
      });
      first += one->sizes[dimension];
    }
    return;
  }
  for_places(out.sizes, [&](const Places& at, int64_t i) {
    Places from = at;
    Number& to = out.all[to_size(i)];
    switch (node.op) {
      case Op::kReshape:
        to = x.all[to_size(i)];
        return;
      case Op::kPermute:
        for (size_t j = 0; j < at.size(); ++j) from[to_size(node.ints[j])] = at[j];
        break;
      case Op::kSlice:
        from[dimension] += node.ints[1] * unit;
        break;
      case Op::kExpand:
        to = x.all[to_size(broadcast_place(at, x))];
        return;
      case Op::kPad:
        from[dimension] -= node.ints[1];
        if (from[dimension] < 0 || from[dimension] >= x.sizes[dimension]) return;
        break;
      case Op::kPick:
        from[dimension] = node.ints[1 + to_size(at[dimension])];
        break;
      case Op::kGather:
        from[dimension] = std::clamp<int64_t>(in[1]->all[to_size(i)].whole, 0, x.sizes[dimension] - 1);
        break;
      default: {  // take
        const auto split = at.begin() + std::ssize(in[1]->sizes);
        const int64_t index = in[1]->all[to_size(place_of({at.begin(), split}, in[1]->sizes))].whole;
        from.assign(1, std::clamp<int64_t>(index, 0, x.sizes[0] - 1));
        from.insert(from.end(), split, at.end());
      }
    }
    to = x.all[to_size(place_of(from, x.sizes))];
  });
}

}  // namespace

Numbers reference_of(const Node& node, const Value& output, const std::vector<const Numbers*>& in, int64_t num_rows) {
  Numbers out;
  out.type = output.type;
  out.sizes = output.shape.sizes(num_rows);
  out.all.resize(to_size(product(out.sizes)));
  for (const Numbers* const one : in) out.sure = out.sure && one->sure;
  if (node.op >= Op::kReshape) {
    places(node, in, num_rows, output.shape.rows > 0, out);
  } else if (node.op >= Op::kLinear) {
    reference_of_products(node, in, out);
  } else {
    std::vector<Type> types;
    for (const Numbers* const one : in) types.push_back(one->type);
    for_places(out.sizes, [&](const Places& at, int64_t i) {
      std::vector<Number> met;
      for (const Numbers* const one : in) met.push_back(one->all[to_size(broadcast_place(at, *one))]);
      out.all[to_size(i)] = of_numbers(node, met, types, out.sure);
    });
  }
  for (const Number& one : out.all) out.sure = out.sure && (one.error < kUnknown || !std::isfinite(one.real));
  return out;
}

Numbers reference_of_constant(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  const std::byte* const bytes = graph.constant_of(id).bytes.data();
  Numbers out = {value.type, value.shape.rest, {}, true};
  for (int64_t i = 0; i < value.shape.inner(); ++i) {
    Number one;
    float real = 0.0F;
    const std::byte* const from = bytes + i * static_cast<int64_t>(size_of(value.type));
    if (value.type == Type::kFloat) {
      std::memcpy(&real, from, sizeof real);
      one.real = as_double(real);
    } else {
      std::memcpy(&one.whole, from, size_of(value.type));
    }
    out.all.push_back(one);
  }
  return out;
}

std::vector<Numbers> reference_of(const Graph& graph, const std::vector<Numbers>& inputs, int64_t num_rows) {
  std::vector<Numbers> values;
  for (ValueId id = 0; id < graph.num_values(); ++id) {
    const Value& value = graph.value(id);
    if (value.source == Value::Source::kInput) {
      values.push_back(at(inputs, value.index));
    } else if (value.source == Value::Source::kConstant) {
      values.push_back(reference_of_constant(graph, id));
    } else {
      const Node& node = at(graph.nodes(), value.index);
      std::vector<const Numbers*> in;
      for (const ValueId input : node.inputs) in.push_back(&at(values, input));
      values.push_back(reference_of(node, value, in, num_rows));
    }
  }
  return values;
}

}  // namespace genbid::graph::test
