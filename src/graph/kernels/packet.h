#pragma once

// Square roots are the processor's, not estimates.
#define EIGEN_FAST_MATH 0

#include <Eigen/Core>
#include <unsupported/Eigen/SpecialFunctions>

#include "graph/kernels/kernels.h"

// Vectors of floats: Eigen's packets and what it computes on them, and what is made of that. Part of the kernels, for
// whose rule see kernels.h.

namespace genbid::graph {
namespace {

#define GENBID_INLINE inline __attribute__((always_inline))

namespace eigen = Eigen::internal;
using Packet = eigen::packet_traits<float>::type;
constexpr int kLanes = eigen::packet_traits<float>::size;

GENBID_INLINE Packet load(const float* from) { return eigen::ploadu<Packet>(from); }
GENBID_INLINE void store(float* to, const Packet& x) { eigen::pstoreu(to, x); }
GENBID_INLINE Packet all(float x) { return eigen::pset1<Packet>(x); }
GENBID_INLINE Packet all_at(const float* from) { return eigen::pset1<Packet>(*from); }
GENBID_INLINE Packet add(const Packet& a, const Packet& b) { return eigen::padd(a, b); }
GENBID_INLINE Packet sub(const Packet& a, const Packet& b) { return eigen::psub(a, b); }
GENBID_INLINE Packet mul(const Packet& a, const Packet& b) { return eigen::pmul(a, b); }
GENBID_INLINE Packet div(const Packet& a, const Packet& b) { return eigen::pdiv(a, b); }
GENBID_INLINE Packet mul_add(const Packet& a, const Packet& b, const Packet& c) { return eigen::pmadd(a, b, c); }
// Takes `a` where a bit of the mask is set, else `b`.
GENBID_INLINE Packet select(const Packet& mask, const Packet& a, const Packet& b) {
  return eigen::por(eigen::pand(mask, a), eigen::pandnot(b, mask));
}
GENBID_INLINE Packet less(const Packet& a, const Packet& b) { return eigen::pcmp_lt(a, b); }
// The result is NaN where either of the two is.
GENBID_INLINE Packet min(const Packet& a, const Packet& b) { return eigen::pmin<Eigen::PropagateNaN>(a, b); }
GENBID_INLINE Packet max(const Packet& a, const Packet& b) { return eigen::pmax<Eigen::PropagateNaN>(a, b); }
GENBID_INLINE float sum_of(const Packet& a) { return eigen::predux(a); }
GENBID_INLINE float max_of(const Packet& a) { return eigen::predux_max(a); }

// Mask of the first n lanes.
GENBID_INLINE Packet first_lanes(int64_t n) { return less(eigen::plset<Packet>(0.0F), all(static_cast<float>(n))); }
GENBID_INLINE Packet load_first(const float* from, int64_t n) {
  return n >= kLanes ? load(from) : eigen::pand(first_lanes(n), load(from));
}
GENBID_INLINE void store_first(float* to, const Packet& x, int64_t n) {
  if (n >= kLanes) return store(to, x);
  float numbers[kLanes];
  store(numbers, x);
  for (int64_t i = 0; i < n; ++i) to[i] = numbers[i];
}

// Eigen's needs to round, for which SSE2 has no instruction.
GENBID_INLINE Packet pow_of(const Packet& a, const Packet& b) {
  if constexpr (kLanes > 4) {
    return eigen::generic_pow(a, b);
  } else {
    float x[kLanes], y[kLanes];
    store(x, a);
    store(y, b);
    for (int i = 0; i < kLanes; ++i) x[i] = __builtin_powf(x[i], y[i]);
    return load(x);
  }
}

GENBID_INLINE Packet exp_of(const Packet& x) { return eigen::pexp(x); }
GENBID_INLINE Packet tanh_of(const Packet& x) { return eigen::ptanh(x); }
GENBID_INLINE Packet sigmoid_of(const Packet& x) { return div(all(1.0F), add(all(1.0F), exp_of(sub(all(0.0F), x)))); }
// log(1 + x) of a number between 0 and 1.
GENBID_INLINE Packet log1p_of(const Packet& x) {
  const Packet y = add(all(1.0F), x);
  const Packet rest = sub(y, all(1.0F));
  const Packet none = eigen::pcmp_eq(rest, all(0.0F));
  return select(none, x, mul(x, div(eigen::plog(y), select(none, all(1.0F), rest))));
}
GENBID_INLINE Packet softplus_of(const Packet& x) {
  return add(max(x, all(0.0F)), log1p_of(exp_of(sub(all(0.0F), eigen::pabs(x)))));
}
// With n = e^x (e^x + 2) it is x n / (n + 2). Beyond 20 the quotient is 1.
GENBID_INLINE Packet mish_of(const Packet& x) {
  const Packet e = exp_of(min(x, all(20.0F)));
  const Packet n = mul(e, add(e, all(2.0F)));
  return mul(x, div(n, add(n, all(2.0F))));
}
GENBID_INLINE Packet gelu_of(const Packet& x) {
  const Packet erf = eigen::generic_fast_erf_float(mul(x, all(0.70710678118654752440F)));
  return mul(mul(x, all(0.5F)), add(all(1.0F), erf));
}

template <typename T>
GENBID_INLINE T* at(const Operand& operand, const Frame& frame) {
  return reinterpret_cast<T*>(frame.places[operand.place] + operand.offset + operand.per_row * frame.rows);
}

// The beginning of one row of a tensor whose rows are `stride` numbers apart, or lie where pointers say.
template <typename T>
GENBID_INLINE T* row_of(const Operand& operand, const Frame& frame, int64_t row, int64_t stride) {
  if (!operand.by_row) return at<T>(operand, frame) + row * stride;
  std::byte* const* const rows = reinterpret_cast<std::byte* const*>(frame.places[operand.place]);
  return reinterpret_cast<T*>(rows[row] + operand.offset);
}

// Calls body(places, n) for each innermost loop: where its output and inputs begin, and how many numbers it has.
template <int kOperands, typename Body>
GENBID_INLINE void for_loops(const Loops& loops, int64_t rows, Body body) {
  const int last = loops.rank - 1;
  int64_t places[kOperands] = {};
  const int64_t first = loops.rows ? loops.extents[0] * rows : loops.extents[0];
  if (last == 0) return body(places, first);
  const int64_t n = loops.extents[last];
  int64_t counts[kMostLoops] = {};
  while (true) {
    body(places, n);
    int i = last - 1;
    for (; i >= 0; --i) {
      const int64_t extent = i == 0 ? first : loops.extents[i];
      for (int j = 0; j < kOperands; ++j) places[j] += loops.strides[j][i];
      if (++counts[i] < extent) break;
      for (int j = 0; j < kOperands; ++j) places[j] -= loops.strides[j][i] * extent;
      counts[i] = 0;
    }
    if (i < 0) return;
  }
}

}  // namespace
}  // namespace genbid::graph
