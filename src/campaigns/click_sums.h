#pragma once

#include <cstdint>
#include <span>
#include <vector>

// Sums over won impressions: what playing a day and looking for its optimum do most.

namespace genbid::campaigns {

struct ClickSums {
  double value = 0.0;
  double cost = 0.0;
  double clicks = 0.0;
  int64_t wins = 0;

  ClickSums& operator+=(const ClickSums& other) {
    value += other.value;
    cost += other.cost;
    clicks += other.clicks;
    wins += other.wins;
    return *this;
  }
};

// An impression is won where by_value * value + by_ctr * ctr >= by_cost * cost, computed in float.
struct WinLine {
  float by_value = 0.0F;
  float by_ctr = 0.0F;
  float by_cost = 1.0F;

  bool wins(float value, float ctr, float cost) const { return by_value * value + by_ctr * ctr >= by_cost * cost; }
};

// So many impressions are summed in float, lane by lane, before their sums are added in double.
inline constexpr int64_t kSumBlock = 512;

// Sums over those of `count` impressions that are won; the same bits on every processor.
ClickSums sum_of_wins(const float* value, const float* ctr, const float* cost, int64_t count, const WinLine& line);

// Columns of impressions, all of one length.
struct Impressions {
  std::vector<float> value, ctr, cost;

  int64_t count() const { return std::ssize(value); }
  void resize(int64_t count);
};

// Sums the impressions that every line wins, and puts those that some win and some lose to the front of `open`, in
// their order; `num_open` is how many. `open` has room for all, and may be where they come from.
ClickSums sort_by_lines(const float* value, const float* ctr, const float* cost, int64_t count,
                        std::span<const WinLine> lines, Impressions& open, int64_t& num_open);

}  // namespace genbid::campaigns
