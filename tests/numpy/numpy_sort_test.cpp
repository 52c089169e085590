#include "numpy/numpy_sort.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "golden.h"
#include "npy.h"

namespace genbid::numpy {
namespace {

template <typename Key>
std::vector<int32_t> order_of(const std::vector<Key>& keys) {
  std::vector<int32_t> order(keys.size());
  argsort(std::span<const Key>(keys), std::span<int32_t>(order));
  return order;
}

// Whether `order` is a permutation that sorts the keys.
template <typename Key>
bool sorts(const std::vector<Key>& keys, const std::vector<int32_t>& order) {
  std::vector<bool> seen(keys.size());
  for (const int32_t i : order) seen.at(static_cast<size_t>(i)) = true;
  for (const bool was_seen : seen) {
    if (!was_seen) return false;
  }
  for (size_t i = 1; i < order.size(); ++i) {
    if (keys[static_cast<size_t>(order[i])] < keys[static_cast<size_t>(order[i - 1])]) return false;
  }
  return true;
}

TEST(Argsort, BreaksTiesOfBidsAsNumpyDoes) {
  GENBID_VECTOR(bids_path, "primitives/argsort_bids_400x48.npy");
  GENBID_VECTOR(order_path, "primitives/argsort_order_400x48.npy");
  const test::Npy bids = test::read_npy(bids_path);
  const auto expected = test::npy_integers(order_path);
  for (int64_t row = 0; row < 400; ++row) {
    std::vector<double> keys;
    for (int64_t seat = 0; seat < 48; ++seat) keys.push_back(-bids.at(row, seat));
    const auto order = order_of(keys);
    for (int64_t seat = 0; seat < 48; ++seat) {
      ASSERT_EQ(order[static_cast<size_t>(seat)], expected.at(static_cast<size_t>(48 * row + seat))) << row;
    }
  }
}

TEST(Argsort, OrdersALongColumnOfTicksAsNumpyDoes) {
  GENBID_VECTOR(keys_path, "primitives/argsort_1d_int64_100k_in.npy");
  GENBID_VECTOR(order_path, "primitives/argsort_1d_int64_100k_order.npy");
  const auto keys = test::npy_integers(keys_path);
  const auto expected = test::npy_integers(order_path);
  ASSERT_EQ(keys.size(), 100000U);
  const auto order = order_of(keys);
  for (size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(order[i], expected[i]) << i;
}

TEST(Argsort, KeepsUpToSixteenEqualKeysInPlaceAndMovesSeventeen) {
  std::vector<int32_t> identity(17);
  std::iota(identity.begin(), identity.end(), 0);
  EXPECT_EQ(order_of(std::vector<double>(17, 0.0)) == identity, false);
  identity.pop_back();
  EXPECT_EQ(order_of(std::vector<double>(16, 0.0)), identity);
}

TEST(Argsort, TreatsNegativeZeroAsZero) { EXPECT_EQ(order_of<double>({0.0, -0.0, -1.0}), (std::vector{2, 0, 1})); }

TEST(Argsort, TakesEmptyAndSingleInput) {
  EXPECT_TRUE(order_of<double>({}).empty());
  EXPECT_EQ(order_of<double>({5.0}), std::vector{0});
}

// Keys on which each partition takes off two elements: the depth limit is passed and the heap sort takes over.
// An adversary (McIlroy) freezes a key only when it must.
TEST(Argsort, SurvivesInputThatDefeatsTheMedianOfThree) {
  constexpr int kSize = 2000;
  std::vector<int32_t> keys(kSize, kSize);  // kSize: not frozen yet
  int32_t num_frozen = 0;
  int32_t candidate = 0;
  int64_t comparisons = 0;
  struct Adversary {
    int32_t item;
    std::vector<int32_t>* keys;
    int32_t *num_frozen, *candidate;
    int64_t* comparisons;
    bool operator<(const Adversary& other) const {
      ++*comparisons;
      auto& mine = (*keys)[static_cast<size_t>(item)];
      auto& theirs = (*keys)[static_cast<size_t>(other.item)];
      if (mine == kSize && theirs == kSize) (item == *candidate ? mine : theirs) = (*num_frozen)++;
      if (mine == kSize) *candidate = item;
      if (theirs == kSize) *candidate = other.item;
      return mine < theirs;
    }
  };
  std::vector<Adversary> adversaries;
  adversaries.reserve(kSize);
  for (int32_t i = 0; i < kSize; ++i) adversaries.push_back({i, &keys, &num_frozen, &candidate, &comparisons});
  order_of(adversaries);
  EXPECT_LT(comparisons, 150'000) << "quadratic: no heap sort";
  EXPECT_GT(comparisons, 30'000);
  EXPECT_TRUE(sorts(keys, order_of(keys)));
}

TEST(HeapArgsort, SortsAnyLength) {
  for (size_t n = 0; n < 200; ++n) {
    std::vector<int64_t> keys;
    for (size_t i = 0; i < n; ++i) keys.push_back(static_cast<int64_t>(i * 7919 % 31));
    std::vector<int32_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    heap_argsort(keys.data(), order.data(), n);
    ASSERT_TRUE(sorts(keys, order)) << n;
  }
}

}  // namespace
}  // namespace genbid::numpy
