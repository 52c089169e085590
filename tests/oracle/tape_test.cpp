#include "oracle/tape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "oracle/day_plan.h"
#include "small_day.h"

namespace genbid::oracle {
namespace {

constexpr double kLimit = 100.0;  // a CPA limit within the default currency

std::vector<Knot> thinned(const Responses& responses, int seat, int tick) {
  const CurveThinner thinner(responses.grid(seat));
  std::vector<Knot> knots(thinner.num_knots());
  thinner.thin(responses, seat, tick, knots);
  return knots;
}

Responses respond_for_tape(const std::vector<SmallTick>& day, int num_seats) {
  Responses responses(num_seats, static_cast<int>(day.size()), {}, tape_grid(kLimit), false, true);
  for (size_t t = 0; t < day.size(); ++t) {
    responses.add(static_cast<int>(t), SmallBlocks(day[t], num_seats).blocks(), 0, num_seats);
  }
  return responses;
}

// The fine curve as a bid of `alpha` meets it.
TapePoint fine_at(const Responses& responses, int seat, int tick, double alpha) {
  const auto point = static_cast<size_t>(responses.grid(seat).first_point_above(as_float(alpha))) - 1;
  const Point found = responses.bid_curve(seat, tick)[point];
  return {found.value, found.cost, as_double(responses.win_curve(seat, tick)[point])};
}

TEST(TapeGrid, HasThreeOctavesAboveTheLimitAndTwoBelowWhateverTheCurrency) {
  for (const double limit : {64.0, 100.0, 127.9, 0.003, 2.5e6, 1e-40, 1e38}) {
    const AlphaGrid grid = tape_grid(limit);
    EXPECT_EQ(grid.octaves, 6);
    if (limit < 0x1p-98 || limit > 0x1p88) continue;
    EXPECT_LE(as_double(grid.lowest), 0.25 * limit) << limit;
    EXPECT_GT(as_double(grid.lowest), 0.125 * limit) << limit;
  }
  EXPECT_EQ(tape_grid(0.0).lowest, 0x1p-100F);
}

TEST(Responses, CountSlotsWhereAskedFor) {
  const auto day = random_day(5, 3, 70, 3);
  const Responses responses = respond_for_tape(day, 5);
  EXPECT_FALSE(respond(day, 5).has_wins());
  const AlphaGrid& grid = responses.grid(0);
  for (int seat = 0; seat < 5; ++seat) {
    for (int tick = 0; tick < 3; ++tick) {
      const std::vector<int64_t> wins = responses.win_curve(seat, tick);
      ASSERT_EQ(wins.size(), grid.num_points());
      for (size_t p = 0; p < wins.size(); p += 5) {
        int64_t expected = 0;
        for (const SmallImpression& one : day[to_size(tick)]) {
          const double bid = as_double(grid.alpha(p) * one.values[to_size(seat)]);
          expected += bid > one.prices(seat, responses.auction().rule)[2] ? 1 : 0;
        }
        // Thresholds are rounded as floats, so an impression may join a point later.
        ASSERT_NEAR(as_double(wins[p]), as_double(expected), 1.0) << "seat " << seat << " point " << p;
      }
    }
  }
}

// At the first alpha of an octave knots lie on the fine grid; the last one has its last point.
void expect_exact_and_monotone(const Responses& responses, int seat, int tick) {
  const AlphaGrid& grid = responses.grid(seat);
  const std::vector<Knot> knots = thinned(responses, seat, tick);
  ASSERT_EQ(knots.size(), 25U);
  for (size_t k = 0; k + 1 < knots.size(); k += kKnotsPerOctave) {
    const TapePoint fine = fine_at(responses, seat, tick, std::ldexp(as_double(grid.lowest), to_int(k) / 4));
    EXPECT_EQ(knots[k].value, as_float(fine.value)) << k;
    EXPECT_EQ(knots[k].cost, as_float(fine.cost)) << k;
    EXPECT_EQ(knots[k].slots, as_float(fine.slots)) << k;
  }
  EXPECT_EQ(knots.back().value, as_float(responses.bid_curve(seat, tick).back().value));
  // Between octaves a knot lies between two fine points.
  for (size_t k = 1; k + 1 < knots.size(); ++k) {
    const double alpha = as_double(grid.lowest) * std::exp2(as_double(k) / kKnotsPerOctave);
    const TapePoint low = fine_at(responses, seat, tick, alpha);
    const TapePoint high = fine_at(responses, seat, tick, alpha * (1.0 + 0x1p-8));
    EXPECT_GE(knots[k].value, as_float(low.value)) << k;
    EXPECT_LE(knots[k].value, as_float(high.value)) << k;
  }
  TapePoint before;
  const double first = as_double(grid.lowest);
  for (int i = -200; i <= 2700; ++i) {
    const TapePoint now = interpolate(knots, grid.lowest, first * std::exp2(i / 400.0));
    // Interpolated in double precision: a flat piece may fall by a rounding.
    ASSERT_GE(now.value, before.value * (1.0 - 1e-14)) << i;
    ASSERT_GE(now.cost, before.cost * (1.0 - 1e-14)) << i;
    ASSERT_GE(now.slots, before.slots * (1.0 - 1e-14)) << i;
    before = now;
  }
}

TEST(CurveThinner, IsExactAtKnotsAndNeverFalls) {
  const Responses responses = respond_for_tape(random_day(4, 2, 2000, 5), 4);
  for (int seat = 0; seat < 4; ++seat) {
    for (int tick = 0; tick < 2; ++tick) expect_exact_and_monotone(responses, seat, tick);
  }
}

// A seat that can win a handful of impressions, and a tick that has none.
TEST(CurveThinner, KeepsAHandfulOfSteps) {
  std::vector<SmallTick> day = random_day(3, 3, 5, 7);
  day[1].clear();
  const Responses responses = respond_for_tape(day, 3);
  for (int seat = 0; seat < 3; ++seat) {
    for (int tick = 0; tick < 3; ++tick) expect_exact_and_monotone(responses, seat, tick);
  }
  for (const Knot& knot : thinned(responses, 0, 1)) EXPECT_EQ(knot.value_slope + knot.slots, 0.0F);
}

// A cubic is its own best fit: slopes are its derivatives, whatever happens between knots.
TEST(CurveThinner, FindsTheSlopesOfACubic) {
  const AlphaGrid grid = tape_grid(kLimit);
  const CurveThinner thinner(grid);
  std::vector<double> fine(grid.num_points());
  const auto place = [&](size_t p) { return std::log2(as_double(grid.alpha(p) / grid.lowest)) * kKnotsPerOctave; };
  const auto cubic = [](double x) { return 5.0 + 2.0 * x + 0.3 * x * x + 0.01 * x * x * x; };
  for (size_t p = 1; p < fine.size(); ++p) fine[p] = cubic(place(p));
  std::vector<float> values(25), slopes(25);
  thinner.thin(fine, values, slopes);
  // The last knot has the value of the last fine point, a 64th of a knot before it, and bends the slopes before it, by
  // less than a third as much from knot to knot.
  for (size_t k = 1; k < 18; ++k) {
    const double x = as_double(k);
    // Knots inside an octave are interpolated between fine points, a 64th of a knot or so apart.
    EXPECT_NEAR(as_double(values[k]), cubic(x), 1e-3 * cubic(x) * 0x1p-4) << k;
    EXPECT_NEAR(as_double(slopes[k]), 2.0 + 0.6 * x + 0.03 * x * x, 0.01) << k;
  }
}

TEST(Interpolate, IsProportionalBelowTheKnotsAndConstantBeyond) {
  const std::vector<Knot> knots = {{1.0F, 2.0F, 10.0F, 5.0F, 4.0F, 0.0F}, {3.0F, 1.0F, 20.0F, 5.0F, 8.0F, 1.0F}};
  EXPECT_EQ(interpolate(knots, 16.0F, 0.0).value, 0.0);
  EXPECT_EQ(interpolate(knots, 16.0F, -1.0).value, 0.0);
  EXPECT_EQ(interpolate(knots, 16.0F, 8.0).value, 0.5);
  EXPECT_EQ(interpolate(knots, 16.0F, 4.0).cost, 2.5);
  EXPECT_EQ(interpolate(knots, 16.0F, 16.0).slots, 4.0);
  EXPECT_EQ(interpolate(knots, 16.0F, 100.0).cost, 20.0);
  // Half a knot on: the mean of both ends and an eighth of the difference of slopes.
  EXPECT_NEAR(interpolate(knots, 16.0F, 16.0 * std::exp2(0.125)).value, 2.0 + (2.0 - 1.0) / 8.0, 1e-12);
}

// Whole days of ticks of some thousand impressions each, at alphas around the limit.
TEST(Tape, ADayIsOffByLessThanATenthOfAPercent) {
  constexpr int kTicks = 24;
  constexpr int kSeats = 6;
  const Responses responses = respond_for_tape(random_day(kSeats, kTicks, 2500, 11), kSeats);
  const AlphaGrid& grid = responses.grid(0);
  double mean_value = 0.0, mean_cost = 0.0, worst = 0.0;
  int count = 0;
  for (int seat = 0; seat < kSeats; ++seat) {
    std::vector<std::vector<Knot>> day;
    for (int tick = 0; tick < kTicks; ++tick) day.push_back(thinned(responses, seat, tick));
    const Curve whole = responses.bid_curve(seat);
    for (double ratio = 0.5; ratio <= 2.0; ratio *= std::exp2(1.0 / 16.0)) {
      // At an alpha of the fine grid, so that both curves are asked at the same one.
      const auto point = to_size(grid.first_point_above(as_float(ratio * kLimit)));
      TapePoint sum;
      for (const auto& knots : day) {
        const TapePoint one = interpolate(knots, grid.lowest, as_double(grid.alpha(point)));
        sum.value += one.value;
        sum.cost += one.cost;
      }
      const double off_value = std::abs(sum.value / whole[point].value - 1.0);
      const double off_cost = std::abs(sum.cost / whole[point].cost - 1.0);
      mean_value += off_value;
      mean_cost += off_cost;
      worst = std::max({worst, off_value, off_cost});
      ++count;
    }
  }
  EXPECT_LT(mean_value / count, 0.001);
  EXPECT_LT(mean_cost / count, 0.001);
  EXPECT_LT(worst, 0.005);
  RecordProperty("mean_value", std::to_string(mean_value / count));
  RecordProperty("mean_cost", std::to_string(mean_cost / count));
  RecordProperty("worst", std::to_string(worst));
}

// The reader is interpolate() at all points of a grid, and its curves make the plan that the fine ones make, but for
// what knots leave out.
TEST(CurveReader, IsTheTapeAtAllPointsOfAGrid) {
  const auto day = random_day(5, 3, 70, 3);
  const Responses responses = respond_for_tape(day, 5);
  const AlphaGrid& grid = responses.grid(2);
  const CurveReader reader(grid, kKnotsPerOctave);
  for (int tick = 0; tick < 3; ++tick) {
    const std::vector<Knot> knots = thinned(responses, 2, tick);
    const Curve curve = reader.read(knots);
    ASSERT_EQ(curve.size(), grid.num_points());
    EXPECT_EQ(curve[0].value, 0.0);
    for (size_t p = 1; p < curve.size(); ++p) {
      const TapePoint expected = interpolate(knots, grid.lowest, as_double(grid.alpha(p)));
      EXPECT_NEAR(curve[p].value, expected.value, 1e-9 * expected.value);
      EXPECT_NEAR(curve[p].cost, expected.cost, 1e-9 * expected.cost);
    }
  }
  const DayPlan again(grid, 3, [&](int tick) { return responses.bid_curve(2, tick); });
  const DayPlan plan(responses, 2);
  for (int tick = 0; tick < 3; ++tick) {
    for (size_t p = 0; p < grid.num_points(); ++p) {
      EXPECT_EQ(again.choice(tick, p), plan.choice(tick, p));
      EXPECT_EQ(again.frontier(tick)[p].value, plan.frontier(tick)[p].value);
    }
  }
}

}  // namespace
}  // namespace genbid::oracle
