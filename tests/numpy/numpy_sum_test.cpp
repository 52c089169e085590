#include "numpy/numpy_sum.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "golden.h"
#include "market/official/vectors.h"
#include "market/official/column_sums.h"
#include "npy.h"

namespace genbid::numpy {
namespace {

TEST(PairwiseSum, RoundsAsNumpysSumAndMean) {
  GENBID_VECTOR(values_path, "primitives/pairwise_values.npy");
  GENBID_VECTOR(sums_path, "primitives/pairwise_sums.json");
  const auto values = test::read_npy(values_path).values;
  const auto value = [&values](int64_t i) { return values[static_cast<size_t>(i)]; };
  const nlohmann::json all_sums = test::read_json(sums_path);
  int num_unlike_sequential = 0;
  for (const auto& [count, sums] : all_sums.items()) {
    const int64_t n = std::stoll(count);
    EXPECT_EQ(pairwise_sum(n, value), test::from_hex(sums["sum"])) << n;
    EXPECT_EQ(pairwise_mean(n, value), test::from_hex(sums["mean"])) << n;
    num_unlike_sequential += sums["sum"] != sums["sequential"] ? 1 : 0;
  }
  EXPECT_GT(num_unlike_sequential, 10);
}

// Of the golden values: a matrix of three columns, the middle one doubled.
TEST(PairwiseSum, TakesColumnsAndProducts) {
  GENBID_VECTOR(values_path, "primitives/pairwise_values.npy");
  const auto values = test::read_npy(values_path).values;
  std::vector<double> column;
  for (size_t i = 1; i < values.size(); i += 3) column.push_back(2.0 * values[i]);
  const auto n = static_cast<int64_t>(column.size());
  EXPECT_EQ(pairwise_sum(n, [&](int64_t i) { return 2.0 * values[static_cast<size_t>(3 * i + 1)]; }),
            pairwise_sum(n, [&](int64_t i) { return column[static_cast<size_t>(i)]; }));
}

// Of the golden values as a matrix of 48 columns: whole rows, and single values of a column that is 0 elsewhere.
TEST(ColumnSums, AreTheSumsOfTheColumnsLeafByLeaf) {
  GENBID_VECTOR(values_path, "primitives/pairwise_values.npy");
  const auto values = test::read_npy(values_path).values;
  const auto value = [&](int64_t row, size_t column) {
    return values[(static_cast<size_t>(row) * 13 + column * 7) % values.size()];
  };
  for (const int64_t n : {0, 1, 7, 8, 9, 15, 16, 127, 128, 129, 136, 255, 257, 1153, 8192, 8193, 25550}) {
    const market::official::PairwiseTree tree(n);
    std::vector<market::official::ColumnValues> dense;
    std::vector<market::official::ColumnValues> sparse;
    for (const market::official::LeafRange& range : tree.leaves()) {
      market::official::LeafSums rows(range);
      market::official::LeafSums singles(range);
      for (int64_t row = range.first; row < range.last; ++row) {
        market::official::ColumnValues all;
        for (size_t column = 0; column < all.size(); ++column) all[column] = value(row, column);
        rows.add_row(row, all.data());
        if (row % 3 == 0) singles.add(row, 5, value(row, 5));
      }
      dense.push_back(rows.finish());
      sparse.push_back(singles.finish());
    }
    for (size_t column = 0; column < 48; ++column) {
      EXPECT_EQ(tree.combine([&](size_t leaf) { return dense[leaf][column]; }),
                pairwise_sum(n, [&](int64_t row) { return value(row, column); }))
          << n;
    }
    EXPECT_EQ(tree.combine([&](size_t leaf) { return sparse[leaf][5]; }),
              pairwise_sum(n, [&](int64_t row) { return row % 3 == 0 ? value(row, 5) : 0.0; }))
        << n;
  }
}

TEST(PairwiseSum, OfNothingIsZero) {
  EXPECT_EQ(pairwise_sum(int64_t{0}, [](int64_t) { return 1.0; }), 0.0);
}

}  // namespace
}  // namespace genbid::numpy
