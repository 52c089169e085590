#pragma once

#include "graph/kernels/packet.h"

// Products of matrices, and what is made of them: linear layers and convolutions. Part of the kernels, for whose rule
// see kernels.h.
//
// C = A W + b, where each row of A and C is a pointer: rows of A may overlap, as those of a convolution do. The
// innermost function holds a few rows times a few vectors of C in registers; around it, a slice of A that stays in the
// second cache meets a slice of a panel of W that stays in the first.

namespace genbid::graph {
namespace {

constexpr int64_t kDepth = 256;    // numbers of a row of A that are summed up at once
constexpr int64_t kTileRows = 96;  // rows of A and C

// How many rows of so many vectors the registers hold: there are 32 with AVX-512, else 16.
constexpr int rows_of(int vectors) {
  if (kLanes == 16) return vectors >= 4 ? 6 : 8;
  return vectors >= 3 ? 4 : vectors == 2 ? 6 : 8;
}

struct Panel {
  const float* w = nullptr;         // its first row
  int64_t stride = 0;               // from row to row
  int64_t first = 0, k = 0;         // which numbers of the rows of A
  const float* bias = nullptr;      // null: none
  bool goes_on = false;             // adds to what stands in C
  int64_t column = 0, columns = 0;  // of C
};

template <int kRows, int kVectors>
void multiply(const Panel& panel, const float* const* a, float* const* c) {
  // With few sums each addition would wait for the one before: then every second or fourth number has its own sums.
  constexpr int kSums = kRows * kVectors >= 6 ? 1 : kRows * kVectors >= 3 ? 2 : 4;
  Packet sum[kSums][kRows][kVectors];
  const float* row[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) row[r] = a[r] + panel.first;
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const Packet bias = panel.bias == nullptr ? all(0.0F) : load(panel.bias + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      sum[0][r][v] = bias;
#pragma GCC unroll 4
      for (int s = 1; s < kSums; ++s) sum[s][r][v] = all(0.0F);
    }
  }
  const float* w = panel.w;
  int64_t k = 0;
  for (; k + kSums <= panel.k; k += kSums) {
#pragma GCC unroll 4
    for (int s = 0; s < kSums; ++s) {
      Packet vector[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) vector[v] = load(w + v * kLanes);
      w += panel.stride;
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Packet one = all_at(row[r] + k + s);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[s][r][v] = mul_add(one, vector[v], sum[s][r][v]);
      }
    }
  }
  if constexpr (kSums > 1) {
    for (; k < panel.k; ++k, w += panel.stride) {
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Packet one = all_at(row[r] + k);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[0][r][v] = mul_add(one, load(w + v * kLanes), sum[0][r][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    float* const to = c[r] + panel.column;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      Packet whole = sum[0][r][v];
#pragma GCC unroll 4
      for (int s = 1; s < kSums; ++s) whole = add(whole, sum[s][r][v]);
      const int64_t left = panel.columns - v * kLanes;
      if (left <= 0) break;
      if (panel.goes_on) whole = add(whole, load_first(to + v * kLanes, left));
      store_first(to + v * kLanes, whole, left);
    }
  }
}

using Multiply = void (*)(const Panel&, const float* const*, float* const*);
#define GENBID_ROWS(v)                                                                                              \
  {                                                                                                                 \
    nullptr, multiply<1, v>, multiply<2, v>, multiply<3, v>, multiply<4, v>, multiply<(rows_of(v) > 4 ? 5 : 1), v>, \
        multiply<(rows_of(v) > 4 ? 6 : 1), v>, multiply<(rows_of(v) > 6 ? 7 : 1), v>,                               \
        multiply<(rows_of(v) > 6 ? 8 : 1), v>                                                                       \
  }
#if EIGEN_MAX_STATIC_ALIGN_BYTES >= 64
constexpr int kMostWidth = 4;
#else
constexpr int kMostWidth = 3;
#endif
constexpr Multiply kMultiply[kMostWidth][9] = {GENBID_ROWS(1), GENBID_ROWS(2), GENBID_ROWS(3),
#if EIGEN_MAX_STATIC_ALIGN_BYTES >= 64
                                               GENBID_ROWS(4)
#endif
};

void multiply_rows(const Panel& panel, int vectors, const float* const* a, float* const* c, int64_t m) {
  const int rows = rows_of(vectors);
  const Multiply* const kernels = kMultiply[vectors - 1];
  int64_t i = 0;
  for (; i + rows <= m; i += rows) kernels[rows](panel, a + i, c + i);
  if (i < m) kernels[m - i](panel, a + i, c + i);
}

// Multiplies a tile of m rows, kTileRows at most.
void multiply_tile(const Weights& weights, const float* const* a, float* const* c, int64_t m) {
  const int64_t vectors = (weights.n + kLanes - 1) / kLanes;
  const int64_t depths = weights.k <= kDepth ? 1 : (weights.k + kDepth - 1) / kDepth;
  const int64_t depth = (weights.k + depths - 1) / depths;
  Panel panel;
  for (panel.first = 0; panel.first == 0 || panel.first < weights.k; panel.first += depth) {
    panel.k = weights.k - panel.first < depth ? weights.k - panel.first : depth;
    panel.goes_on = panel.first > 0;
    for (int64_t v = 0; v < vectors; v += weights.width) {
      const int64_t width = vectors - v < weights.width ? vectors - v : weights.width;
      panel.stride = width * kLanes;
      panel.w = weights.panels + v * kLanes * weights.k + panel.first * panel.stride;
      panel.bias = panel.goes_on ? nullptr : weights.bias + v * kLanes;
      panel.column = v * kLanes;
      panel.columns = weights.n - panel.column;
      multiply_rows(panel, static_cast<int>(width), a, c, m);
    }
    if (weights.k == 0) return;
  }
}

// Rows of A and C, handed on when there are enough.
struct Tile {
  const Weights& weights;
  int64_t m = 0;
  const float* a[kTileRows] = {};
  float* c[kTileRows] = {};

  GENBID_INLINE explicit Tile(const Weights& all_weights) : weights(all_weights) {}
  GENBID_INLINE void add(const float* from, float* to) {
    a[m] = from;
    c[m] = to;
    if (++m == kTileRows) finish();
  }
  GENBID_INLINE void finish() {
    if (m > 0) multiply_tile(weights, a, c, m);
    m = 0;
  }
};

void linear(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Linear*>(step.detail);
  const float* const x = at<const float>(step.in[0], frame);
  float* const out = at<float>(step.out, frame);
  const int64_t count = how.rows ? how.count * frame.rows : how.count;
  Tile tile(how.weights);
  for (int64_t i = 0; i < count; ++i) tile.add(x + i * how.stride, out + i * how.weights.n);
  tile.finish();
}

// The product of two matrices that are both computed: the second is read as it lies in its tensor.
void matmul(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Matmul*>(step.detail);
  const float* const x = at<const float>(step.in[0], frame);
  const float* const y = at<const float>(step.in[1], frame);
  float* const out = at<float>(step.out, frame);
  const int64_t count = how.rows ? how.count * frame.rows : how.count;
  const float* a[kTileRows];
  float* c[kTileRows];
  Panel panel;
  panel.stride = how.n;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t m0 = 0; m0 < how.m; m0 += kTileRows) {
      const int64_t m = how.m - m0 < kTileRows ? how.m - m0 : kTileRows;
      for (int64_t r = 0; r < m; ++r) {
        a[r] = x + (i * how.m + m0 + r) * how.k;
        c[r] = out + (i * how.m + m0 + r) * how.n;
      }
      for (panel.first = 0; panel.first < how.k; panel.first += kDepth) {
        panel.k = how.k - panel.first < kDepth ? how.k - panel.first : kDepth;
        panel.goes_on = panel.first > 0;
        for (panel.column = 0; panel.column < how.n; panel.column += 2 * kLanes) {
          panel.columns = how.n - panel.column;
          panel.w = y + i * how.y_stride + panel.first * how.n + panel.column;
          multiply_rows(panel, panel.columns > kLanes ? 2 : 1, a, c, m);
        }
      }
    }
  }
}

GENBID_INLINE void copy_numbers(float* to, const float* from, int64_t n) {
  __builtin_memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
}
GENBID_INLINE void zero_numbers(float* to, int64_t n) {
  __builtin_memset(to, 0, static_cast<size_t>(n) * sizeof(float));
}

void conv(const Step& step, const Frame& frame) {
  const auto& how = *static_cast<const Conv*>(step.detail);
  const float* const x = at<const float>(step.in[0], frame);
  float* const out = at<float>(step.out, frame);
  const int64_t batch = how.batch * frame.rows;
  const int64_t padded = (how.pad_before + how.length + how.pad_behind) * how.channels;
  for (int64_t b0 = 0; b0 < batch; b0 += how.tile) {
    const int64_t rows = batch - b0 < how.tile ? batch - b0 : how.tile;
    const float* from = x + b0 * how.row_stride;
    int64_t row_stride = how.row_stride;
    int64_t place_stride = how.place_stride;
    if (how.copied) {
      for (int64_t b = 0; b < rows; ++b) {
        float* to = frame.scratch + b * padded;
        zero_numbers(to, how.pad_before * how.channels);
        to += how.pad_before * how.channels;
        const float* const row = from + b * how.row_stride;
        if (how.place_stride == how.channels) {
          copy_numbers(to, row, how.length * how.channels);
        } else {
          for (int64_t i = 0; i < how.length; ++i) {
            copy_numbers(to + i * how.channels, row + i * how.place_stride, how.channels);
          }
        }
        zero_numbers(to + how.length * how.channels, how.pad_behind * how.channels);
      }
      from = frame.scratch;
      row_stride = padded;
      place_stride = how.channels;
    }
    for (int i = 0; i < how.num_phases; ++i) {
      const Phase& phase = how.phases[i];
      Tile tile(phase.weights);
      for (int64_t b = 0; b < rows; ++b) {
        float* const to = out + (b0 + b) * how.out_length * how.out_channels;
        for (int64_t t = 0; t < phase.count; ++t) {
          tile.add(from + b * row_stride + (phase.first_in + t * phase.in_step) * place_stride,
                   to + (phase.first_out + t * phase.out_step) * how.out_channels);
        }
      }
      tile.finish();
    }
  }
}

}  // namespace
}  // namespace genbid::graph
