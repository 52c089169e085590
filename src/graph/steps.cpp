#include "graph/steps.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::graph {

StepMaker::StepMaker(Program::Plan& plan, const Kernels& kernels) : plan_(plan), kernels_(kernels) {
  views_.resize(to_size(plan.graph.num_values()));
  appended_.resize(plan.moving.size());
}

int32_t StepMaker::add_tensor(Type type, const Shape& shape) {
  Tensor tensor;
  tensor.type = type;
  tensor.numbers = shape.count(1);
  tensor.rows = shape.rows > 0;
  plan_.tensors.push_back(tensor);
  return to_int(std::ssize(plan_.tensors) - 1);
}

const Value& StepMaker::value(ValueId id) const { return plan_.graph.value(id); }
const Shape& StepMaker::shape_of(ValueId id) const { return value(id).shape; }

View StepMaker::computed(ValueId id, const Order& order) {
  return dense_view(add_tensor(value(id).type, shape_of(id)), shape_of(id), order);
}
View StepMaker::computed(ValueId id) { return computed(id, first_to_last(shape_of(id).rank())); }

void StepMaker::define(ValueId id, const View& view) { at(views_, id).push_back(view); }

// The first view of a value is the one that it was made with.
const View& StepMaker::view_of(ValueId id) {
  std::vector<View>& views = at(views_, id);
  if (views.empty()) {
    const Value& constant = value(id);
    const Constant& content = plan_.graph.constant_of(id);
    std::byte* const bytes = plan_.store.bytes(std::ssize(content.bytes));
    std::copy(content.bytes.begin(), content.bytes.end(), bytes);
    const int32_t tensor = add_tensor(constant.type, constant.shape);
    at(plan_.tensors, tensor).kind = Tensor::Kind::kConstant;
    at(plan_.tensors, tensor).bytes = bytes;
    views.push_back(dense_view(tensor, constant.shape, first_to_last(constant.shape.rank())));
  }
  return views.front();
}

View StepMaker::dense(ValueId id, const Order& order) {
  view_of(id);
  for (const View& view : at(views_, id)) {
    if (is_dense(view, order)) return view;
  }
  const View from = view_of(id);
  const View to = computed(id, order);
  copy(from, to);
  define(id, to);
  return to;
}
View StepMaker::dense(ValueId id) { return dense(id, first_to_last(shape_of(id).rank())); }

View StepMaker::with_last_together(ValueId id) {
  const View& view = view_of(id);
  return view.extents.back() == 1 || view.strides.back() == 1 ? view : dense(id);
}

Operand StepMaker::operand(const View& view) const {
  const Tensor& tensor = at(plan_.tensors, view.tensor);
  const auto size = static_cast<int64_t>(tensor.by_row ? sizeof(float) : size_of(tensor.type));
  return {view.tensor, tensor.by_row, view.offset * size, view.per_row * size};
}

void StepMaker::add_step(Kernel kernel, const View& out, const std::vector<View>& in, const void* detail) {
  Step step;
  step.run = kernel;
  step.out = operand(out);
  for (size_t i = 0; i < in.size(); ++i) step.in[i] = operand(in[i]);
  step.detail = detail;
  plan_.steps.push_back(step);
}

void StepMaker::copy(const View& from, const View& to) {
  if (moves(from) || moves(to)) return copy_rows(from, to);
  Elementwise how;
  Order order = dense_order(to);
  if (order.empty()) {
    order = first_to_last(to.rank());
    std::stable_sort(order.begin() + (to.rows ? 1 : 0), order.end(),
                     [&](size_t a, size_t b) { return to.strides[a] > to.strides[b]; });
  }
  how.loops = loops_over({to, from}, order);
  const size_t size = size_of(at(plan_.tensors, to.tensor).type);
  add_step(kernels_.copy[size == 8 ? 3 : size == 4 ? 2 : 0], to, {from}, plan_.store.keep(how));
}

// The order of an elementwise operator's or concat's output: that of an input of the same shape whose dimensions do not
// lie from first to last in memory, if there is one.
Order StepMaker::order_for(const Node& node) {
  const Shape& shape = shape_of(node.output);
  for (const ValueId input : node.inputs) {
    const Shape& of = shape_of(input);
    if (of.rank() != shape.rank() || of.rows != shape.rows) continue;
    if (node.op != Op::kConcat && !(of == shape)) continue;
    const Order order = dense_order(view_of(input));
    if (!order.empty() && order != first_to_last(shape.rank())) return order;
  }
  return first_to_last(shape.rank());
}

void StepMaker::elementwise(const Node& node) {
  const Shape& shape = shape_of(node.output);
  const Order order = order_for(node);
  std::vector<View> views = {computed(node.output, order)};
  std::vector<View> in;
  for (const ValueId input : node.inputs) {
    in.push_back(shape_of(input) == shape ? dense(input, order) : view_of(input));
    views.push_back(expanded(in.back(), shape));
  }
  Elementwise how;
  how.loops = loops_over(views, order);
  if (node.op == Op::kClamp) {
    how.low = as_float(node.reals[0]);
    how.high = as_float(node.reals[1]);
    const auto whole = [](double x) {
      if (x < -0x1p63) return std::numeric_limits<int64_t>::min();
      return x >= 0x1p63 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(x);
    };
    how.whole_low = whole(std::ceil(node.reals[0]));
    how.whole_high = whole(std::floor(node.reals[1]));
  }
  const Type type = value(node.inputs.back()).type;
  const Kernel kernel =
      node.op == Op::kCast ? kernels_.cast(type, value(node.output).type) : kernels_.elementwise(node.op, type);
  add_step(kernel, views[0], in, plan_.store.keep(how));
  define(node.output, views[0]);
}

void StepMaker::concat(const Node& node) {
  if (append(node) || stand_together(node)) return;
  const Order order = order_for(node);
  const View out = computed(node.output, order);
  int64_t place = 0;
  for (const ValueId input : node.inputs) {
    const View& from = view_of(input);
    const int64_t extent = at(from.extents, node.ints[0]);
    copy(from, sliced(out, node.ints[0], place, place + extent));
    place += extent;
  }
  define(node.output, out);
}

void StepMaker::pad(const Node& node) {
  const View from = view_of(node.inputs[0]);
  const Order order = dense_order(from).empty() ? first_to_last(from.rank()) : dense_order(from);
  const View out = computed(node.output, order);
  const Tensor& tensor = at(plan_.tensors, out.tensor);
  Fill how;
  how.bytes = tensor.numbers * static_cast<int64_t>(size_of(tensor.type));
  how.rows = tensor.rows;
  add_step(kernels_.fill, out, {}, plan_.store.keep(how));
  copy(from, sliced(out, node.ints[0], node.ints[1], node.ints[1] + at(from.extents, node.ints[0])));
  define(node.output, out);
}

void StepMaker::pick(const Node& node) {
  const std::vector<int64_t> places(node.ints.begin() + 1, node.ints.end());
  const int64_t dimension = node.ints[0];
  const int64_t step = places.size() > 1 ? places[1] - places[0] : 1;
  bool regular = step > 0;
  for (size_t i = 1; i < places.size(); ++i) regular = regular && places[i] - places[i - 1] == step;
  if (regular) {
    define(node.output, sliced(view_of(node.inputs[0]), dimension, places.front(), places.back() + 1, step));
    return;
  }
  const View from = dense(node.inputs[0]);
  const View out = computed(node.output);
  Pick how;
  how.rows = from.rows;
  for (int64_t i = 0; i < dimension; ++i) how.outer *= at(from.extents, i);
  for (int64_t i = dimension + 1; i < std::ssize(from.extents); ++i) how.inner *= at(from.extents, i);
  how.extent = at(from.extents, dimension);
  how.picked = std::ssize(places);
  auto* const kept =
      reinterpret_cast<int64_t*>(plan_.store.bytes(std::ssize(places) * static_cast<int64_t>(sizeof(int64_t))));
  std::copy(places.begin(), places.end(), kept);
  how.places = kept;
  const size_t size = size_of(value(node.output).type);
  add_step(kernels_.pick[size == 8 ? 3 : size == 4 ? 2 : 0], out, {from}, plan_.store.keep(how));
  define(node.output, out);
}

void StepMaker::gather(const Node& node) {
  const View x = view_of(node.inputs[0]);
  const View index = view_of(node.inputs[1]);
  const View out = computed(node.output);
  View places = x;
  places.extents = out.extents;
  Gather how;
  how.extent = at(x.extents, node.ints[0]);
  how.stride = at(x.strides, node.ints[0]);
  at(places.strides, node.ints[0]) = 0;
  how.loops = loops_over({out, index, places}, first_to_last(out.rank()));
  const size_t size = size_of(value(node.output).type);
  add_step(kernels_.gather[size == 8 ? 3 : size == 4 ? 2 : 0], out, {x, index}, plan_.store.keep(how));
  define(node.output, out);
}

void StepMaker::take(const Node& node) {
  const View table = dense(node.inputs[0]);
  const View index = dense(node.inputs[1]);
  const View out = computed(node.output);
  Take how;
  how.count = shape_of(node.inputs[1]).count(1);
  how.rows = index.rows;
  how.extent = table.extents[0];
  how.bytes = shape_of(node.inputs[0]).inner() / how.extent * static_cast<int64_t>(size_of(value(node.output).type));
  add_step(kernels_.take, out, {table, index}, plan_.store.keep(how));
  define(node.output, out);
}

void StepMaker::reshape(const Node& node) {
  View out;
  const Shape& shape = shape_of(node.output);
  if (!reshaped(view_of(node.inputs[0]), shape, out)) reshaped(dense(node.inputs[0]), shape, out);
  define(node.output, out);
}

void StepMaker::add_node(const Node& node) {
  switch (node.op) {
    case Op::kLinear:
      return linear(node);
    case Op::kMatmul:
      return matmul(node);
    case Op::kConv1d:
      return conv(node);
    case Op::kConvTranspose1d:
      return conv_transpose(node);
    case Op::kAttention:
      return attention(node);
    case Op::kSoftmax:
    case Op::kLayerNorm:
      return norm(node);
    case Op::kGroupNorm:
      return group_norm(node);
    case Op::kSum:
      return sum(node);
    case Op::kReshape:
      return reshape(node);
    case Op::kPermute:
      return define(node.output, permuted(view_of(node.inputs[0]), node.ints));
    case Op::kSlice:
      return define(node.output, sliced(view_of(node.inputs[0]), node.ints[0], node.ints[1], node.ints[2]));
    case Op::kConcat:
      return concat(node);
    case Op::kExpand:
      return define(node.output, expanded(view_of(node.inputs[0]), shape_of(node.output)));
    case Op::kPad:
      return pad(node);
    case Op::kPick:
      return pick(node);
    case Op::kGather:
      return gather(node);
    case Op::kTake:
      return take(node);
    default:
      return elementwise(node);
  }
}

bool StepMaker::run() {
  const std::vector<Named>& inputs = plan_.graph.inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& of = value(inputs[i].value);
    const auto carry =
        std::find_if(plan_.moving.begin(), plan_.moving.end(), [i](const MovingCarry& one) { return one.input == i; });
    const View view = carry != plan_.moving.end()
                          ? window(*carry, of.shape)
                          : dense_view(add_tensor(of.type, of.shape), of.shape, first_to_last(of.shape.rank()));
    at(plan_.tensors, view.tensor).kind = Tensor::Kind::kInput;
    plan_.input_tensors.push_back(view.tensor);
    define(inputs[i].value, view);
  }
  for (const Node& node : plan_.graph.nodes()) add_node(node);
  for (size_t i = 0; i < plan_.graph.outputs().size(); ++i) add_output(i);
  return !moving_fails_ && only_rows_kernels();
}

void StepMaker::add_output(size_t index) {
  const ValueId id = plan_.graph.outputs()[index].value;
  for (const MovingCarry& carry : plan_.moving) {
    if (carry.output != index) continue;
    moving_fails_ = moving_fails_ || !is_moved_on(carry);
    plan_.outputs.emplace_back();
    return;
  }
  View view = dense(id);
  // The caller may write the next inputs before it has read the last outputs.
  if (at(plan_.tensors, view.tensor).kind == Tensor::Kind::kInput) {
    const View own = computed(id);
    copy(view, own);
    define(id, view);
    view = own;
  }
  at(plan_.tensors, view.tensor).kept = true;
  plan_.outputs.push_back(operand(view));
}

void lower(Program::Plan& plan, const Kernels& kernels, Carries carries) {
  if (carries == Carries::kMoving) {
    plan.moving = moving_carries(plan.graph);
    if (StepMaker(plan, kernels).run()) return;
    Program::Plan again;
    again.graph = std::move(plan.graph);
    again.target = plan.target;
    plan = std::move(again);
  }
  StepMaker(plan, kernels).run();
}

}  // namespace genbid::graph
