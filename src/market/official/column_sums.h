#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/convert.h"
#include "bidding/advertiser.h"
#include "numpy/numpy_sum.h"

// NumPy's pairwise sums (auctionnet.md 2.1.7) of the 48 columns of a matrix at once: the recursion's leaves, at most
// 128 rows each, can be summed by any thread in any order; combining them gives NumPy's bits (numpy_sum.h has the same
// for one thread).

namespace genbid::market::official {

struct LeafRange {
  int64_t first = 0;
  int64_t last = 0;
};

using ColumnValues = std::array<double, kNumSeats>;

class PairwiseTree {
 public:
  explicit PairwiseTree(int64_t rows) : rows_(rows) {
    for (int64_t first = 0; first < rows; first += numpy::kSumBuffer)
      split(first, std::min(numpy::kSumBuffer, rows - first));
  }

  const std::vector<LeafRange>& leaves() const { return leaves_; }

  // The sum over all rows, from value(leaf), the sum over one leaf's rows.
  template <typename Value>
  double combine(const Value& value) const {
    size_t leaf = 0;
    double sum = 0.0;
    for (int64_t first = 0; first < rows_; first += numpy::kSumBuffer) {
      sum += combine(std::min(numpy::kSumBuffer, rows_ - first), leaf, value);
    }
    return sum;
  }

 private:
  static int64_t left_part(int64_t rows) { return rows / 2 - rows / 2 % 8; }

  void split(int64_t first, int64_t rows) {
    if (rows <= 128) {
      leaves_.push_back({first, first + rows});
      return;
    }
    const int64_t left = left_part(rows);
    split(first, left);
    split(first + left, rows - left);
  }

  template <typename Value>
  static double combine(int64_t rows, size_t& leaf, const Value& value) {
    if (rows <= 128) return value(leaf++);
    const int64_t left = left_part(rows);
    const double first = combine(left, leaf, value);
    return first + combine(rows - left, leaf, value);
  }

  int64_t rows_;
  std::vector<LeafRange> leaves_;
};

// The sums of a leaf, row by row in order. add_row() takes whole rows, add() single values of columns that are 0
// elsewhere; adding a 0 changes nothing.
class LeafSums {
 public:
  explicit LeafSums(LeafRange range) : first_(range.first), eights_((range.last - range.first) / 8 * 8) {
    for (ColumnValues& sum : eight_) sum.fill(0.0);
    sums_.fill(0.0);
  }

  void add(int64_t row, size_t column, double value) { sums_at(row)[column] += value; }

  void add_row(int64_t row, const double* values) {
    ColumnValues& sums = sums_at(row);
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
  }

  const ColumnValues& finish() {
    join();
    return sums_;
  }

 private:
  ColumnValues& sums_at(int64_t row) {
    const int64_t at = row - first_;
    if (at < eights_) return eight_[to_size(at % 8)];
    join();  // the rows beyond the last eight are added one by one to the joined sum
    return sums_;
  }

  void join() {
    if (joined_) return;
    joined_ = true;
    const auto& e = eight_;
    for (size_t i = 0; i < sums_.size(); ++i) {
      sums_[i] = ((e[0][i] + e[1][i]) + (e[2][i] + e[3][i])) + ((e[4][i] + e[5][i]) + (e[6][i] + e[7][i]));
    }
  }

  int64_t first_;
  int64_t eights_;  // rows in whole eights
  bool joined_ = false;
  std::array<ColumnValues, 8> eight_;
  ColumnValues sums_;
};

}  // namespace genbid::market::official
