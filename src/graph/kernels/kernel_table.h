#pragma once

#include "graph/kernels/attention_kernel.h"
#include "graph/kernels/elementwise.h"
#include "graph/kernels/places.h"
#include "graph/kernels/product.h"
#include "graph/operators.h"

// The table of one target's kernels. Part of the kernels, for whose rule see kernels.h; of the table of operators only
// the enumeration is used here.

namespace genbid::graph {
namespace {

Kernel float_kernel(Op op) {
  switch (op) {
    case Op::kExp:
      return unary<Exp>;
    case Op::kLog:
      return unary<Log>;
    case Op::kSqrt:
      return unary<Sqrt>;
    case Op::kSin:
      return unary<Sin>;
    case Op::kCos:
      return unary<Cos>;
    case Op::kTanh:
      return unary<Tanh>;
    case Op::kSigmoid:
      return unary<Sigmoid>;
    case Op::kRelu:
      return unary<Relu>;
    case Op::kGelu:
      return unary<Gelu>;
    case Op::kSilu:
      return unary<Silu>;
    case Op::kMish:
      return unary<Mish>;
    case Op::kSoftplus:
      return unary<Softplus>;
    case Op::kClamp:
      return unary<Clamp>;
    case Op::kAdd:
      return binary<Add>;
    case Op::kSub:
      return binary<Sub>;
    case Op::kMul:
      return binary<Mul>;
    case Op::kMin:
      return binary<Min>;
    case Op::kMax:
      return binary<Max>;
    case Op::kDiv:
      return binary<Div>;
    case Op::kPow:
      return binary<Pow>;
    case Op::kLess:
      return plain_binary<Less, float, uint8_t>;
    case Op::kLessEqual:
      return plain_binary<LessEqual, float, uint8_t>;
    case Op::kEqual:
      return plain_binary<Equal, float, uint8_t>;
    case Op::kWhere:
      return where<float>;
    default:
      return nullptr;
  }
}

Kernel whole_kernel(Op op) {
  switch (op) {
    case Op::kClamp:
      return plain_unary<WholeClamp, int64_t, int64_t>;
    case Op::kAdd:
      return plain_binary<WholeAdd, int64_t, int64_t>;
    case Op::kSub:
      return plain_binary<WholeSub, int64_t, int64_t>;
    case Op::kMul:
      return plain_binary<WholeMul, int64_t, int64_t>;
    case Op::kMin:
      return plain_binary<WholeMin, int64_t, int64_t>;
    case Op::kMax:
      return plain_binary<WholeMax, int64_t, int64_t>;
    case Op::kFloorDiv:
      return plain_binary<FloorDiv, int64_t, int64_t>;
    case Op::kLess:
      return plain_binary<Less, int64_t, uint8_t>;
    case Op::kLessEqual:
      return plain_binary<LessEqual, int64_t, uint8_t>;
    case Op::kEqual:
      return plain_binary<Equal, int64_t, uint8_t>;
    case Op::kWhere:
      return where<int64_t>;
    default:
      return nullptr;
  }
}

Kernel bool_kernel(Op op) {
  switch (op) {
    case Op::kNot:
      return plain_unary<Not, uint8_t, uint8_t>;
    case Op::kAnd:
      return plain_binary<And, uint8_t, uint8_t>;
    case Op::kOr:
      return plain_binary<Or, uint8_t, uint8_t>;
    case Op::kWhere:
      return where<uint8_t>;
    default:
      return nullptr;
  }
}

Kernel elementwise_kernel(Op op, Type type) {
  return type == Type::kFloat ? float_kernel(op) : type == Type::kInt ? whole_kernel(op) : bool_kernel(op);
}

template <typename From>
Kernel cast_kernel(Type to) {
  if (to == Type::kFloat) return plain_unary<ToFloat, From, float>;
  return to == Type::kInt ? plain_unary<ToWhole, From, int64_t> : plain_unary<ToBool, From, uint8_t>;
}

Kernel cast_kernels(Type from, Type to) {
  if (from == Type::kFloat) return cast_kernel<float>(to);
  return from == Type::kInt ? cast_kernel<int64_t>(to) : cast_kernel<uint8_t>(to);
}

constexpr Kernels kKernels = {
    .lanes = kLanes,
    .most_width = kMostWidth,
    .elementwise = elementwise_kernel,
    .cast = cast_kernels,
    .linear = linear,
    .matmul = matmul,
    .conv = conv,
    .attention = attention,
    .softmax = softmax,
    .layer_norm = layer_norm,
    .group_norm = group_norm,
    .sum = sum,
    .fill = fill,
    .copy_rows = copy_rows,
    .copy = {copy<uint8_t>, nullptr, copy<float>, copy<int64_t>},
    .pick = {pick<uint8_t>, nullptr, pick<float>, pick<int64_t>},
    .gather = {gather<uint8_t>, nullptr, gather<float>, gather<int64_t>},
    .take = take,
};

}  // namespace
}  // namespace genbid::graph
