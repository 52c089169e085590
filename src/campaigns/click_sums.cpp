#include "campaigns/click_sums.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/convert.h"
#include "base/simd.h"

namespace genbid::campaigns {
namespace {

// Eight lanes as the compiler's vectors have them: a comparison gives -1 or 0 in each.
using Floats = float __attribute__((vector_size(32)));
using Ints = int32_t __attribute__((vector_size(32)));

constexpr int64_t kLanes = 8;
constexpr int64_t kStep = 2 * kLanes;  // two sums side by side: an addition need not wait for the one before

struct Lanes {
  float value[kStep];
  float cost[kStep];
  float clicks[kStep];
  int32_t wins[kStep];
};

// Sums over the impressions that a mask marks with -1; others have 0 in it.
struct LaneSums {
  Floats value[2] = {};
  Floats cost[2] = {};
  Floats clicks[2] = {};
  Ints wins[2] = {};

  [[gnu::always_inline]] void add(int64_t half, const Floats& v, const Floats& c, const Floats& k, const Ints& won) {
    value[half] += (Floats)((Ints)v & won);
    cost[half] += (Floats)((Ints)k & won);
    clicks[half] += (Floats)((Ints)c & won);
    wins[half] -= won;
  }
  [[gnu::always_inline]] void store(Lanes& all) const {
    std::memcpy(all.value, value, sizeof(value));
    std::memcpy(all.cost, cost, sizeof(cost));
    std::memcpy(all.clicks, clicks, sizeof(clicks));
    std::memcpy(all.wins, wins, sizeof(wins));
  }
};

// `count` is a multiple of kStep.
GENBID_SIMD_CLONES void add_block(const float* value, const float* ctr, const float* cost, int64_t count,
                                  float by_value, float by_ctr, float by_cost, Lanes& all) {
  LaneSums sums;
  for (int64_t begin = 0; begin < count; begin += kStep) {
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t i = begin + half * kLanes;
      Floats v, c, k;
      std::memcpy(&v, value + i, sizeof(v));
      std::memcpy(&c, ctr + i, sizeof(c));
      std::memcpy(&k, cost + i, sizeof(k));
      sums.add(half, v, c, k, by_value * v + by_ctr * c >= by_cost * k);
    }
  }
  sums.store(all);
}

// `count` is of whole steps. Sums what all lines win, and writes -1 in `open` where some win and some lose, else 0.
GENBID_SIMD_CLONES void sort_block(const float* value, const float* ctr, const float* cost, int64_t count,
                                   const WinLine* lines, int64_t num_lines, Lanes& all, int32_t* open) {
  LaneSums sums;
  for (int64_t begin = 0; begin < count; begin += kStep) {
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t i = begin + half * kLanes;
      Floats v, c, k;
      std::memcpy(&v, value + i, sizeof(v));
      std::memcpy(&c, ctr + i, sizeof(c));
      std::memcpy(&k, cost + i, sizeof(k));
      Ints by_all = ~Ints{};
      Ints by_any = {};
      for (int64_t n = 0; n < num_lines; ++n) {
        const Ints won = lines[n].by_value * v + lines[n].by_ctr * c >= lines[n].by_cost * k;
        by_all &= won;
        by_any |= won;
      }
      sums.add(half, v, c, k, by_all);
      const Ints undecided = by_any & ~by_all;
      std::memcpy(open + i, &undecided, sizeof(undecided));
    }
  }
  sums.store(all);
}

template <typename Number>
double sum_of(const Number* lanes) {
  double sum = 0.0;
  for (int64_t lane = 0; lane < kStep; ++lane) sum += as_double(lanes[lane]);
  return sum;
}

ClickSums sums_of(const Lanes& lanes) {
  return {sum_of(lanes.value), sum_of(lanes.cost), sum_of(lanes.clicks), static_cast<int64_t>(sum_of(lanes.wins))};
}

}  // namespace

ClickSums sum_of_wins(const float* value, const float* ctr, const float* cost, int64_t count, const WinLine& line) {
  ClickSums sums;
  int64_t begin = 0;
  while (count - begin >= kStep) {
    const int64_t block = std::min(kSumBlock, (count - begin) / kStep * kStep);
    Lanes lanes;
    add_block(value + begin, ctr + begin, cost + begin, block, line.by_value, line.by_ctr, line.by_cost, lanes);
    sums += sums_of(lanes);
    begin += block;
  }
  for (; begin < count; ++begin) {
    if (!line.wins(value[begin], ctr[begin], cost[begin])) continue;
    sums += {as_double(value[begin]), as_double(cost[begin]), as_double(ctr[begin]), 1};
  }
  return sums;
}

void Impressions::resize(int64_t count) {
  for (std::vector<float>* column : {&value, &ctr, &cost}) column->resize(to_size(count));
}

ClickSums sort_by_lines(const float* value, const float* ctr, const float* cost, int64_t count,
                        std::span<const WinLine> lines, Impressions& open, int64_t& num_open) {
  ClickSums sums;
  int64_t to = 0;
  std::array<int32_t, kSumBlock> state;
  for (int64_t begin = 0; begin < count;) {
    const int64_t left = count - begin;
    const int64_t block = left < kStep ? left : std::min(kSumBlock, left / kStep * kStep);
    if (block >= kStep) {
      Lanes lanes;
      sort_block(value + begin, ctr + begin, cost + begin, block, lines.data(), std::ssize(lines), lanes, state.data());
      sums += sums_of(lanes);
    } else {
      for (int64_t i = 0; i < block; ++i) {
        int64_t won = 0;
        for (const WinLine& line : lines) won += line.wins(value[begin + i], ctr[begin + i], cost[begin + i]) ? 1 : 0;
        at(state, i) = won != 0 && won != std::ssize(lines) ? -1 : 0;
        if (won != std::ssize(lines)) continue;
        sums += {as_double(value[begin + i]), as_double(cost[begin + i]), as_double(ctr[begin + i]), 1};
      }
    }
    for (int64_t i = 0; i < block; ++i) {
      at(open.value, to) = value[begin + i];
      at(open.ctr, to) = ctr[begin + i];
      at(open.cost, to) = cost[begin + i];
      to -= at(state, i);
    }
    begin += block;
  }
  num_open = to;
  return sums;
}

}  // namespace genbid::campaigns
