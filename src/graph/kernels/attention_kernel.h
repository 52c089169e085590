#pragma once

#include "graph/kernels/norm.h"

// Attention, one head of a row at a time. Part of the kernels, for whose rule see kernels.h.

namespace genbid::graph {
namespace {

// Scores of a query with kKeys keys, which are four or fewer.
template <int kKeys>
GENBID_INLINE void score(float* to, const float* q, const float* k, int64_t stride, int64_t size) {
  Packet sums[kKeys];
  for (int j = 0; j < kKeys; ++j) sums[j] = all(0.0F);
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const Packet part = load(q + i);
#pragma GCC unroll 4
    for (int j = 0; j < kKeys; ++j) sums[j] = mul_add(part, load(k + j * stride + i), sums[j]);
  }
  if (i < size) {
    const Packet part = load_first(q + i, size - i);
#pragma GCC unroll 4
    for (int j = 0; j < kKeys; ++j) sums[j] = mul_add(part, load_first(k + j * stride + i, size - i), sums[j]);
  }
#pragma GCC unroll 4
  for (int j = 0; j < kKeys; ++j) to[j] = sum_of(sums[j]);
}

// Sums of values, weighted, for a few vectors of them.
template <int kVectors>
GENBID_INLINE void mix(float* to, const float* weights, const float* v, int64_t stride, int64_t keys, float scale,
                       int64_t left) {
  Packet sums[kVectors];
  for (int j = 0; j < kVectors; ++j) sums[j] = all(0.0F);
  for (int64_t l = 0; l < keys; ++l) {
    const Packet one = all_at(weights + l);
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) sums[j] = mul_add(one, load(v + l * stride + j * kLanes), sums[j]);
  }
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) store_first(to + j * kLanes, mul(sums[j], all(scale)), left - j * kLanes);
}

// A query that sees no key is answered with zeros. Scratch: a row of scores.
void attention(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Attention*>(step.detail);
  const uint8_t* const all_masks = how.masked ? at<const uint8_t>(step.in[3], frame) : nullptr;
  float* const out = at<float>(step.out, frame);
  float* const scores = frame.scratch;
  const float scale = 1.0F / root(static_cast<float>(how.size));
  const auto place = [](const int64_t* strides, int64_t b, int64_t h) { return b * strides[0] + h * strides[1]; };
  for (int64_t b = 0; b < how.batch * frame.rows; ++b) {
    const float* const row_q = row_of<const float>(step.in[0], frame, b, how.strides[0][0]);
    const float* const row_k = row_of<const float>(step.in[1], frame, b, how.strides[1][0]);
    const float* const row_v = row_of<const float>(step.in[2], frame, b, how.strides[2][0]);
    for (int64_t h = 0; h < how.heads; ++h) {
      const float* const k = row_k + h * how.strides[1][1];
      const float* const v = row_v + h * how.strides[2][1];
      for (int64_t i = 0; i < how.queries; ++i) {
        const float* const q = row_q + h * how.strides[0][1] + i * how.strides[0][2];
        float* const to = out + place(how.out_strides, b, h) + i * how.out_strides[2];
        const int64_t keys = how.causal ? i + 1 : how.keys;
        const int64_t stride = how.strides[1][2];
        int64_t l = 0;
        for (; l + 4 <= keys; l += 4) score<4>(scores + l, q, k + l * stride, stride, how.size);
        for (; l < keys; ++l) score<1>(scores + l, q, k + l * stride, stride, how.size);
        bool any = true;
        if (how.masked) {
          const uint8_t* const mask = all_masks + place(how.mask_strides, b, h) + i * how.mask_strides[2];
          any = false;
          for (l = 0; l < keys; ++l) {
            const bool seen = mask[l * how.mask_strides[3]] != 0;
            any = any || seen;
            scores[l] = seen ? scores[l] : -__builtin_inff();
          }
        }
        for (l = 0; l < keys; l += kLanes) store(scores + l, mul(load(scores + l), all(scale)));
        const float share = any ? 1.0F / exponentials(scores, scores, keys) : 0.0F;
        if (!any) __builtin_memset(scores, 0, static_cast<size_t>(keys) * sizeof(float));
        int64_t e = 0;
        for (; e + 3 * kLanes < how.value_size; e += 4 * kLanes) {
          mix<4>(to + e, scores, v + e, how.strides[2][2], keys, share, how.value_size - e);
        }
        for (; e < how.value_size; e += kLanes) {
          mix<1>(to + e, scores, v + e, how.strides[2][2], keys, share, how.value_size - e);
        }
      }
    }
  }
}

}  // namespace
}  // namespace genbid::graph
