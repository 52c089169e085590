#include "export/lowering_tables.h"

#include <ATen/ATen.h>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::exporting {

namespace {

Term view(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const Shape& from = l.at(x).shape;
  std::vector<int64_t> sizes = l.integers(node, 1);
  int64_t known = 1;
  for (const int64_t size : sizes) known *= size == -1 ? 1 : size;
  for (int64_t& size : sizes) {
    if (size == -1) size = from.count(1) / known;
  }
  // In the place of the rows there must have been -1: else a number of rows would stand there.
  if (from.rows > 0 && l.integers(node, 1).at(0) != -1) throw Error("found a number of rows in a shape, expected -1");
  return reshaped(l, x, shape_from(from, sizes));
}

Term flatten(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t first = dimension(l, made(x), l.integer(node, 1));
  const int64_t last = dimension(l, made(x), l.integer(node, 2));
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  for (int64_t i = last; i > first; --i) {
    extents[to_size(i - 1)] *= extents[to_size(i)];
    extents.erase(extents.begin() + i);
  }
  return reshaped(l, x, shape_from(l.at(x).shape, extents));
}

Term unflatten(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  std::vector<int64_t> sizes = l.integers(node, 2);
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  int64_t known = 1;
  for (const int64_t size : sizes) known *= size == -1 ? 1 : size;
  for (int64_t& size : sizes) {
    if (size == -1) size = extents[to_size(which)] / known;
  }
  extents.erase(extents.begin() + which);
  extents.insert(extents.begin() + which, sizes.begin(), sizes.end());
  return reshaped(l, x, shape_from(l.at(x).shape, extents));
}

Term squeeze(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  if (extents[to_size(which)] != 1 || (which == 0 && l.at(x).shape.rows > 0)) return made(x);
  extents.erase(extents.begin() + which);
  return reshaped(l, x, shape_from(l.at(x).shape, extents));
}

Term unsqueeze(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1), 1);
  if (which == 0 && l.at(x).shape.rows > 0) throw Error("found a dimension in front of the rows, expected one behind");
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  extents.insert(extents.begin() + which, 1);
  return reshaped(l, x, shape_from(l.at(x).shape, extents));
}

Term transpose(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  std::vector<int64_t> order;
  for (size_t i = 0; i < l.at(x).shape.rank(); ++i) order.push_back(to_signed(i));
  std::swap(order[to_size(dimension(l, made(x), l.integer(node, 1)))],
            order[to_size(dimension(l, made(x), l.integer(node, 2)))]);
  return made(l.add(Op::kPermute, {x}, order));
}

Term permute(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  std::vector<int64_t> order = l.integers(node, 1);
  for (int64_t& one : order) one = dimension(l, made(x), one);
  return made(l.add(Op::kPermute, {x}, order));
}

ValueId sliced(Lowerer& l, ValueId x, int64_t which, int64_t first, int64_t end) {
  const auto extent = extents_of(l.at(x).shape)[to_size(which)];
  if (first == 0 && end == extent) return x;
  return l.add(Op::kSlice, {x}, {which, first, end});
}

Term slice(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  const int64_t extent = extents_of(l.at(x).shape)[to_size(which)];
  const auto place = [&](size_t input, int64_t otherwise) {
    const int64_t given = l.is_none(node, input) ? otherwise : l.integer(node, input);
    return std::clamp<int64_t>(given < 0 ? given + extent : given, 0, extent);
  };
  if (l.integer(node, 4) != 1) throw Error("found a step, expected 1");
  const bool all = place(2, 0) == 0 && place(3, extent) == extent;
  if (which == 0 && l.at(x).shape.rows > 0 && !all) throw Error("found a slice of the rows, expected all of them");
  return made(sliced(l, x, which, place(2, 0), place(3, extent)));
}

Term select(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  if (which == 0 && l.at(x).shape.rows > 0) throw Error("found one of the rows, expected all of them");
  std::vector<int64_t> extents = extents_of(l.at(x).shape);
  const int64_t given = l.integer(node, 2);
  const int64_t place = given < 0 ? given + extents[to_size(which)] : given;
  const ValueId one = sliced(l, x, which, place, place + 1);
  extents.erase(extents.begin() + which);
  return reshaped(l, one, shape_from(l.at(x).shape, extents));
}

std::vector<Term> chunk(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t count = l.integer(node, 1);
  const int64_t which = dimension(l, made(x), l.integer(node, 2));
  const int64_t extent = extents_of(l.at(x).shape)[to_size(which)];
  if (extent % count != 0) throw Error("found parts of unlike sizes, expected equal ones");
  std::vector<Term> parts;
  for (int64_t i = 0; i < count; ++i) {
    parts.push_back(made(sliced(l, x, which, i * extent / count, (i + 1) * extent / count)));
  }
  return parts;
}

Term concatenated(Lowerer& l, const std::vector<Term>& parts, int64_t which) {
  Type type = l.type_of(parts.at(0));
  for (const Term& part : parts) type = common(type, l.type_of(part));
  std::vector<ValueId> values;
  for (const Term& part : parts) values.push_back(l.cast(l.value(part), type));
  if (values.size() == 1) return made(values[0]);
  return made(l.add(Op::kConcat, values, {which}));
}

Term cat(Lowerer& l, const Node& node) {
  const std::vector<Term> parts = l.terms(node, 0);
  return concatenated(l, parts, dimension(l, parts.at(0), l.integer(node, 1)));
}

Term stack(Lowerer& l, const Node& node) {
  std::vector<Term> parts = l.terms(node, 0);
  const int64_t which = dimension(l, parts.at(0), l.integer(node, 1), 1);
  for (Term& part : parts) {
    const ValueId x = l.value(part);
    if (which == 0 && l.at(x).shape.rows > 0)
      throw Error("found a dimension in front of the rows, expected one behind");
    std::vector<int64_t> extents = extents_of(l.at(x).shape);
    extents.insert(extents.begin() + which, 1);
    part = reshaped(l, x, shape_from(l.at(x).shape, extents));
  }
  return concatenated(l, parts, which);
}

Term roll(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const std::vector<int64_t> shifts = l.integers(node, 1);
  const std::vector<int64_t> dims = l.integers(node, 2);
  if (shifts.size() != 1 || dims.size() != 1) throw Error("found several dimensions, expected one");
  const int64_t which = dimension(l, made(x), dims[0]);
  if (which == 0 && l.at(x).shape.rows > 0) throw Error("found the dimension of the rows, expected another");
  const int64_t extent = extents_of(l.at(x).shape)[to_size(which)];
  const int64_t first = ((-shifts[0]) % extent + extent) % extent;
  if (first == 0) return made(x);
  return made(l.add(Op::kConcat, {sliced(l, x, which, first, extent), sliced(l, x, which, 0, first)}, {which}));
}

Term expanded(Lowerer& l, ValueId x, const Shape& shape) {
  if (l.at(x).shape == shape) return made(x);
  return made(l.add(Op::kExpand, {x}, target_of(shape)));
}

Term expand(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const Shape& from = l.at(x).shape;
  std::vector<int64_t> sizes = l.integers(node, 1);
  if (sizes.size() < from.rank()) throw Error("found fewer dimensions, expected as many or more");
  if (from.rows > 0 && (sizes.size() != from.rank() || sizes[0] != -1)) {
    throw Error("found a number of rows in a shape, expected -1");
  }
  const std::vector<int64_t> extents = extents_of(from);
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1) sizes[i] = extents[i - (sizes.size() - extents.size())];
  }
  return expanded(l, x, shape_from(from, sizes));
}

Term expand_as(Lowerer& l, const Node& node) {
  const Term& x = l.term(node, 0);
  const Shape shape = l.shape_of(l.term(node, 1));
  if (x.is_known() && !x.is_spread() && shape.rows > 0) return {x.known, shape};
  return expanded(l, l.value(x), shape);
}

Term repeat_interleave(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t times = l.integer(node, 1);
  const int64_t which = dimension(l, made(x), l.integer(node, 2));
  if (which == 0 && l.at(x).shape.rows > 0) throw Error("found the dimension of the rows, expected another");
  const int64_t extent = extents_of(l.at(x).shape)[to_size(which)];
  std::vector<int64_t> places = {which};
  for (int64_t i = 0; i < extent * times; ++i) places.push_back(i / times);
  return made(l.add(Op::kPick, {x}, places));
}

// Zeros are counted before and behind each dimension, beginning with the last one. A negative count cuts.
Term constant_pad_nd(Lowerer& l, const Node& node) {
  ValueId x = value_at(l, node, 0);
  const std::vector<int64_t> pads = l.integers(node, 1);
  if (l.real(node, 2) != 0.0) throw Error("found another number, expected zeros");
  const auto rank = to_signed(l.at(x).shape.rank());
  for (size_t i = 0; 2 * i < pads.size(); ++i) {
    const int64_t which = rank - 1 - to_signed(i);
    if (pads[2 * i] < 0 || pads[2 * i + 1] < 0) throw Error("found a negative padding, expected 0 or more");
    if (pads[2 * i] + pads[2 * i + 1] > 0) x = l.add(Op::kPad, {x}, {which, pads[2 * i], pads[2 * i + 1]});
  }
  return made(x);
}

Term gather(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  return made(l.add(Op::kGather, {x, value_at(l, node, 2)}, {dimension(l, made(x), l.integer(node, 1))}));
}

Term embedding(Lowerer& l, const Node& node) {
  return made(l.add(Op::kTake, {value_at(l, node, 0), value_at(l, node, 1)}));
}

Term index_select(Lowerer& l, const Node& node) {
  const ValueId x = value_at(l, node, 0);
  const int64_t which = dimension(l, made(x), l.integer(node, 1));
  const Term& index = l.term(node, 2);
  if (!index.is_known()) {
    if (which != 0)
      throw Error("found places of another dimension that depend on what it is handed, expected the first");
    return made(l.add(Op::kTake, {x, index.value}));
  }
  std::vector<int64_t> ints = {which};
  const at::Tensor places = index.known.contiguous();
  ints.insert(ints.end(), places.const_data_ptr<int64_t>(), places.const_data_ptr<int64_t>() + places.numel());
  return made(l.add(Op::kPick, {x}, ints));
}

}  // namespace

const HandlerTable& place_handlers() {
  static const HandlerTable table = {
      {"aten::view", view},
      {"aten::reshape", view},
      {"aten::flatten", flatten},
      {"aten::unflatten", unflatten},
      {"aten::squeeze", squeeze},
      {"aten::unsqueeze", unsqueeze},
      {"aten::transpose", transpose},
      {"aten::permute", permute},
      {"aten::slice", slice},
      {"aten::select", select},
      {"aten::cat", cat},
      {"aten::stack", stack},
      {"aten::roll", roll},
      {"aten::expand", expand},
      {"aten::expand_as", expand_as},
      {"aten::repeat_interleave", repeat_interleave},
      {"aten::constant_pad_nd", constant_pad_nd},
      {"aten::gather", gather},
      {"aten::embedding", embedding},
      {"aten::index_select", index_select},
  };
  return table;
}

ListHandler list_handler_for(const std::string& name) { return name == "aten::chunk" ? chunk : nullptr; }

}  // namespace genbid::exporting
