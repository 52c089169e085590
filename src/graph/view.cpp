#include "graph/view.h"

#include <algorithm>
#include <numeric>

#include "base/convert.h"

namespace genbid::graph {
namespace {

// One place that counts as none: joins and orders pass over it. The rows' extent is never one.
bool is_single(const View& view, size_t dimension) {
  return view.extents[dimension] == 1 && !(view.rows && dimension == 0);
}

}  // namespace

Order first_to_last(size_t rank) {
  Order order(rank);
  std::iota(order.begin(), order.end(), size_t{0});
  return order;
}

View dense_view(int32_t tensor, const Shape& shape, const Order& order) {
  View view;
  view.tensor = tensor;
  view.rows = shape.rows > 0;
  view.extents = shape.sizes(1);
  view.strides.resize(view.rank());
  int64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    view.strides[order[i]] = stride;
    stride *= view.extents[order[i]];
  }
  return view;
}

bool is_dense(const View& view, const Order& order) {
  int64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    if (is_single(view, order[i])) continue;
    if (view.strides[order[i]] != stride) return false;
    stride *= view.extents[order[i]];
  }
  return true;
}

Order dense_order(const View& view) {
  Order order = first_to_last(view.rank());
  if (is_dense(view, order)) return order;
  std::stable_sort(order.begin() + (view.rows ? 1 : 0), order.end(),
                   [&](size_t a, size_t b) { return view.strides[a] > view.strides[b]; });
  if (!is_dense(view, order)) order.clear();
  return order;
}

View permuted(const View& view, const std::vector<int64_t>& order) {
  View out = view;
  for (size_t i = 0; i < order.size(); ++i) {
    out.extents[i] = at(view.extents, order[i]);
    out.strides[i] = at(view.strides, order[i]);
  }
  return out;
}

View sliced(const View& view, int64_t dimension, int64_t first, int64_t end, int64_t step) {
  View out = view;
  const size_t i = to_size(dimension);
  (view.rows && i == 0 ? out.per_row : out.offset) += first * view.strides[i];
  out.extents[i] = (end - first + step - 1) / step;
  out.strides[i] *= step;
  return out;
}

View expanded(const View& view, const Shape& shape) {
  View out = view;
  out.rows = shape.rows > 0;
  out.extents = shape.sizes(1);
  out.strides.assign(out.rank(), 0);
  const size_t missing = out.rank() - view.rank();
  for (size_t i = 0; i < view.rank(); ++i) {
    if (!is_single(view, i)) out.strides[i + missing] = view.strides[i];
  }
  return out;
}

bool reshaped(const View& view, const Shape& shape, View& out) {
  out = dense_view(view.tensor, shape, first_to_last(shape.rank()));
  out.offset = view.offset;
  out.per_row = view.per_row;
  if (is_dense(view, first_to_last(view.rank()))) return true;
  size_t from = 0;
  size_t to = 0;
  if (view.rows) {
    if (view.extents[0] != shape.rows) return false;
    out.strides[0] = view.strides[0];
    from = to = 1;
  }
  // Groups of dimensions with as many numbers on both sides; a group must be one run of numbers.
  while (from < view.rank() || to < out.rank()) {
    const size_t first_from = from;
    const size_t first_to = to;
    int64_t have = from < view.rank() ? view.extents[from++] : 1;
    int64_t want = to < out.rank() ? out.extents[to++] : 1;
    while (have != want) {
      if (have < want) {
        have *= view.extents[from++];
      } else {
        want *= out.extents[to++];
      }
    }
    int64_t stride = 1;
    int64_t run = 0;  // how many numbers of the group are behind
    for (size_t i = from; i-- > first_from;) {
      if (view.extents[i] == 1) continue;
      if (run == 0) {
        stride = view.strides[i];
        run = view.extents[i];
        continue;
      }
      if (view.strides[i] != stride * run) return false;
      run *= view.extents[i];
    }
    for (size_t i = to; i-- > first_to;) {
      out.strides[i] = stride;
      stride *= out.extents[i];
    }
  }
  return true;
}

Loops loops_over(const std::vector<View>& views, const Order& order) {
  Loops loops;
  loops.rank = 0;
  loops.rows = views[0].rows;
  const auto stride_of = [&](size_t operand, size_t dimension) { return views[operand].strides[dimension]; };
  for (const size_t dimension : order) {
    if (is_single(views[0], dimension)) continue;
    const int64_t extent = views[0].extents[dimension];
    const int last = loops.rank - 1;
    bool joins = last >= 0;
    for (size_t i = 0; i < views.size() && joins; ++i) {
      joins = loops.strides[i][last] == stride_of(i, dimension) * extent;
    }
    const int place = joins ? last : loops.rank++;
    loops.extents[place] = joins ? loops.extents[place] * extent : extent;
    for (size_t i = 0; i < views.size(); ++i) loops.strides[i][place] = stride_of(i, dimension);
  }
  if (loops.rank == 0) {
    loops.rank = 1;
    loops.extents[0] = 1;
    for (size_t i = 0; i < views.size(); ++i) loops.strides[i][0] = 1;
  }
  return loops;
}

bool joined(const View& view, size_t behind, int64_t& count, int64_t& stride) {
  count = 1;
  stride = 0;
  bool any = false;
  for (size_t i = view.rank() - behind; i-- > 0;) {
    if (is_single(view, i)) continue;
    if (any && view.strides[i] != stride * count) return false;
    if (!any) stride = view.strides[i];
    any = true;
    count *= view.extents[i];
  }
  return true;
}

}  // namespace genbid::graph
