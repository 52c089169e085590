#pragma once

#include "graph/kernels/norm.h"

// Operators that move numbers. Part of the kernels, for whose rule see kernels.h. What is written is exact: beside it
// other steps may have written.

namespace genbid::graph {
namespace {

void fill(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Fill*>(step.detail);
  __builtin_memset(at<std::byte>(step.out, frame), 0, static_cast<size_t>(times_rows(how.bytes, how.rows, frame)));
}

template <typename T>
GENBID_INLINE void copy_run(T* to, int64_t to_stride, const T* from, int64_t stride, int64_t n) {
  if (to_stride == 1 && stride == 1) {
    if (n * static_cast<int64_t>(sizeof(T)) >= 64) {
      __builtin_memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    } else {
      for (int64_t i = 0; i < n; ++i) to[i] = from[i];
    }
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * to_stride] = from[i * stride];
  }
}

template <typename T>
void copy(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Elementwise*>(step.detail);
  T* const out = at<T>(step.out, frame);
  const T* const x = at<const T>(step.in[0], frame);
  const int last = how.loops.rank - 1;
  const int64_t to_stride = how.loops.strides[0][last];
  const int64_t stride = how.loops.strides[1][last];
  for_loops<2>(how.loops, frame.rows, [&](const int64_t* places, int64_t n) {
    copy_run(out + places[0], to_stride, x + places[1], stride, n);
  });
}

void copy_rows(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const RowCopy*>(step.detail);
  const int last = how.loops.rank - 1;
  for (int64_t row = 0; row < frame.rows; ++row) {
    float* const out = row_of<float>(step.out, frame, row, how.to_row);
    const float* const x = row_of<const float>(step.in[0], frame, row, how.from_row);
    for_loops<2>(how.loops, 1, [&](const int64_t* places, int64_t n) {
      copy_run(out + places[0], how.loops.strides[0][last], x + places[1], how.loops.strides[1][last], n);
    });
  }
}

template <typename T>
void pick(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Pick*>(step.detail);
  T* out = at<T>(step.out, frame);
  const T* x = at<const T>(step.in[0], frame);
  const int64_t outer = times_rows(how.outer, how.rows, frame);
  for (int64_t o = 0; o < outer; ++o, x += how.extent * how.inner) {
    for (int64_t i = 0; i < how.picked; ++i, out += how.inner) {
      const T* const from = x + how.places[i] * how.inner;
      for (int64_t j = 0; j < how.inner; ++j) out[j] = from[j];
    }
  }
}

GENBID_INLINE int64_t within(int64_t index, int64_t extent) {
  return index < 0 ? 0 : index >= extent ? extent - 1 : index;
}

template <typename T>
void gather(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Gather*>(step.detail);
  T* const out = at<T>(step.out, frame);
  const int64_t* const index = at<const int64_t>(step.in[1], frame);
  const T* const x = at<const T>(step.in[0], frame);
  const int last = how.loops.rank - 1;
  const int64_t index_stride = how.loops.strides[1][last];
  const int64_t x_stride = how.loops.strides[2][last];
  for_loops<3>(how.loops, frame.rows, [&](const int64_t* places, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t chosen = within(index[places[1] + i * index_stride], how.extent);
      out[places[0] + i] = x[places[2] + i * x_stride + chosen * how.stride];
    }
  });
}

void take(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Take*>(step.detail);
  std::byte* out = at<std::byte>(step.out, frame);
  const std::byte* const table = at<const std::byte>(step.in[0], frame);
  const int64_t* const index = at<const int64_t>(step.in[1], frame);
  const int64_t count = times_rows(how.count, how.rows, frame);
  for (int64_t i = 0; i < count; ++i, out += how.bytes) {
    __builtin_memcpy(out, table + within(index[i], how.extent) * how.bytes, static_cast<size_t>(how.bytes));
  }
}

}  // namespace
}  // namespace genbid::graph
