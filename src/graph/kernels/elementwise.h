#pragma once

#include "graph/kernels/packet.h"

// Operators that work number by number. Part of the kernels, for whose rule see kernels.h.

namespace genbid::graph {
namespace {

struct Exp {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return exp_of(x); }
};
struct Log {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return eigen::plog(x); }
};
struct Sqrt {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return eigen::psqrt(x); }
};
struct Sin {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return eigen::psin(x); }
};
struct Cos {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return eigen::pcos(x); }
};
struct Tanh {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return tanh_of(x); }
};
struct Sigmoid {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return sigmoid_of(x); }
};
struct Relu {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return max(x, all(0.0F)); }
};
struct Gelu {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return gelu_of(x); }
};
struct Silu {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return mul(x, sigmoid_of(x)); }
};
struct Mish {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return mish_of(x); }
};
struct Softplus {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise&) { return softplus_of(x); }
};
struct Clamp {
  static GENBID_INLINE Packet of(const Packet& x, const Elementwise& how) {
    return min(max(x, all(how.low)), all(how.high));
  }
};

struct Add {
  static GENBID_INLINE Packet of(const Packet& a, const Packet& b) { return add(a, b); }
};
struct Sub {
  static GENBID_INLINE Packet of(const Packet& a, const Packet& b) { return sub(a, b); }
};
struct Mul {
  static GENBID_INLINE Packet of(const Packet& a, const Packet& b) { return mul(a, b); }
};
struct Min {
  static GENBID_INLINE Packet of(const Packet& a, const Packet& b) { return min(a, b); }
};
struct Max {
  static GENBID_INLINE Packet of(const Packet& a, const Packet& b) { return max(a, b); }
};
struct Div {
  static GENBID_INLINE Packet of(const Packet& a, const Packet& b) { return div(a, b); }
};
struct Pow {
  static GENBID_INLINE Packet of(const Packet& a, const Packet& b) { return pow_of(a, b); }
};

// How an input of an innermost loop is read.
constexpr int kOne = 0, kEach = 1, kStrided = 2;

template <int kHow>
GENBID_INLINE Packet read(const float* from, int64_t i, int64_t stride, int64_t n) {
  if constexpr (kHow == kOne) return all_at(from);
  if constexpr (kHow == kEach) return load(from + i);
  float numbers[kLanes] = {};
  for (int64_t j = 0; j < kLanes && i + j < n; ++j) numbers[j] = from[(i + j) * stride];
  return load(numbers);
}

template <typename F>
void unary(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Elementwise*>(step.detail);
  float* const out = at<float>(step.out, frame);
  const float* const x = at<const float>(step.in[0], frame);
  const int64_t stride = how.loops.strides[1][how.loops.rank - 1];
  for_loops<2>(how.loops, frame.rows, [&](const int64_t* places, int64_t n) {
    float* const to = out + places[0];
    const float* const from = x + places[1];
    if (stride == 1) {
      for (int64_t i = 0; i < n; i += kLanes) store(to + i, F::of(load(from + i), how));
    } else {
      for (int64_t i = 0; i < n; i += kLanes) store(to + i, F::of(read<kStrided>(from, i, stride, n), how));
    }
  });
}

template <typename F, int kA, int kB>
GENBID_INLINE void binary_loop(float* to, const float* a, int64_t a_stride, const float* b, int64_t b_stride,
                               int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes) {
    store(to + i, F::of(read<kA>(a, i, a_stride, n), read<kB>(b, i, b_stride, n)));
  }
}

template <typename F>
void binary(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Elementwise*>(step.detail);
  float* const out = at<float>(step.out, frame);
  const float* const a = at<const float>(step.in[0], frame);
  const float* const b = at<const float>(step.in[1], frame);
  const int last = how.loops.rank - 1;
  const int64_t as = how.loops.strides[1][last];
  const int64_t bs = how.loops.strides[2][last];
  for_loops<3>(how.loops, frame.rows, [&](const int64_t* places, int64_t n) {
    float* const to = out + places[0];
    const float* const x = a + places[1];
    const float* const y = b + places[2];
    if (as == 1 && bs == 1) return binary_loop<F, kEach, kEach>(to, x, as, y, bs, n);
    if (as == 1 && bs == 0) return binary_loop<F, kEach, kOne>(to, x, as, y, bs, n);
    if (as == 0 && bs == 1) return binary_loop<F, kOne, kEach>(to, x, as, y, bs, n);
    binary_loop<F, kStrided, kStrided>(to, x, as, y, bs, n);
  });
}

// Operators on other types, one number at a time, as loops that the compiler may turn into vectors.
template <typename F, typename From, typename To>
void plain_unary(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Elementwise*>(step.detail);
  To* const out = at<To>(step.out, frame);
  const From* const x = at<const From>(step.in[0], frame);
  const int64_t stride = how.loops.strides[1][how.loops.rank - 1];
  for_loops<2>(how.loops, frame.rows, [&](const int64_t* places, int64_t n) {
    To* const to = out + places[0];
    const From* const from = x + places[1];
    for (int64_t i = 0; i < n; ++i) to[i] = F::of(from[i * stride], how);
  });
}

template <typename F, typename From, typename To>
void plain_binary(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Elementwise*>(step.detail);
  To* const out = at<To>(step.out, frame);
  const From* const a = at<const From>(step.in[0], frame);
  const From* const b = at<const From>(step.in[1], frame);
  const int last = how.loops.rank - 1;
  const int64_t as = how.loops.strides[1][last];
  const int64_t bs = how.loops.strides[2][last];
  for_loops<3>(how.loops, frame.rows, [&](const int64_t* places, int64_t n) {
    To* const to = out + places[0];
    const From* const x = a + places[1];
    const From* const y = b + places[2];
    if (as == 1 && bs == 1) {
      for (int64_t i = 0; i < n; ++i) to[i] = F::of(x[i], y[i]);
    } else {
      for (int64_t i = 0; i < n; ++i) to[i] = F::of(x[i * as], y[i * bs]);
    }
  });
}

template <typename T>
void where(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Elementwise*>(step.detail);
  T* const out = at<T>(step.out, frame);
  const uint8_t* const chosen = at<const uint8_t>(step.in[0], frame);
  const T* const a = at<const T>(step.in[1], frame);
  const T* const b = at<const T>(step.in[2], frame);
  const int last = how.loops.rank - 1;
  const int64_t cs = how.loops.strides[1][last];
  const int64_t as = how.loops.strides[2][last];
  const int64_t bs = how.loops.strides[3][last];
  for_loops<4>(how.loops, frame.rows, [&](const int64_t* places, int64_t n) {
    T* const to = out + places[0];
    const uint8_t* const c = chosen + places[1];
    const T* const x = a + places[2];
    const T* const y = b + places[3];
    for (int64_t i = 0; i < n; ++i) {
      const T yes = x[i * as];
      const T no = y[i * bs];
      to[i] = c[i * cs] != 0 ? yes : no;
    }
  });
}

// Whole numbers wrap around.
GENBID_INLINE int64_t wrapped(uint64_t x) { return static_cast<int64_t>(x); }
GENBID_INLINE uint64_t bits(int64_t x) { return static_cast<uint64_t>(x); }
struct WholeAdd {
  static GENBID_INLINE int64_t of(int64_t a, int64_t b) { return wrapped(bits(a) + bits(b)); }
};
struct WholeSub {
  static GENBID_INLINE int64_t of(int64_t a, int64_t b) { return wrapped(bits(a) - bits(b)); }
};
struct WholeMul {
  static GENBID_INLINE int64_t of(int64_t a, int64_t b) { return wrapped(bits(a) * bits(b)); }
};
struct WholeMin {
  static GENBID_INLINE int64_t of(int64_t a, int64_t b) { return a < b ? a : b; }
};
struct WholeMax {
  static GENBID_INLINE int64_t of(int64_t a, int64_t b) { return a > b ? a : b; }
};
struct FloorDiv {  // the divisor is above 0
  static GENBID_INLINE int64_t of(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
};
struct WholeClamp {
  static GENBID_INLINE int64_t of(int64_t x, const Elementwise& how) {
    return WholeMin::of(WholeMax::of(x, how.whole_low), how.whole_high);
  }
};
struct Less {
  template <typename T>
  static GENBID_INLINE uint8_t of(T a, T b) {
    return a < b ? 1 : 0;
  }
};
struct LessEqual {
  template <typename T>
  static GENBID_INLINE uint8_t of(T a, T b) {
    return a <= b ? 1 : 0;
  }
};
struct Equal {
  template <typename T>
  static GENBID_INLINE uint8_t of(T a, T b) {
    return a == b ? 1 : 0;
  }
};
struct And {
  static GENBID_INLINE uint8_t of(uint8_t a, uint8_t b) { return a & b; }
};
struct Or {
  static GENBID_INLINE uint8_t of(uint8_t a, uint8_t b) { return a | b; }
};
struct Not {
  static GENBID_INLINE uint8_t of(uint8_t x, const Elementwise&) { return x == 0 ? 1 : 0; }
};
struct ToFloat {
  template <typename T>
  static GENBID_INLINE float of(T x, const Elementwise&) {
    return static_cast<float>(x);
  }
};
struct ToWhole {
  template <typename T>
  static GENBID_INLINE int64_t of(T x, const Elementwise&) {
    // What no whole number can hold becomes the lowest one, as the processor has it.
    if constexpr (static_cast<T>(0.5) != 0) {
      if (!(x > -9223373136366403584.0F && x < 9223372036854775808.0F)) return INT64_MIN;
    }
    return static_cast<int64_t>(x);
  }
};
struct ToBool {
  template <typename T>
  static GENBID_INLINE uint8_t of(T x, const Elementwise&) {
    return x != 0 ? 1 : 0;
  }
};

}  // namespace
}  // namespace genbid::graph
