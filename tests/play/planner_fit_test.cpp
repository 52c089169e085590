#include "play/planner_fit.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files/safetensors.h"
#include "base/temporary_folder.h"
#include "play/planner_file.h"

namespace genbid::play {
namespace {

using bidders::PlannerKnowledge;

constexpr int64_t kTicks = 2;

// Empty if there is none.
template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// What a bid of a level (money) brings in these markets: a share of the value on offer, and money an impression.
double share(double level) { return level / (level + 0.1); }
double cost(double level) { return 0.02 * level / (level + 0.3); }

// Days of one seat in a period each, with so many impressions a tick times `volume` and these mean p-values.
struct Days {
  std::vector<double> volume;
  std::vector<std::array<double, kTicks>> pvalue;
};

data::TapeColumns tape_of(const Days& days) {
  data::TapeColumns tape;
  tape.ticks = kTicks;
  tape.octaves = 6;
  tape.knots_per_octave = 4;
  for (size_t day = 0; day < days.volume.size(); ++day) {
    tape.period.push_back(1000 + static_cast<int64_t>(day));
    tape.seat.push_back(0);
    tape.budget.push_back(1000.0);
    tape.cpa_limit.push_back(100.0);
    tape.lowest.push_back(8.0F);
    for (int64_t tick = 0; tick < kTicks; ++tick) {
      const double pvalue = days.pvalue[day][static_cast<size_t>(tick)];
      const double num_pv = days.volume[day] * (tick == 0 ? 1000.0 : 3000.0);
      tape.num_pv.push_back(static_cast<float>(num_pv));
      tape.mean_pvalue.push_back(static_cast<float>(pvalue));
      tape.price.push_back(0.05F);
      for (int64_t knot = 0; knot < tape.num_knots(); ++knot) {
        const auto level = [&](double at) { return 8.0 * std::exp2(at / 4.0) * pvalue; };
        const auto k = static_cast<double>(knot);
        const auto put = [&](const auto& curve) {
          tape.knots.push_back(static_cast<float>(curve(k)));
          tape.knots.push_back(static_cast<float>((curve(k + 1e-3) - curve(k - 1e-3)) / 2e-3));
        };
        put([&](double at) { return num_pv * pvalue * share(level(at)); });
        put([&](double at) { return num_pv * cost(level(at)); });
        put([&](double at) { return num_pv * share(level(at)); });
      }
    }
  }
  return tape;
}

// Days whose impressions go up and down as a whole, and whose p-values in one tick say nothing of the other.
Days ten_days() {
  Days days;
  for (int day = 0; day < 16; ++day) {
    days.volume.push_back(day % 2 == 0 ? 0.8 : 1.25);
    days.pvalue.push_back({day / 2 % 2 == 0 ? 0.001 : 0.002, day / 4 % 2 == 0 ? 0.001 : 0.002});
  }
  return days;
}

// Seats of other p-values are on one curve, by the level of the bid.
TEST(PlannerFit, FindsTheCurvesThatBringWhatTheTapeSays) {
  const PlannerKnowledge known = fit_planner(tape_of(ten_days()), "made");
  EXPECT_EQ(known.num_ticks, kTicks);
  EXPECT_EQ(known.periods.size(), 16U);
  EXPECT_EQ(known.periods.front(), 1000);
  EXPECT_NEAR(known.lowest_level, 0.008, 1e-9);
  // Grids end an octave apart: between them are six octaves and one.
  EXPECT_GE(known.num_levels, 7 * known.levels_per_octave);
  for (int64_t tick = 0; tick < kTicks; ++tick) {
    for (int64_t level = 0; level < 7 * known.levels_per_octave; ++level) {
      const double at = known.lowest_level * std::exp2(static_cast<double>(level) / 4.0);
      const auto i = static_cast<size_t>(tick * known.num_levels + level);
      // Floats, and slopes of the test by differences; the levels are the tape's knots.
      EXPECT_NEAR(static_cast<double>(known.value_share[i]), share(at), 1e-5) << tick << " " << level;
      EXPECT_NEAR(static_cast<double>(known.cost[i]), cost(at), 1e-7) << tick << " " << level;
    }
    EXPECT_FLOAT_EQ(known.price[static_cast<size_t>(tick)], 0.05F);
  }
}

TEST(PlannerFit, KnowsDaysAndWhatStaysOfThem) {
  const PlannerKnowledge known = fit_planner(tape_of(ten_days()), "made");
  EXPECT_EQ(known.num_days(), 16);
  EXPECT_FLOAT_EQ(known.num_pv[0], 800.0F);
  EXPECT_FLOAT_EQ(known.num_pv[3], 3750.0F);
  EXPECT_FLOAT_EQ(known.mean_pvalue[5], 0.001F);
  // Impressions of a tick say all of the other's, p-values nothing, and prices do not vary.
  EXPECT_EQ(known.num_pv_stays, (std::vector<float>{1.0F, 1.0F, 1.0F, 1.0F}));
  EXPECT_EQ(known.mean_pvalue_stays, (std::vector<float>{1.0F, 0.0F, 0.0F, 1.0F}));
  EXPECT_EQ(known.price_stays, (std::vector<float>{1.0F, 0.0F, 0.0F, 1.0F}));
  EXPECT_NEAR(known.volume_spread, std::log(1.25), 1e-6);
}

TEST(PlannerFit, KeepsAsManyDaysAsAsked) {
  const PlannerKnowledge known = fit_planner(tape_of(ten_days()), "made", 4);
  EXPECT_EQ(known.num_days(), 4);
  EXPECT_FLOAT_EQ(known.mean_pvalue[2 * 1 + 1], 0.002F);  // of day 4
  EXPECT_EQ(known.periods.size(), 16U);                   // curves are of all
}

TEST(PlannerFit, ATickWithoutImpressionsHasTheCurvesOfTheOthers) {
  data::TapeColumns tape = tape_of(ten_days());
  for (int64_t day = 0; day < tape.num_days(); ++day) tape.num_pv[static_cast<size_t>(2 * day)] = 0.0F;
  const PlannerKnowledge known = fit_planner(tape, "made");
  for (int64_t level = 0; level < known.num_levels; ++level) {
    const auto i = static_cast<size_t>(level);
    EXPECT_EQ(known.value_share[i], known.value_share[i + static_cast<size_t>(known.num_levels)]);
  }
}

TEST(PlannerFit, ATapeThatTeachesNothingIsAnError) {
  EXPECT_EQ(error_of([] { fit_planner(data::TapeColumns(), "made"); }),
            "made: found no days, expected a response tape of one at least");
  data::TapeColumns tape = tape_of(ten_days());
  tape.num_pv.assign(tape.num_pv.size(), 0.0F);
  EXPECT_EQ(error_of([&] { fit_planner(tape, "made"); }),
            "made: found no impressions of any value, expected some to learn from");
  tape = tape_of(ten_days());
  tape.knots.assign(tape.knots.size(), 0.0F);
  EXPECT_EQ(error_of([&] { fit_planner(tape, "made"); }),
            "made: found no bid that wins anything, expected some to learn from");
}

TEST(PlannerFile, GivesBackWhatWasWritten) {
  const test::TemporaryFolder folder;
  const PlannerKnowledge known = fit_planner(tape_of(ten_days()), "made");
  write_planner_knowledge(known, folder.path("k.safetensors"));
  const PlannerKnowledge read = read_planner_knowledge(SafetensorsFile(folder.path("k.safetensors")), "again");
  EXPECT_EQ(read.name, "again");
  EXPECT_EQ(read.periods, known.periods);
  EXPECT_EQ(read.num_ticks, known.num_ticks);
  EXPECT_EQ(read.lowest_level, known.lowest_level);
  EXPECT_EQ(read.levels_per_octave, known.levels_per_octave);
  EXPECT_EQ(read.num_levels, known.num_levels);
  EXPECT_EQ(read.value_share, known.value_share);
  EXPECT_EQ(read.cost, known.cost);
  EXPECT_EQ(read.price, known.price);
  EXPECT_EQ(read.num_pv, known.num_pv);
  EXPECT_EQ(read.mean_pvalue, known.mean_pvalue);
  EXPECT_EQ(read.num_pv_stays, known.num_pv_stays);
  EXPECT_EQ(read.mean_pvalue_stays, known.mean_pvalue_stays);
  EXPECT_EQ(read.price_stays, known.price_stays);
  EXPECT_EQ(read.volume_spread, known.volume_spread);
}

// The Error of reading a file of one tick, two levels and one day, a part or a number in it changed.
std::string error_of_file(const std::string& part, const std::string& dtype, size_t count,
                          std::map<std::string, std::string> metadata) {
  const test::TemporaryFolder folder;
  const std::vector<float> two = {0.5F, 0.75F};
  const std::vector<double> eights = {0.5, 0.75};
  std::vector<TensorBytes> tensors;
  for (const std::string name : {"value_share", "cost", "price", "num_pv", "mean_pvalue", "num_pv_stays",
                                 "mean_pvalue_stays", "price_stays", "periods"}) {
    const size_t usual = name == "value_share" || name == "cost" ? 2 : 1;
    const size_t numbers = name == part ? count : usual;
    if (name == part && dtype.empty()) continue;
    const bool wide = name == part && dtype == "F64";
    const auto bytes =
        wide ? std::as_bytes(std::span(eights).first(numbers)) : std::as_bytes(std::span(two).first(numbers));
    tensors.push_back({name, wide ? "F64" : "F32", {static_cast<int64_t>(numbers)}, bytes});
  }
  std::map<std::string, std::string> all = {{"num_ticks", "1"},
                                            {"lowest_level", "0.01"},
                                            {"levels_per_octave", "4"},
                                            {"num_levels", "2"},
                                            {"volume_spread", "0.1"}};
  for (const auto& [key, value] : metadata) {
    if (value.empty()) {
      all.erase(key);
    } else {
      all[key] = value;
    }
  }
  write_safetensors(folder.path("k.safetensors"), std::move(tensors), std::move(all));
  return error_of([&] { read_planner_knowledge(SafetensorsFile(folder.path("k.safetensors")), "k"); });
}

TEST(PlannerFile, OneThatIsNotWholeIsAnError) {
  EXPECT_EQ(error_of_file("none", "F32", 0, {}), "");
  EXPECT_EQ(error_of_file("cost", "", 0, {}), "k: cost: found no numbers of type F32");
  EXPECT_EQ(error_of_file("cost", "F64", 2, {}), "k: cost: found no numbers of type F32");
  EXPECT_EQ(error_of_file("cost", "F32", 1, {}), "k: cost: found 1 numbers, expected 2");
  EXPECT_EQ(error_of_file("none", "F32", 0, {{"num_levels", ""}}),
            "k: found no 'num_levels' in its metadata, expected what was fitted for a planner");
  EXPECT_EQ(error_of_file("none", "F32", 0, {{"num_ticks", "many"}}), "k: num_ticks: found many, expected a number");
  EXPECT_EQ(
      error_of_file("none", "F32", 0, {{"num_ticks", "4611686018427387904"}}),
      "k: sizes: found 4611686018427387904 ticks and 2 levels, 4 an octave, expected 1 to 96, 2 to 4096 and 1 to 64");
  EXPECT_EQ(error_of_file("none", "F32", 0, {{"lowest_level", "nan"}}), "k: lowest_level: expected a number above 0");
}

}  // namespace
}  // namespace genbid::play
