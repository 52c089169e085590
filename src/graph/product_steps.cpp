#include <algorithm>
#include <cstring>

#include "base/convert.h"
#include "base/error.h"
#include "graph/steps.h"
#include "graph/packed_weights.h"

// Products, attention, norms.

namespace genbid::graph {
namespace {

// The order in memory in which convolutions and their norms work on [R, C, L].
const Order& channels_last() {
  static const Order order = {0, 2, 1};
  return order;
}

std::vector<float> real_numbers(const Constant& constant) {
  std::vector<float> numbers(constant.bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), constant.bytes.data(), constant.bytes.size());
  return numbers;
}

constexpr int64_t kTileNumbers = 32 * 1024;  // of an input's rows that are convolved together
constexpr int64_t kTilePlaces = 96;          // of the output, together

}  // namespace

const float* StepMaker::kept_constant(ValueId id) {
  return reinterpret_cast<const float*>(at(plan_.tensors, view_of(id).tensor).bytes);
}

void StepMaker::linear(const Node& node) {
  const std::vector<float> w = real_numbers(plan_.graph.constant_of(node.inputs[1]));
  const std::vector<float> b = real_numbers(plan_.graph.constant_of(node.inputs[2]));
  const int64_t k = shape_of(node.inputs[1]).rest[1];
  Linear how;
  how.weights = packed_weights(
      plan_.store, kernels_, k, std::ssize(b), [&](int64_t i, int64_t n) { return at(w, n * k + i); }, b.data());
  View x = with_last_together(node.inputs[0]);
  if (moves(x) || !joined(x, 1, how.count, how.stride)) {
    x = dense(node.inputs[0]);
    joined(x, 1, how.count, how.stride);
  }
  how.rows = x.rows;
  const View out = computed(node.output);
  add_step(kernels_.linear, out, {x}, plan_.store.keep(how));
  define(node.output, out);
}

void StepMaker::matmul(const Node& node) {
  const Value& y = value(node.inputs[1]);
  const int64_t k = y.shape.rest[y.shape.rest.size() - 2];
  const int64_t n = y.shape.rest.back();
  const View out = computed(node.output);
  const bool one_matrix = y.shape.rows == 0 && y.shape.rest.size() == 2;
  if (one_matrix && y.source == Value::Source::kConstant) {
    const std::vector<float> w = real_numbers(plan_.graph.constant_of(node.inputs[1]));
    Linear how;
    how.weights = packed_weights(
        plan_.store, kernels_, k, n, [&](int64_t i, int64_t column) { return at(w, i * n + column); }, nullptr);
    const View x = dense(node.inputs[0]);
    joined(x, 1, how.count, how.stride);
    how.rows = x.rows;
    add_step(kernels_.linear, out, {x}, plan_.store.keep(how));
    return define(node.output, out);
  }
  const View x = dense(node.inputs[0]);
  Matmul how;
  how.rows = x.rows;
  how.k = k;
  how.n = n;
  const size_t matrix = x.rows && x.rank() == 2 ? 1 : 2;  // dimensions of a matrix in x; 1: a call's row is one
  how.m = matrix == 2 ? x.extents[x.rank() - 2] : 1;
  for (size_t i = 0; i + matrix < x.rank(); ++i) how.count *= x.extents[i];
  how.y_stride = one_matrix ? 0 : k * n;
  add_step(kernels_.matmul, out, {x, dense(node.inputs[1])}, plan_.store.keep(how));
  define(node.output, out);
}

View StepMaker::conv_input(const Node& node, Conv& how) {
  const Shape& shape = shape_of(node.inputs[0]);
  how.batch = shape.rows;
  how.channels = shape.rest[0];
  how.length = shape.rest[1];
  how.out_channels = shape_of(node.output).rest[0];
  how.out_length = shape_of(node.output).rest[1];
  View x = view_of(node.inputs[0]);
  if (how.channels > 1 && x.strides[1] != 1) x = dense(node.inputs[0], channels_last());
  how.row_stride = x.strides[0];
  how.place_stride = x.strides[2];
  return x;
}

void StepMaker::add_conv(const Node& node, Conv& how, const View& x) {
  const int64_t padded = (how.pad_before + how.length + how.pad_behind) * how.channels;
  int64_t places = 1;
  bool one_place = true;
  for (int i = 0; i < how.num_phases; ++i) {
    places = std::max(places, how.phases[i].count);
    one_place = one_place && how.phases[i].weights.k <= how.channels;
  }
  how.copied = how.pad_before + how.pad_behind > 0 || (!one_place && how.place_stride != how.channels);
  const int64_t fits = std::max<int64_t>(1, kTileNumbers / padded);
  how.tile = std::min(fits, (kTilePlaces + places - 1) / places);
  if (how.copied) plan_.scratch = std::max(plan_.scratch, how.tile * padded);
  const View out = computed(node.output, channels_last());
  add_step(kernels_.conv, out, {x}, plan_.store.keep(how));
  define(node.output, out);
}

void StepMaker::conv(const Node& node) {
  Conv how;
  const View x = conv_input(node, how);
  const std::vector<float> w = real_numbers(plan_.graph.constant_of(node.inputs[1]));  // O C K
  const std::vector<float> b = real_numbers(plan_.graph.constant_of(node.inputs[2]));
  const int64_t channels = how.channels;
  const int64_t taps = shape_of(node.inputs[1]).rest[2];
  how.pad_before = how.pad_behind = node.ints[1];
  Phase& phase = how.phases[0];
  phase.in_step = node.ints[0];
  phase.count = how.out_length;
  phase.weights = packed_weights(
      plan_.store, kernels_, taps * channels, how.out_channels,
      [&](int64_t i, int64_t o) { return at(w, (o * channels + i % channels) * taps + i / channels); }, b.data());
  add_conv(node, how, x);
}

// out[t] = b + the sum of W[k] x[l] over l and k with l stride + k = t + padding. Places t of one phase have the same
// k, from `phase` on in steps of the stride, and read consecutive l, the last k first.
void StepMaker::conv_transpose(const Node& node) {
  Conv how;
  const View x = conv_input(node, how);
  const std::vector<float> w = real_numbers(plan_.graph.constant_of(node.inputs[1]));  // C O K
  const std::vector<float> b = real_numbers(plan_.graph.constant_of(node.inputs[2]));
  const int64_t outs = how.out_channels;
  const int64_t channels = how.channels;
  const int64_t taps = shape_of(node.inputs[1]).rest[2];
  const int64_t stride = node.ints[0];
  const int64_t padding = node.ints[1];
  if (stride > kMostPhases) {
    throw Error("conv_transpose1d: found stride " + std::to_string(stride) + ", expected at most " +
                std::to_string(kMostPhases));
  }
  how.num_phases = 0;
  how.pad_before = (taps - 1) / stride;
  how.pad_behind = std::max<int64_t>(0, (how.out_length - 1 + padding) / stride - (how.length - 1));
  for (int64_t first = 0; first < stride; ++first) {
    const int64_t t = ((first - padding) % stride + stride) % stride;  // the first place of this phase
    const int64_t used = first < taps ? (taps - first + stride - 1) / stride : 0;
    if (t >= how.out_length) continue;
    Phase& phase = how.phases[how.num_phases++];
    phase.first_out = t;
    phase.out_step = stride;
    phase.count = (how.out_length - t + stride - 1) / stride;
    phase.first_in = (t + padding - first) / stride - (used - 1) + how.pad_before;
    phase.weights = packed_weights(
        plan_.store, kernels_, used * channels, outs,
        [&](int64_t i, int64_t o) {
          const int64_t k = first + (used - 1 - i / channels) * stride;
          return at(w, ((i % channels) * outs + o) * taps + k);
        },
        b.data());
  }
  add_conv(node, how, x);
}

void StepMaker::attention(const Node& node) {
  const Shape& q = shape_of(node.inputs[0]);
  const Shape& v = shape_of(node.inputs[2]);
  Attention how;
  how.batch = q.rows;
  how.heads = q.rest[0];
  how.queries = q.rest[1];
  how.size = q.rest[2];
  how.keys = v.rest[1];
  how.value_size = v.rest[2];
  how.causal = node.ints[0] != 0;
  how.masked = node.inputs.size() > 3;
  std::vector<View> in;
  for (size_t i = 0; i < 3; ++i) {
    in.push_back(with_last_together(node.inputs[i]));
    std::copy_n(in.back().strides.begin(), 3, how.strides[i]);
  }
  if (how.masked) {
    in.push_back(view_of(node.inputs[3]));
    const View mask = expanded(in.back(), {q.rows, {how.heads, how.queries, how.keys}});
    std::copy_n(mask.strides.begin(), 4, how.mask_strides);
  }
  // In memory it lies as [R, Q, H, e], the order that the operators behind it want.
  const View out = computed(node.output, {0, 2, 1, 3});
  std::copy_n(out.strides.begin(), 3, how.out_strides);
  plan_.scratch = std::max(plan_.scratch, how.keys + 2 * kernels_.lanes);
  add_step(kernels_.attention, out, in, plan_.store.keep(how));
  define(node.output, out);
}

void StepMaker::norm(const Node& node) {
  const View x = dense(node.inputs[0]);
  const Shape& shape = shape_of(node.inputs[0]);
  Norm how;
  how.rows = x.rows;
  how.size = shape.rest.back();
  how.count = shape.count(1) / how.size;
  if (node.op == Op::kLayerNorm) {
    how.eps = as_float(node.reals[0]);
    how.weight = kept_constant(node.inputs[1]);
    how.bias = kept_constant(node.inputs[2]);
  }
  const View out = computed(node.output);
  add_step(node.op == Op::kSoftmax ? kernels_.softmax : kernels_.layer_norm, out, {x}, plan_.store.keep(how));
  define(node.output, out);
}

void StepMaker::group_norm(const Node& node) {
  const View x = dense(node.inputs[0], channels_last());
  const Shape& shape = shape_of(node.inputs[0]);
  Norm how;
  how.rows = true;
  how.count = shape.rows;
  how.size = shape.rest[0];
  how.length = shape.rest[1];
  how.groups = node.ints[0];
  how.eps = as_float(node.reals[0]);
  how.weight = kept_constant(node.inputs[1]);
  how.bias = kept_constant(node.inputs[2]);
  plan_.scratch = std::max(plan_.scratch, 3 * (how.size + kernels_.lanes));
  const View out = computed(node.output, channels_last());
  add_step(kernels_.group_norm, out, {x}, plan_.store.keep(how));
  define(node.output, out);
}

void StepMaker::sum(const Node& node) {
  const View x = dense(node.inputs[0]);
  Sum how;
  how.rows = x.rows;
  how.extent = at(x.extents, node.ints[0]);
  for (int64_t i = 0; i < node.ints[0]; ++i) how.outer *= at(x.extents, i);
  for (int64_t i = node.ints[0] + 1; i < std::ssize(x.extents); ++i) how.inner *= at(x.extents, i);
  const View out = computed(node.output);
  add_step(kernels_.sum, out, {x}, plan_.store.keep(how));
  define(node.output, out);
}

}  // namespace genbid::graph
