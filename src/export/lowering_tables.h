#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "export/lowerer.h"

// LibTorch's operators that can be exported, and what each becomes, in three tables. Inputs stand in the order of their
// schemas.

namespace genbid::exporting {

// Words of its sources, which alone include this.
using graph::Op;
using graph::Shape;
using graph::Type;
using graph::ValueId;
using Node = torch::jit::Node;

using HandlerTable = std::map<std::string, Handler>;

const HandlerTable& number_handlers();  // number by number, and numbers that are the same everywhere
const HandlerTable& place_handlers();   // numbers move, and stay what they are
const HandlerTable& layer_handlers();   // over extents, and products

// What handlers have in common.
Term made(ValueId id);
ValueId value_at(Lowerer& l, const Node& node, size_t input);
// The type that LibTorch would compute two terms in: floats before integers before bools.
Type common(Type a, Type b);
// Counts a dimension from the front, also one that was given from the end.
int64_t dimension(Lowerer& l, const Term& term, int64_t given, int64_t more = 0);
Term reshaped(Lowerer& l, ValueId x, const Shape& shape);
// All extents as LibTorch counts them, those of the rows as their multiple.
std::vector<int64_t> extents_of(const Shape& shape);
// What kReshape and kExpand are told.
std::vector<int64_t> target_of(const Shape& shape);
Shape shape_from(const Shape& like, std::vector<int64_t> extents);

}  // namespace genbid::exporting
