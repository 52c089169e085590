#pragma once

#include <cstddef>
#include <cstdint>

// What the kernels share with those who prepare their work (steps, program): plain structs, and a table of functions
// for each instruction set that they are compiled for.
//
// The rule of the kernels. Their one source is compiled three times with different flags, and the linker keeps one copy
// of what has the same name in several objects: a copy with AVX-512 would then run on a processor without. So whatever
// a unit of the kernels emits has a name of its own:
// - Eigen is renamed for each target (the macro at the top of kernels_TARGET.cpp); no other unit includes it.
// - Our own code stands in an anonymous namespace.
// - No container, algorithm or stream of the standard library, no header of ours but this one, no inline function or
//   template from elsewhere. This header has no functions.
// tests/graph/check_kernels.cmake reads the objects' symbols.
//
// Every tensor lies in memory of its own that goes on for kSlack bytes behind its last number: kernels read and write
// whole vectors, and what stands in the slack is nobody's.

namespace genbid::graph {

constexpr int kMostLoops = 9;  // the extents of a tensor (kMostRank), and one for rows
constexpr int64_t kSlack = 64;

// What kernels are told of one call. A place is where a tensor lies.
struct Frame {
  std::byte* const* places = nullptr;
  int64_t rows = 0;
  float* scratch = nullptr;
};

// Where a step finds its numbers, in bytes from the beginning of a tensor; `per_row` times the call's rows. With
// `by_row` the tensor holds pointers, one a row, and the offset counts from where they point.
struct Operand {
  int32_t place = -1;
  bool by_row = false;
  int64_t offset = 0;
  int64_t per_row = 0;
};

struct Step;
using Kernel = void (*)(const Step& step, const Frame& frame);

struct Step {
  Kernel run = nullptr;
  Operand out;
  Operand in[4];
  const void* detail = nullptr;  // one of the structs below
};

// Nested loops, outermost first, over the output and up to three inputs; strides in numbers, 0 for what is broadcast.
// With `rows` the first extent is multiplied by the call's rows.
struct Loops {
  int rank = 1;
  bool rows = false;
  int64_t extents[kMostLoops] = {1};
  int64_t strides[4][kMostLoops] = {};  // [0] of the output
};

struct Elementwise {
  Loops loops;
  float low = 0, high = 0;  // of clamp
  int64_t whole_low = 0, whole_high = 0;
};

// Copies rows whose numbers lie where pointers say, on either side or both.
struct RowCopy {
  Loops loops;                       // over a row
  int64_t to_row = 0, from_row = 0;  // strides of rows, in numbers, where they lie in a tensor
};

// W [N, K] turned and cut into panels of `width` vectors of columns (the last may be narrower): all K rows of a panel,
// then the next panel. Bias fills up to whole vectors.
struct Weights {
  int64_t k = 0, n = 0;
  int32_t width = 1;
  const float* panels = nullptr;
  const float* bias = nullptr;
};

struct Linear {
  Weights weights;
  int64_t count = 1;  // of rows of x, times the call's rows with `rows`
  bool rows = false;
  int64_t stride = 0;  // from a row of x to the next
};

struct Matmul {
  int64_t count = 1;  // of matrices
  bool rows = false;
  int64_t m = 0, k = 0, n = 0;
  int64_t y_stride = 0;  // from a second matrix to the next; 0: there is one
};

// Convolutions of inputs [B, L, C]: an output place is a product of consecutive places of the padded input. Those of a
// transposed one fall into as many phases as its stride, each with weights of its own.
constexpr int kMostPhases = 8;
struct Phase {
  Weights weights;
  int64_t first_in = 0, in_step = 1;  // places of the padded input
  int64_t first_out = 0, out_step = 1;
  int64_t count = 0;
};
struct Conv {
  int64_t channels = 0, length = 0, out_channels = 0, out_length = 0;
  int64_t batch = 1;                         // times the call's rows
  int64_t row_stride = 0, place_stride = 0;  // of x
  int64_t pad_before = 0, pad_behind = 0;    // places of zeros
  bool copied = false;                       // to the scratch, with zeros around it
  int64_t tile = 1;                          // rows in the scratch
  int num_phases = 1;
  Phase phases[kMostPhases];
};

struct Attention {
  int64_t batch = 1, heads = 1, queries = 1, keys = 1, size = 1, value_size = 1;  // batch times the call's rows
  bool causal = false;
  bool masked = false;
  int64_t strides[3][3] = {};    // of q, k, v: row, head, place
  int64_t mask_strides[4] = {};  // row, head, query, key
  int64_t out_strides[3] = {};   // row, head, place
};

struct Norm {
  int64_t count = 1;  // of rows of `size`, times the call's rows with `rows`
  bool rows = false;
  int64_t size = 1;
  int64_t groups = 1, length = 1;  // of group_norm, whose size is that of the channels: x [B, L, C]
  float eps = 0;
  const float* weight = nullptr;
  const float* bias = nullptr;
};

struct Sum {
  int64_t outer = 1;  // times the call's rows with `rows`
  bool rows = false;
  int64_t extent = 1, inner = 1;
};

struct Fill {
  int64_t bytes = 0;  // of zeros, times the call's rows with `rows`
  bool rows = false;
};

// Along one dimension: out[o, i, n] = x[o, index, n].
struct Pick {
  int64_t outer = 1;  // times the call's rows with `rows`
  bool rows = false;
  int64_t extent = 1, picked = 1, inner = 1;
  const int64_t* places = nullptr;
};

struct Gather {
  Loops loops;  // output, index, x: that of the dimension is 0
  int64_t extent = 1, stride = 1;
};

struct Take {
  int64_t count = 1;  // of indices, times the call's rows with `rows`
  bool rows = false;
  int64_t extent = 1, bytes = 1;  // of the table's entries
};

enum class Type;
enum class Op : int;

struct Kernels {
  int lanes = 4;       // numbers of a vector
  int most_width = 3;  // vectors of a panel of weights
  // By operator and by the type of its first number; null where the table of operators has none.
  Kernel (*elementwise)(Op op, Type type) = nullptr;
  Kernel (*cast)(Type from, Type to) = nullptr;
  Kernel linear = nullptr, matmul = nullptr, conv = nullptr, attention = nullptr;
  Kernel softmax = nullptr, layer_norm = nullptr, group_norm = nullptr, sum = nullptr;
  Kernel fill = nullptr;
  Kernel copy_rows = nullptr;                         // of floats
  Kernel copy[4] = {}, pick[4] = {}, gather[4] = {};  // of numbers of 1 << i bytes
  Kernel take = nullptr;
};

const Kernels& kernels_sse2();
const Kernels& kernels_avx2();
const Kernels& kernels_avx512();

}  // namespace genbid::graph
