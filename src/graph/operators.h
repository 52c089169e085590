#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

// The table of operators: all that an exported graph can be made of. What each computes stands here; shapes are checked
// and inferred by its line in operators.cpp, run by kernels, written by onnx_writer, python_writer and pt2_writer.
//
// What is not a number or infinite goes through as IEEE 754 has it: min, max, relu and clamp of NaN are NaN.
//
// Numbers broadcast as NumPy's do; a tensor without rows counts as one whose first extents are missing or 1. Dimensions
// are counted from the front, the rows' extent included.

namespace genbid::graph {

enum class Op : int {
  // f32 -> f32, number by number.
  kExp,
  kLog,
  kSqrt,
  kSin,
  kCos,
  kTanh,
  kSigmoid,
  kRelu,
  kGelu,      // x Phi(x), by the error function
  kSilu,      // x sigmoid(x)
  kMish,      // x tanh(log(1 + e^x))
  kSoftplus,  // log(1 + e^x)
  kClamp,     // reals: low, high; either may be infinite
  kCast,      // ints: the type (Type as a number). Of f32 to i64: towards zero; NaN and what i64 cannot hold become its
              // lowest number. To bool: whether it is not 0, as NaN is
  kNot,       // bool -> bool
  // Two inputs of one type, number by number, broadcast.
  kAdd,
  kSub,
  kMul,
  kMin,
  kMax,  // f32 or i64; whole numbers wrap around
  kDiv,
  kPow,       // f32; -0 may count as 0
  kFloorDiv,  // i64, towards minus infinity; the divisor is a constant above 0
  kLess,
  kLessEqual,
  kEqual,  // f32 or i64 -> bool
  kAnd,
  kOr,     // bool
  kWhere,  // bool, then two of one type: the second where true
  // Products. W and b are constants.
  kLinear,  // x [.., K], W [N, K], b [N] -> [.., N]
  kMatmul,  // [.., M, K], [.., K, N], leading extents equal, or the second has none -> [.., M, N]
  kConv1d,  // x [B, C, L], W [O, C, K], b [O]; ints: stride, padding -> [B, O, (L + 2 padding - K) / stride + 1]
  kConvTranspose1d,  // x [B, C, L], W [C, O, K], b [O]; ints: stride, padding -> [B, O, (L - 1) stride - 2 padding + K]
  kAttention,        // q [B, H, Q, d], k [B, H, L, d], v [B, H, L, e], mask bool broadcast to [B, H, Q, L] or, without
                     // it, ints: 1 = each sees itself and what stands before it (Q = L); softmax(q k^T / sqrt(d)) v.
                     // A query that sees no key: zeros
  // Over extents.
  kSoftmax,    // over the last
  kLayerNorm,  // over the last: x, weight, bias; reals: eps
  kGroupNorm,  // x [B, C, L], weight [C], bias [C]; ints: groups; reals: eps
  kSum,        // ints: dimension; which is left out
  // Places.
  kReshape,  // ints: rows of the shape (0: none), then the other extents. Same numbers in the same order
  kPermute,  // ints: which dimension each is. That of the rows stays in front
  kSlice,    // ints: dimension, first, end. Of the rows' extent: in multiples of the rows
  kConcat,   // ints: dimension; one type
  kExpand,   // ints: rows of the shape (0: none), then the other extents; broadcast to it
  kPad,      // ints: dimension (not the rows'), number of zeros before it, number behind it
  kPick,     // ints: dimension (not the rows'), then the places that are taken, in order
  kGather,   // x, i64 index of x's rank; ints: dimension (not the rows'). As torch.gather: index's extents at most x's
  kTake,     // table [N, ..] without rows, i64 index [..]: its entries -> [index.., ..]
  // Both take the first place for an index below 0, and the last for one behind it.
};
inline constexpr int kNumOps = static_cast<int>(Op::kTake) + 1;

struct OpInfo {
  Op op{};
  std::string name;  // as graph.json has it: "linear"
  size_t fewest_inputs = 1;
  size_t most_inputs = 1;
  std::vector<std::string> ints = {};  // names of settings; one that ends with "..." stands for all that follow
  std::vector<std::string> reals = {};
};

const std::vector<OpInfo>& operators();  // in the order of the enumeration
const OpInfo& info_of(Op op);
Op parse_op(std::string_view name);  // Error for an unknown name

struct TypeAndShape {
  Type type = Type::kFloat;
  Shape shape;
};
// Of a node's output. Error where inputs or settings do not fit: "linear: found ..., expected ...".
TypeAndShape infer(Op op, std::span<const Value> inputs, std::span<const int64_t> ints, std::span<const double> reals);

// Error unless a shape has at most 8 extents, each at least 1, and not too many numbers. `what` begins the message.
void check_extents(const Shape& shape, const std::string& what);
// The shape that both broadcast to. Error where they do not.
Shape broadcast(const Shape& a, const Shape& b);

}  // namespace genbid::graph
