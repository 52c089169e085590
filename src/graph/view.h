#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "graph/kernels/kernels.h"

// How a value lies in a tensor's memory. Permuting, slicing, expanding and most reshaping make another view of the same
// numbers and move none.

namespace genbid::graph {

// Extents in the order of the value's dimensions, the rows' among them; strides in numbers. With `rows` the first
// extent is a multiple of the call's rows. `per_row` is the part of the offset that grows with the call's rows.
struct View {
  int32_t tensor = -1;
  int64_t offset = 0, per_row = 0;
  bool rows = false;
  std::vector<int64_t> extents;
  std::vector<int64_t> strides;

  size_t rank() const { return extents.size(); }
};

// An order of dimensions in memory, the outermost first. That of the rows is outermost.
using Order = std::vector<size_t>;
Order first_to_last(size_t rank);

// A tensor of its own in which numbers stand in the given order.
View dense_view(int32_t tensor, const Shape& shape, const Order& order);
// Whether numbers stand in this order without gaps.
bool is_dense(const View& view, const Order& order);
// The order in which numbers stand without gaps, by strides; empty where they do not.
Order dense_order(const View& view);

View permuted(const View& view, const std::vector<int64_t>& order);
View sliced(const View& view, int64_t dimension, int64_t first, int64_t end, int64_t step = 1);
// The view broadcast to `shape`.
View expanded(const View& view, const Shape& shape);
// False where the numbers would have to be moved.
bool reshaped(const View& view, const Shape& shape, View& out);

// Loops over all numbers of `views`, whose extents are the same, in an order of dimensions; adjacent ones are joined
// where that changes nothing. The first view is the output.
Loops loops_over(const std::vector<View>& views, const Order& order);
// Joins a view's dimensions, but for the last `behind`, into one of `count` and `stride`; false where that cannot be.
bool joined(const View& view, size_t behind, int64_t& count, int64_t& stride);

}  // namespace genbid::graph
