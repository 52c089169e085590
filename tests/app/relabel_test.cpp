#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "app/run_program.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "bidding/advertiser.h"
#include "bidding/score.h"
#include "bidding/state_features.h"
#include "data/tape_store.h"
#include "data/trajectory_store.h"
#include "runs/relabel_run.h"
#include "softmarket/sample_tape.h"
#include "softmarket/tapes.h"
#include "softmarket/teacher.h"

// Days of tapes played again into a store: from the function and from outside.

namespace genbid::app {
namespace {

using data::TapeColumns;
using data::TrajectoryColumns;
using test::run_program;

constexpr int64_t kSeats = 2;
constexpr int64_t kTicks = 12;

TapeColumns tape_of(int64_t periods, int64_t ticks = kTicks, double budget_scale = 1.0) {
  TapeColumns tape = test::sample_tape(periods * kSeats, ticks);
  for (double& budget : tape.budget) budget *= budget_scale;
  return tape;
}

void write_tape(const TapeColumns& tape, const std::string& path) {
  data::TapeStoreWriter writer(path);
  writer.begin({tape.ticks, kSeats, tape.octaves, tape.knots_per_octave, ""}, tape.num_days());
  writer.append(tape);
  writer.finish();
}

class Relabel : public ::testing::Test {
 protected:
  void SetUp() override { write_tape(tape_, out("tape.h5")); }

  std::string out(const std::string& name) { return folder_.path(name); }
  runs::RelabelConfig config(const std::string& output) {
    runs::RelabelConfig config;
    config.tape = out("tape.h5");
    config.output = out(output);
    config.settings.periods.values = {0, 1, 2};
    config.threads = 1;
    return config;
  }
  TrajectoryColumns relabelled(const runs::RelabelConfig& config) {
    runs::relabel(config);
    return data::TrajectoryStore(config.output).read();
  }

  // Money is short on some days: they end early at the highest alphas.
  const TapeColumns tape_ = tape_of(3, kTicks, 0.1);
  test::TemporaryFolder folder_;
};

// What a constant alpha brings, tick by tick, by the tape's curves and a budget that ends sharply; and the labels are
// the teacher's for days that went so.
TEST_F(Relabel, ConstantsComeBackAsTheTapeHasThem) {
  runs::RelabelConfig one = config("store.h5");
  one.settings.alpha = {1.3, 1.3};
  const TrajectoryColumns columns = relabelled(one);
  ASSERT_EQ(columns.num_trajectories(), 6);
  ASSERT_EQ(columns.num_rows(), 6 * kTicks);
  const softmarket::Tapes tapes(tape_, at::kCPU);
  const softmarket::Teacher teacher(tapes);
  int64_t cut = 0;
  for (int64_t m = 0; m < 6; ++m) {
    EXPECT_EQ(at(columns.period, m), m / kSeats);
    EXPECT_EQ(at(columns.advertiser, m), m % kSeats);
    EXPECT_EQ(at(columns.category, m), 0);
    EXPECT_NEAR(at(columns.budget, m), at(tape_.budget, m), 1e-4);  // as float32
    EXPECT_NEAR(at(columns.cpa, m), at(tape_.cpa_limit, m), 1e-4);
    const double alpha = 1.3 * at(columns.cpa, m);
    const at::Tensor day = at::full({1}, m, at::kLong);
    const softmarket::Cells cell{
        day, at::tensor({as_float(at(columns.budget, m)), as_float(at(columns.cpa, m))}).view({1, 2})};
    double spent = 0.0;
    double won = 0.0;
    double conversions = 0.0;
    for (int64_t t = 0; t < kTicks; ++t) {
      const int64_t row = m * kTicks + t;
      const double money = at(columns.budget, m) - spent;
      const bool may_bid = money >= kMinRemainingBudget;
      const softmarket::Bought bought = tapes.bought(day, t, at::full({1, 1}, alpha, at::kFloat));
      const double share = std::min(1.0, std::max(money, 0.0) / bought.cost_B1.item<double>());
      EXPECT_NEAR(at(columns.reward_continuous, row), share * bought.value_B1.item<double>(), 1e-4) << m << " " << t;
      EXPECT_NEAR(at(columns.state, row * 22 + kFeatureBudgetLeft), money / at(columns.budget, m), 1e-4);
      EXPECT_NEAR(at(columns.asked, row), may_bid ? alpha : 0.0, 1e-4 * alpha);
      EXPECT_LE(at(columns.action, row), alpha * (1.0 + 1e-6));
      EXPECT_EQ(at(columns.done, row), !may_bid || t == kTicks - 1 ? 1 : 0);
      EXPECT_EQ(at(columns.reward, row), std::round(at(columns.reward, row)));  // drawn conversions
      if (may_bid) {
        // What is almost out of money may fall to the next knot place.
        const at::Tensor label =
            teacher.label_B1(cell, t, at::full({1, 1}, won, at::kFloat), at::full({1, 1}, spent, at::kFloat));
        EXPECT_NEAR(at(columns.rest_constant, row), label.item<double>(), 0.03 * label.item<double>());
      } else {
        EXPECT_EQ(at(columns.action, row), 0.0F);
        EXPECT_EQ(at(columns.rest_constant, row), 0.0F);
        EXPECT_EQ(at(columns.best_rest, row), 0.0F);
        ++cut;
      }
      spent += share * bought.cost_B1.item<double>();
      won += share * bought.value_B1.item<double>();
      conversions += as_double(at(columns.reward, row));
    }
    EXPECT_NEAR(at(columns.cost, m), spent, 1e-4 * spent);
    EXPECT_EQ(at(columns.conversions, m), conversions);
    EXPECT_EQ(as_float(at(columns.best_constant, m)), at(columns.rest_constant, m * kTicks));
    EXPECT_GE(at(columns.optimum, m), expected_score(won, spent, at(columns.cpa, m)));
  }
  EXPECT_GT(cut, 0);
  EXPECT_LT(cut, 4 * kTicks);
}

// The optimum and best_rest know what one alpha for all ticks cannot have, but hardly more on such curves.
TEST_F(Relabel, WhoFollowsTheLabelsComesNearTheOptimum) {
  runs::RelabelConfig one = config("store.h5");
  one.settings.player = "teacher";
  const runs::RelabelSummary teacher = runs::relabel(one);
  const TrajectoryColumns columns = data::TrajectoryStore(one.output).read();
  for (int64_t row = 0; row < columns.num_rows(); ++row) {
    EXPECT_NEAR(at(columns.asked, row), at(columns.rest_constant, row), 1e-5 * at(columns.asked, row)) << row;
  }
  EXPECT_GT(teacher.share_of_optimum, 0.97);
  EXPECT_LE(teacher.share_of_optimum, 1.0);
  one.settings.player = "constants";
  EXPECT_LT(runs::relabel(one).share_of_optimum, teacher.share_of_optimum);
  double difference = 0.0;
  double sum = 0.0;
  for (int64_t row = 0; row < columns.num_rows(); ++row) {
    difference += std::abs(as_double(at(columns.best_rest, row)) - as_double(at(columns.rest_constant, row)));
    sum += as_double(at(columns.rest_constant, row));
  }
  EXPECT_LT(difference, 0.4 * sum);
  EXPECT_GT(difference, 0.001 * sum);
}

TEST_F(Relabel, CampaignsVaryAsAsked) {
  runs::RelabelConfig many = config("store.h5");
  many.settings.campaigns = "any";
  many.settings.days_each = 40;
  many.settings.budget_scale = {0.5, 2.0};
  many.settings.cpa_scale = {0.8, 1.25};
  const TrajectoryColumns columns = relabelled(many);
  ASSERT_EQ(columns.num_trajectories(), 3 * kSeats * 40);
  std::set<std::pair<int64_t, int64_t>> identities;
  int64_t of_the_other = 0;
  std::vector<double> factors;
  for (int64_t m = 0; m < columns.num_trajectories(); ++m) {
    identities.insert({at(columns.period, m), at(columns.advertiser, m)});
    const int64_t seat = at(columns.advertiser, m) % kSeats;
    const int64_t own = at(columns.period, m) * kSeats + seat;
    const int64_t other = own + (seat == 0 ? 1 : -1);
    const auto fits = [&](int64_t day) {
      const double limit = at(columns.cpa, m) / at(tape_.cpa_limit, day);
      const double budget = at(columns.budget, m) / at(tape_.budget, day);
      return limit > 0.7999 && limit < 1.2501 && budget > 0.4999 && budget < 2.0001;
    };
    EXPECT_TRUE(fits(own) || fits(other)) << m;
    if (!fits(own)) ++of_the_other;
    factors.push_back(at(columns.budget, m) / at(tape_.budget, own));
  }
  EXPECT_EQ(std::ssize(identities), columns.num_trajectories());
  EXPECT_GT(of_the_other, 0);
  const auto [low, high] = std::minmax_element(factors.begin(), factors.end());
  EXPECT_LT(*low, 0.6);
  EXPECT_GT(*high, 1.7);
}

TEST_F(Relabel, TheSameBytesForAnyThreadsAndTheSameDaysInAnyCompany) {
  runs::RelabelConfig one = config("one.h5");
  one.settings.campaigns = "any";
  one.settings.days_each = 200;  // more cells than are played at once
  runs::RelabelConfig three = one;
  three.output = out("three.h5");
  three.threads = 3;
  const TrajectoryColumns all = relabelled(one);
  runs::relabel(three);
  EXPECT_EQ(read_file(one.output), read_file(three.output));
  runs::RelabelConfig alone = one;
  alone.output = out("alone.h5");
  alone.settings.periods.values = {1};
  const TrajectoryColumns second = relabelled(alone);
  const auto first = all.state.begin() + std::ssize(second.state);
  EXPECT_TRUE(std::equal(second.state.begin(), second.state.end(), first));
  alone.settings.seed = 2;
  EXPECT_NE(relabelled(alone).budget, second.budget);
}

// A perceptron learns from such a store, keeps its split by period, and plays days of tapes itself.
TEST_F(Relabel, ATrainingReadsItAndItsPolicyPlays) {
  write_tape(tape_of(3, 48), out("long.h5"));
  const auto must = [&](const std::string& command) {
    const auto result = run_program(command);
    ASSERT_EQ(result.status, 0) << command << "\n" << result.output;
  };
  const std::string relabel = "relabel configs/relabel.yaml tape=" + out("long.h5") + " periods=0..2 threads=1 ";
  must(relabel + "output=" + out("store.h5"));
  const std::string train = "train configs/quickstart/perceptron.yaml data.store=" + out("store.h5") +
                            " data.train_periods=0..1 data.held_out_periods=2 train.steps=4 train.batch_size=16 ";
  must(train + "data.labels=rest_constant run=" + out("run"));
  EXPECT_NE(read_file(out("run/metrics.jsonl")).find("held_out/loss/period_2"), std::string::npos);
  must(train + "data.labels=best_rest run=" + out("best_rest"));
  must("train configs/quickstart/perceptron.yaml data.store=" + out("store.h5") +
       " data.train_periods=0..1 data.held_out_periods=2 train.steps=2 train.batch_size=4 run=" + out("dt") +
       " model='{name: decision_transformer, wishes: [share_of_optimum], width: 8, layers: 1, inner: 16}'");
  for (const char* run : {"run", "dt"}) {
    must(relabel + "player=policy policy=" + out(run) + " output=" + out("played.h5"));
    const data::TrajectoryStore played(out("played.h5"));
    EXPECT_EQ(played.num_trajectories(), 3 * kSeats * 4);
    EXPECT_NE(played.info().config.find("policy: weights "), std::string::npos);
    EXPECT_NE(played.info().sources.find("model.safetensors"), std::string::npos);
  }
  // Those of other days, and of other features.
  const auto says = [&](const std::string& command, const std::string& text) {
    const auto result = run_program(command);
    EXPECT_NE(result.status, 0) << command;
    EXPECT_NE(result.output.find(text), std::string::npos) << result.output << "\nexpected: " << text;
  };
  says("relabel configs/relabel.yaml player=policy periods=0 tape=" + out("tape.h5") + " policy=" + out("run") +
           " output=" + out("e.h5"),
       "found a policy for days of 48 ticks, expected 12");
  says(relabel + "player=policy features=auctionnet16 policy=" + out("run") + " output=" + out("e.h5"),
       "expected constraint");
  EXPECT_FALSE(std::filesystem::exists(out("e.h5")));
}

TEST_F(Relabel, Errors) {
  const auto says = [&](const std::string& more, const std::string& text) {
    const auto result = run_program("relabel configs/relabel.yaml threads=1 periods=0..2 tape=" + out("tape.h5") +
                                    " output=" + out("e.h5") + " " + more);
    EXPECT_NE(result.status, 0) << more;
    EXPECT_NE(result.output.find(text), std::string::npos) << result.output << "\nexpected: " << text;
  };
  says("tape=" + out("nowhere.h5"), "nowhere.h5");
  says("periods=2..3", "found no period 3, expected one of 0..2");
  says("periods='[]'", "periods");
  says("budget_scale='[2, 1]'", "budget_scale");
  says("cpa_scale='[0, 1]'", "cpa_scale");
  says("alpha='[-1, 1]'", "alpha");
  says("days_each=0", "days_each");
  says("player=nobody", "player");
  says("player=policy", "a run or a checkpoint, beside player: policy");
  says("policy=" + out("run"), "none beside player: constants");
  says("player=policy policy=" + out("run"), "no such checkpoint");
  says("output=" + out("tape.h5"), "expected");  // it is none of its kind
  says("output=" + out("tape.h5/store.h5"), "tape.h5");
  EXPECT_FALSE(std::filesystem::exists(out("e.h5")));
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"tape.h5"});
}

}  // namespace
}  // namespace genbid::app
