#include "export/lowering_tables.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::exporting {

namespace {

Term sum(Lowerer& l, const Node& node) {
  ValueId x = l.cast(value_at(l, node, 0), Type::kFloat);
  const Shape from = l.at(x).shape;
  std::vector<int64_t> dims = l.integers(node, 1);
  std::vector<int64_t> kept = extents_of(from);
  for (int64_t& one : dims) one = dimension(l, made(x), one);
  std::sort(dims.rbegin(), dims.rend());
  for (const int64_t which : dims) {
    x = l.add(Op::kSum, {x}, {which});
    kept[to_size(which)] = 1;
  }
  if (l.integer(node, 2) == 0) return made(x);
  return reshaped(l, x, shape_from(from, kept));
}

Term softmax(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  if (dimension(l, made(x), l.integer(node, 1)) + 1 != to_signed(l.at(x).shape.rank())) {
    throw Error("found another dimension, expected the last");
  }
  return made(l.add(Op::kSoftmax, {x}));
}

Term layer_norm(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  if (l.integers(node, 1).size() != 1) throw Error("found several dimensions, expected the last");
  const auto width = l.integers(node, 1);
  const ValueId scale = l.is_none(node, 2) ? l.constant(at::ones(width)) : value_at(l, node, 2);
  const ValueId shift = l.is_none(node, 3) ? l.constant(at::zeros(width)) : value_at(l, node, 3);
  return made(l.add(Op::kLayerNorm, {x, scale, shift}, {}, {l.real(node, 4)}));
}

Term group_norm(Lowerer& l, const Node& node) {
  return made(l.add(Op::kGroupNorm, {value_at(l, node, 0), value_at(l, node, 2), value_at(l, node, 3)},
                    {l.integer(node, 1)}, {l.real(node, 4)}));
}

ValueId zeros(Lowerer& l, int64_t count) { return l.constant(at::zeros({count})); }

// A constant matrix is turned back to how modules keep it, so that it is the parameter itself.
Term matmul(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const Term& y = l.term(node, 1);
  if (y.is_known() && !y.is_spread() && y.known.dim() == 2) {
    return made(l.add(Op::kLinear, {x, l.constant(y.known.t()), zeros(l, y.known.size(1))}));
  }
  return made(l.add(Op::kMatmul, {x, l.value(y)}));
}

Term linear(Lowerer& l, const Node& node) {
  const Term& w = l.term(node, 1);
  const ValueId bias = l.is_none(node, 2) ? zeros(l, w.known.size(0)) : value_at(l, node, 2);
  return made(l.add(Op::kLinear, {value_at(l, node, 0), l.value(w), bias}));
}

Term addmm(Lowerer& l, const Node& node) {
  const Term& w = l.term(node, 2);
  if (!w.is_known() || l.real(node, 3) != 1.0 || l.real(node, 4) != 1.0) {
    throw Error("found factors or a matrix that is computed, expected a layer's weights");
  }
  return made(l.add(Op::kLinear, {value_at(l, node, 1), l.constant(w.known.t()), value_at(l, node, 0)}));
}

// input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, ...
Term convolution(Lowerer& l, const Node& node) {
  const auto one = [&](size_t input) {
    const std::vector<int64_t> all = l.integers(node, input);
    if (all.size() != 1) throw Error("found several dimensions, expected one");
    return all[0];
  };
  if (one(5) != 1 || one(7) != 0 || l.integer(node, 8) != 1) {
    throw Error("found dilation, output padding or groups, expected none");
  }
  const bool transposed = l.integer(node, 6) != 0;
  const Term& w = l.term(node, 1);
  const ValueId bias = l.is_none(node, 2) ? zeros(l, w.known.size(transposed ? 1 : 0)) : value_at(l, node, 2);
  return made(l.add(transposed ? Op::kConvTranspose1d : Op::kConv1d, {value_at(l, node, 0), l.value(w), bias},
                    {one(3), one(4)}));
}

// query, key, value, mask, dropout, causal, scale, ...
Term attention(Lowerer& l, const Node& node) {
  if (l.real(node, 4) != 0.0) throw Error("found dropout, expected none");
  if (node.inputs().size() > 6 && !l.is_none(node, 6)) throw Error("found a scale, expected the usual one");
  std::vector<ValueId> inputs = {value_at(l, node, 0), value_at(l, node, 1), value_at(l, node, 2)};
  if (!l.is_none(node, 3)) inputs.push_back(l.operand(l.term(node, 3)));
  return made(l.add(Op::kAttention, inputs, {l.integer(node, 5)}));
}

}  // namespace

const HandlerTable& layer_handlers() {
  static const HandlerTable table = {
      {"aten::sum", sum},
      {"aten::softmax", softmax},
      {"aten::layer_norm", layer_norm},
      {"aten::group_norm", group_norm},
      {"aten::matmul", matmul},
      {"aten::linear", linear},
      {"aten::addmm", addmm},
      {"aten::_convolution", convolution},
      {"aten::scaled_dot_product_attention", attention},
  };
  return table;
}

}  // namespace genbid::exporting
