#include <algorithm>
#include <optional>

#include "base/convert.h"
#include "graph/plan.h"
#include "graph/steps.h"

// Carries that move (program.h): which ones do, and the steps that leave their old places where they are. A concat that
// appends to a window writes behind it, in the caller's buffer, and a concat of pieces that stand one behind the other
// there is a view.

namespace genbid::graph {
namespace {

constexpr int64_t kMostNumbers = int64_t{1} << 24;  // of a row's buffer

View row_alone(View view) {
  view.rows = false;
  view.extents.erase(view.extents.begin());
  view.strides.erase(view.strides.begin());
  return view;
}

MovingCarry carry_along(const Shape& shape, size_t dimension, int64_t step) {
  MovingCarry carry;
  carry.dimension = dimension;
  for (size_t i = 1; i <= shape.rest.size(); ++i) {
    const int64_t extent = shape.rest[i - 1];
    (i < dimension ? carry.outer : i == dimension ? carry.places : carry.inner) *= extent;
  }
  carry.step = step;
  // Large enough that windows are brought back to the beginning of their buffers once in places / step calls only. A
  // window and what a call appends never fill a buffer: rows would look as if they stood without gaps.
  carry.capacity = std::max(2 * carry.places, carry.places + step + 1);
  return carry;
}

// What the first concat on it appends says along which dimension a carry moves, and how far.
std::optional<MovingCarry> movement_of(const Graph& graph, ValueId input) {
  const Shape& shape = graph.value(input).shape;
  const View whole = dense_view(0, shape, first_to_last(shape.rank()));
  std::vector<std::optional<View>> views(to_size(graph.num_values()));
  at(views, input) = whole;
  for (const Node& node : graph.nodes()) {
    if (node.inputs.empty() || !at(views, node.inputs[0])) continue;
    const View& x = *at(views, node.inputs[0]);
    const Shape& made = graph.value(node.output).shape;
    View out;
    if (node.op == Op::kSlice) {
      at(views, node.output) = sliced(x, node.ints[0], node.ints[1], node.ints[2]);
    } else if (node.op == Op::kPermute) {
      at(views, node.output) = permuted(x, node.ints);
    } else if (node.op == Op::kReshape) {
      if (reshaped(x, made, out)) at(views, node.output) = out;
    } else if (node.op == Op::kConcat && node.ints[0] > 0) {
      const int64_t extent = at(x.extents, node.ints[0]);
      const int64_t step = at(made.sizes(1), node.ints[0]) - extent;
      for (size_t i = 1; i < whole.rank(); ++i) {
        const bool same = whole.strides[i] == at(x.strides, node.ints[0]) && whole.extents[i] == extent;
        if (same && extent > 1 && step > 0) return carry_along(shape, i, step);
      }
    }
  }
  return {};
}

}  // namespace

std::vector<MovingCarry> moving_carries(const Graph& graph) {
  std::vector<MovingCarry> all;
  for (size_t input = 0; input < graph.inputs().size(); ++input) {
    const Named& in = graph.inputs()[input];
    const auto out = std::find_if(graph.outputs().begin(), graph.outputs().end(),
                                  [&in](const Named& one) { return one.name == in.name; });
    if (out == graph.outputs().end()) continue;
    const Value& before = graph.value(in.value);
    const Value& behind = graph.value(out->value);
    const bool fits = before.type == Type::kFloat && behind.type == Type::kFloat && before.shape == behind.shape &&
                      before.shape.rows == 1 && before.shape.inner() <= kMostNumbers / 4;
    std::optional<MovingCarry> carry;
    if (fits) carry = movement_of(graph, in.value);
    if (!carry || carry->buffer_size() > kMostNumbers) return {};
    carry->input = input;
    carry->output = static_cast<size_t>(out - graph.outputs().begin());
    all.push_back(*carry);
  }
  return all;
}

void bring_back(const MovingCarry& carry, float* buffer, int64_t place) {
  for (int64_t i = 0; i < carry.outer; ++i) {
    float* const to = buffer + i * carry.capacity * carry.inner;
    const float* const from = to + place * carry.inner;
    std::copy(from, from + carry.places * carry.inner, to);
  }
}

bool StepMaker::moves(const View& view) const { return at(plan_.tensors, view.tensor).by_row; }

const MovingCarry& StepMaker::carry_of(const View& view) const {
  const auto input = std::find(plan_.input_tensors.begin(), plan_.input_tensors.end(), view.tensor);
  const auto index = static_cast<size_t>(input - plan_.input_tensors.begin());
  return *std::find_if(plan_.moving.begin(), plan_.moving.end(),
                       [index](const MovingCarry& one) { return one.input == index; });
}

// Strides are those of a tensor of whole buffers, so that rows never look as if they stood without gaps.
View StepMaker::window(const MovingCarry& carry, const Shape& shape) {
  static_assert(sizeof(float*) == sizeof(int64_t));
  const int32_t tensor = add_tensor(Type::kInt, {1, {}});  // pointers
  at(plan_.tensors, tensor).by_row = true;
  Shape buffer = shape;
  buffer.rest[carry.dimension - 1] = carry.capacity;
  View view = dense_view(tensor, buffer, first_to_last(buffer.rank()));
  view.extents[carry.dimension] = carry.places;
  return view;
}

// False where a number was appended before: what is there now may still be needed.
bool StepMaker::mark_appended(const View& view) {
  const MovingCarry& carry = carry_of(view);
  std::vector<bool>& marks = appended_[static_cast<size_t>(&carry - plan_.moving.data())];
  marks.resize(to_size(carry.buffer_size()));
  const View row = row_alone(view);
  std::vector<int64_t> at_place(row.rank(), 0);
  while (true) {
    int64_t number = row.offset;
    for (size_t i = 0; i < row.rank(); ++i) number += at_place[i] * row.strides[i];
    if (marks[to_size(number)]) return false;
    marks[to_size(number)] = true;
    size_t i = row.rank();
    while (i > 0 && ++at_place[i - 1] == row.extents[i - 1]) at_place[--i] = 0;
    if (i == 0) return true;
  }
}

bool StepMaker::append(const Node& node) {
  const View x = view_of(node.inputs[0]);
  if (!moves(x) || node.ints[0] == 0) return false;
  const MovingCarry& carry = carry_of(x);
  const int64_t extent = at(x.extents, node.ints[0]);
  View out = x;
  at(out.extents, node.ints[0]) = at(shape_of(node.output).sizes(1), node.ints[0]);
  const bool at_window = at(x.strides, node.ints[0]) == carry.inner && extent == carry.places &&
                         x.offset % (carry.capacity * carry.inner) < carry.inner &&
                         at(out.extents, node.ints[0]) == carry.places + carry.step;
  if (!at_window) return false;
  int64_t place = extent;
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const View from = view_of(node.inputs[i]);
    const View to = sliced(out, node.ints[0], place, place + at(from.extents, node.ints[0]));
    if (!mark_appended(to)) moving_fails_ = true;
    copy(from, to);
    place += at(from.extents, node.ints[0]);
  }
  define(node.output, out);
  return true;
}

bool StepMaker::stand_together(const Node& node) {
  const size_t dimension = to_size(node.ints[0]);
  View out = view_of(node.inputs[0]);
  if (!moves(out) || dimension == 0) return false;
  int64_t stride = out.strides[dimension];
  if (out.extents[dimension] == 1 && node.inputs.size() > 1) stride = view_of(node.inputs[1]).offset - out.offset;
  out.strides[dimension] = stride;
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const View& next = view_of(node.inputs[i]);
    if (next.tensor != out.tensor || next.offset != out.offset + out.extents[dimension] * stride) return false;
    for (size_t k = 1; k < out.rank(); ++k) {
      if (next.extents[k] > 1 && next.strides[k] != out.strides[k]) return false;
    }
    out.extents[dimension] += next.extents[dimension];
  }
  if (stride <= 0) return false;
  define(node.output, out);
  return true;
}

void StepMaker::copy_rows(const View& from, const View& to) {
  if (!from.rows || !to.rows || from.extents[0] != 1 || to.extents[0] != 1) {
    moving_fails_ = true;
    return;
  }
  RowCopy how;
  how.to_row = to.strides[0];
  how.from_row = from.strides[0];
  const View in_row = row_alone(to);
  Order order = first_to_last(in_row.rank());
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return in_row.strides[a] > in_row.strides[b]; });
  how.loops = loops_over({in_row, row_alone(from)}, order);
  add_step(kernels_.copy_rows, to, {from}, plan_.store.keep(how));
}

bool StepMaker::is_moved_on(const MovingCarry& carry) {
  const View before = view_of(plan_.graph.inputs()[carry.input].value);
  const View& behind = view_of(plan_.graph.outputs()[carry.output].value);
  if (behind.tensor != before.tensor || behind.offset != carry.step * carry.inner) return false;
  for (size_t i = 1; i < before.rank(); ++i) {
    if (before.extents[i] > 1 && behind.strides[i] != before.strides[i]) return false;
  }
  return true;
}

// Whether only steps that know rows by pointers see such rows: other kernels would take the pointers for numbers.
bool StepMaker::only_rows_kernels() const {
  return std::all_of(plan_.steps.begin(), plan_.steps.end(), [this](const Step& step) {
    if (step.run == kernels_.copy_rows) return true;
    if (step.out.by_row || step.in[3].by_row) return false;
    return step.run == kernels_.attention || !(step.in[0].by_row || step.in[1].by_row || step.in[2].by_row);
  });
}

}  // namespace genbid::graph
