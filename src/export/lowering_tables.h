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

using HandlerTable = std::map<std::string, Handler>;

const HandlerTable& number_handlers();  // number by number, and numbers that are the same everywhere
const HandlerTable& place_handlers();   // numbers move, and stay what they are
const HandlerTable& layer_handlers();   // over extents, and products

// What handlers have in common.
Term made(graph::ValueId id);
graph::ValueId value_at(Lowerer& l, const torch::jit::Node& node, size_t input);
// The type that LibTorch would compute two terms in: floats before integers before bools.
graph::Type common(graph::Type a, graph::Type b);
// Counts a dimension from the front, also one that was given from the end.
int64_t dimension(Lowerer& l, const Term& term, int64_t given, int64_t more = 0);
Term reshaped(Lowerer& l, graph::ValueId x, const graph::Shape& shape);
// All extents as LibTorch counts them, those of the rows as their multiple.
std::vector<int64_t> extents_of(const graph::Shape& shape);
// What kReshape and kExpand are told.
std::vector<int64_t> target_of(const graph::Shape& shape);
graph::Shape shape_from(const graph::Shape& like, std::vector<int64_t> extents);

}  // namespace genbid::exporting
