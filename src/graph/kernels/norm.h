#pragma once

#include "graph/kernels/packet.h"

// Operators over extents. Part of the kernels, for whose rule see kernels.h. Rows are written in their order: what a
// last vector writes behind its row is written again with the next.

namespace genbid::graph {
namespace {

GENBID_INLINE int64_t times_rows(int64_t count, bool rows, const Frame& frame) {
  return rows ? count * frame.rows : count;
}

// A row of weights for exponentials: e^(x - largest) of n numbers, zeros behind them; returns their sum.
GENBID_INLINE float exponentials(float* to, const float* x, int64_t n) {
  const Packet lowest = all(-__builtin_inff());
  Packet largest = lowest;
  for (int64_t i = 0; i < n; i += kLanes) {
    const Packet part = i + kLanes <= n ? load(x + i) : select(first_lanes(n - i), load(x + i), lowest);
    largest = eigen::pmax(largest, part);
  }
  const Packet most = all(max_of(largest));
  Packet sum = all(0.0F);
  for (int64_t i = 0; i < n; i += kLanes) {
    Packet part = exp_of(sub(load(x + i), most));
    if (i + kLanes > n) part = eigen::pand(first_lanes(n - i), part);
    sum = add(sum, part);
    store(to + i, part);
  }
  return sum_of(sum);
}

void softmax(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Norm*>(step.detail);
  const float* x = at<const float>(step.in[0], frame);
  float* out = at<float>(step.out, frame);
  const int64_t count = times_rows(how.count, how.rows, frame);
  for (int64_t row = 0; row < count; ++row, x += how.size, out += how.size) {
    const Packet scale = all(1.0F / exponentials(out, x, how.size));
    for (int64_t i = 0; i < how.size; i += kLanes) store(out + i, mul(load(out + i), scale));
  }
}

GENBID_INLINE float root(float x) { return __builtin_sqrtf(x); }

void layer_norm(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Norm*>(step.detail);
  const float* x = at<const float>(step.in[0], frame);
  float* out = at<float>(step.out, frame);
  const int64_t count = times_rows(how.count, how.rows, frame);
  const int64_t size = how.size;
  const auto share = 1.0F / static_cast<float>(size);
  for (int64_t row = 0; row < count; ++row, x += size, out += size) {
    Packet sum = all(0.0F);
    for (int64_t i = 0; i < size; i += kLanes) sum = add(sum, load_first(x + i, size - i));
    const Packet mean = all(sum_of(sum) * share);
    Packet squares = all(0.0F);
    for (int64_t i = 0; i < size; i += kLanes) {
      Packet off = sub(load(x + i), mean);
      if (i + kLanes > size) off = eigen::pand(first_lanes(size - i), off);
      squares = mul_add(off, off, squares);
    }
    const Packet scale = all(1.0F / root(sum_of(squares) * share + how.eps));
    for (int64_t i = 0; i < size; i += kLanes) {
      const Packet normed = mul(sub(load(x + i), mean), scale);
      store(out + i, mul_add(normed, load(how.weight + i), load(how.bias + i)));
    }
  }
}

// Turns sums of channels into means of groups: each channel gets its group's.
GENBID_INLINE void share_in_groups(float* sums, const Norm& how) {
  const int64_t size = how.size / how.groups;
  const auto share = 1.0F / static_cast<float>(size * how.length);
  for (int64_t g = 0; g < how.groups; ++g) {
    float* const group = sums + g * size;
    float sum = 0.0F;
    for (int64_t i = 0; i < size; ++i) sum += group[i];
    for (int64_t i = 0; i < size; ++i) group[i] = sum * share;
  }
}

// x [B, L, C]. Scratch: means, then scales and shifts, of the channels.
void group_norm(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Norm*>(step.detail);
  const float* x = at<const float>(step.in[0], frame);
  float* out = at<float>(step.out, frame);
  const int64_t count = how.count * frame.rows;
  const int64_t channels = how.size;
  const int64_t whole = (channels + kLanes - 1) / kLanes * kLanes;
  float* const mean = frame.scratch;
  float* const scale = mean + whole;
  float* const shift = scale + whole;
  for (int64_t row = 0; row < count; ++row, x += how.length * channels, out += how.length * channels) {
    for (int64_t c = 0; c < channels; c += kLanes) {
      Packet sum = all(0.0F);
      for (int64_t i = 0; i < how.length; ++i) sum = add(sum, load(x + i * channels + c));
      store(mean + c, sum);
    }
    share_in_groups(mean, how);
    for (int64_t c = 0; c < channels; c += kLanes) {
      const Packet middle = load(mean + c);
      Packet squares = all(0.0F);
      for (int64_t i = 0; i < how.length; ++i) {
        const Packet off = sub(load(x + i * channels + c), middle);
        squares = mul_add(off, off, squares);
      }
      store(scale + c, squares);
    }
    share_in_groups(scale, how);
    for (int64_t c = 0; c < channels; c += kLanes) {
      const Packet one = div(load(how.weight + c), eigen::psqrt(add(load(scale + c), all(how.eps))));
      store(scale + c, one);
      store(shift + c, sub(load(how.bias + c), mul(load(mean + c), one)));
    }
    for (int64_t i = 0; i < how.length; ++i) {
      for (int64_t c = 0; c < channels; c += kLanes) {
        store(out + i * channels + c, mul_add(load(x + i * channels + c), load(scale + c), load(shift + c)));
      }
    }
  }
}

void sum(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Sum*>(step.detail);
  const float* x = at<const float>(step.in[0], frame);
  float* out = at<float>(step.out, frame);
  const int64_t outer = times_rows(how.outer, how.rows, frame);
  for (int64_t o = 0; o < outer; ++o, x += how.extent * how.inner, out += how.inner) {
    if (how.inner == 1) {
      Packet all_of = all(0.0F);
      for (int64_t i = 0; i < how.extent; i += kLanes) all_of = add(all_of, load_first(x + i, how.extent - i));
      *out = sum_of(all_of);
      continue;
    }
    for (int64_t c = 0; c < how.inner; c += kLanes) {
      Packet all_of = all(0.0F);
      for (int64_t i = 0; i < how.extent; ++i) all_of = add(all_of, load(x + i * how.inner + c));
      store(out + c, all_of);
    }
  }
}

}  // namespace
}  // namespace genbid::graph
