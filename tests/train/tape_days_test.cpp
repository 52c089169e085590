#include "train/tape_days.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/run_dir.h"
#include "base/temporary_folder.h"
#include "bidding/state_features.h"
#include "models/decision_transformer/decision_transformer.h"
#include "models/diffbid/diffbid.h"
#include "models/perceptron/perceptron.h"
#include "models/registry.h"
#include "softmarket/constant_policy.h"
#include "softmarket/sample_tape.h"
#include "train/objectives.h"
#include "train/stepper.h"
#include "train/taught_days.h"
#include "train/trainer.h"

namespace genbid::train {
namespace {

constexpr int64_t kNumDays = 8;

class TapeDaysTest : public ::testing::Test {
 protected:
  TapeDaysTest() : columns_(test::sample_tape(kNumDays, 12)), days_(days_of(columns_)), tapes_(columns_, at::kCPU) {
    // A quarter of a day's market: so much of the budget, that bids decide whether it lasts.
    for (TapeDay& day : days_) day.budget *= 0.25;
    chosen_.resize(kNumDays);
    std::iota(chosen_.begin(), chosen_.end(), 0);
  }

  static std::shared_ptr<policy::Policy> perceptron() {
    models::PerceptronConfig config;
    config.width = 32;
    return models::make_policy(config, policy::shape_for(feature_names(FeatureSet::kConstraint)), 1);
  }

  double mean_score(policy::Policy& policy) {
    double sum = 0.0;
    const auto scores = tape_scores(policy, tapes_, days_, chosen_, {});
    for (const auto& [period, score] : scores) sum += score;
    return sum / as_double(std::ssize(scores));
  }

  data::TapeColumns columns_;
  std::vector<TapeDay> days_;
  softmarket::Tapes tapes_;
  std::vector<int64_t> chosen_;
};

at::Tensor step_number(int64_t place) { return at::full({1}, place, at::kLong); }

// Gradients of a step's loss in all parameters, as one vector.
at::Tensor gradients(Objective& objective, policy::Policy& policy, int64_t step) {
  objective.draw(step, 1);
  objective.gather(step_number(0));
  policy.zero_grad();
  for (size_t part = 0; part < objective.num_parts(); ++part) {
    at::Generator noise = at::detail::createCPUGenerator(7);
    at::Tensor loss;
    for (const policy::LossPart& one : objective.losses({step, noise}, policy, 0, part)) {
      loss = loss.defined() ? loss + one.value : one.value;
    }
    (objective.num_parts() > 1 ? loss * objective.weight(part) : loss).backward();
  }
  std::vector<at::Tensor> all;
  for (const at::Tensor& parameter : policy.parameters()) all.push_back(parameter.grad().flatten().clone());
  return at::cat(all);
}

TEST_F(TapeDaysTest, DrawsFollowFromSeedAndStep) {
  const auto policy = perceptron();
  TapeDays one(tapes_, days_, chosen_, {}, 16, 1, 1);
  TapeDays same(tapes_, days_, chosen_, {}, 16, 1, 1);
  TapeDays other(tapes_, days_, chosen_, {}, 16, 1, 2);
  policy->fit(one.training_columns());
  // Step 5 drawn alone, or as the third of those from 3 on.
  const at::Tensor alone = gradients(one, *policy, 5);
  same.draw(3, 4);
  same.gather(step_number(2));
  policy->zero_grad();
  at::Generator noise = at::detail::createCPUGenerator(7);
  same.losses({5, noise}, *policy, 0, 0)[0].value.backward();
  std::vector<at::Tensor> all;
  for (const at::Tensor& parameter : policy->parameters()) all.push_back(parameter.grad().flatten());
  EXPECT_TRUE(at::equal(alone, at::cat(all)));
  EXPECT_FALSE(at::equal(alone, gradients(other, *policy, 5)));
  EXPECT_FALSE(at::equal(alone, gradients(one, *policy, 6)));
}

TEST_F(TapeDaysTest, PartsAddUpToTheWhole) {
  const auto policy = perceptron();
  TapeDaysOptions options;
  options.day.drawn_conversions = false;  // whose draws would be others in parts
  TapeDays whole(tapes_, days_, chosen_, options, 21, 1, 1);
  TapeDays parts(tapes_, days_, chosen_, options, 21, 4, 1);
  policy->fit(whole.training_columns());
  const at::Tensor expected = gradients(whole, *policy, 0);
  EXPECT_LT((gradients(parts, *policy, 0) - expected).norm().item<double>(), 1e-5 * expected.norm().item<double>());
}

// Own campaigns, any seat's, and scaled ones, as a policy sees them: the features tell budget and limit.
TEST_F(TapeDaysTest, CampaignsAreThoseAskedFor) {
  const auto seen = [&](const TapeDaysOptions& options) {
    const TapeDays objective(tapes_, days_, chosen_, options, 16, 1, 1);
    const at::Tensor constraint_NC = objective.training_columns().constraint_NC;
    std::set<std::pair<float, float>> pairs;
    for (int64_t i = 0; i < constraint_NC.size(0); ++i) {
      pairs.insert({constraint_NC[i][0].item<float>(), constraint_NC[i][1].item<float>()});
    }
    return pairs;
  };
  std::set<std::pair<float, float>> own;
  for (const TapeDay& day : days_) own.insert({as_float(day.budget), as_float(day.cpa_limit)});
  TapeDaysOptions options;
  options.campaigns = Campaigns::kOwn;
  EXPECT_EQ(seen(options), own);
  options.campaigns = Campaigns::kAny;
  EXPECT_EQ(seen(options), own);
  options.budget_scale = {0.5, 2.0};
  const auto scaled = seen(options);
  EXPECT_GT(scaled.size(), 100U);
  const auto [low, high] = std::minmax_element(scaled.begin(), scaled.end());
  EXPECT_GE(low->first, 0.5F * 3000.0F * 0.25F);
  EXPECT_LE(high->first, 2.0F * 3800.0F * 0.25F);
  EXPECT_LT(low->first, 0.6F * 3000.0F * 0.25F);
}

// A day of a seat is known by the impressions of its first tick. Any seat's campaign comes to any day; own ones stay.
TEST_F(TapeDaysTest, OwnCampaignsStayWithTheirDays) {
  const auto strangers = [&](Campaigns campaigns) {
    TapeDaysOptions options;
    options.campaigns = campaigns;
    const TapeDays objective(tapes_, days_, chosen_, options, 16, 1, 1);
    const policy::TrainingColumns columns = objective.training_columns();
    const at::Tensor first_N = columns.ticks_N.eq(0).nonzero().squeeze(1);
    const at::Tensor num_pv_N = columns.states_NS.select(1, kFeatureNumPv).index_select(0, first_N);
    const at::Tensor constraint_NC = columns.constraint_NC.index_select(0, first_N);
    int64_t others = 0;
    for (int64_t i = 0; i < first_N.size(0); ++i) {
      int64_t day = 0;
      while (at(columns_.num_pv, day * columns_.ticks) != num_pv_N[i].item<float>()) ++day;
      others += constraint_NC[i][0].item<float>() != as_float(at(days_, day).budget) ||
                constraint_NC[i][1].item<float>() != as_float(at(days_, day).cpa_limit);
    }
    return others;
  };
  EXPECT_EQ(strangers(Campaigns::kOwn), 0);
  EXPECT_GT(strangers(Campaigns::kAny), 512);
}

// What is to go of a return falls as a day goes on, and ticks after the money's end are left out, as in logs.
TEST_F(TapeDaysTest, ColumnsAreThoseOfBiddingTicks) {
  for (TapeDay& day : days_) day.budget *= 0.1;  // so that days end early
  const TapeDays objective(tapes_, days_, chosen_, {}, 16, 1, 1);
  const policy::TrainingColumns columns = objective.training_columns();
  const double rows = as_double(columns.ticks_N.size(0));
  EXPECT_EQ(columns.ticks_N.eq(0).sum().item<int64_t>(), columns.outcome_MO.size(0));
  EXPECT_LT(rows, 0.9 * as_double(columns.outcome_MO.size(0) * columns_.ticks));
  const at::Tensor later_N = columns.ticks_N.slice(0, 1).gt(0);
  for (int64_t o = 0; o < kNumAdditive; ++o) {
    const at::Tensor to_go_N = columns.to_go_NO.select(1, o);
    const at::Tensor fell_N = to_go_N.slice(0, 0, -1) - to_go_N.slice(0, 1);
    EXPECT_GT(fell_N.masked_select(later_N).median().item<float>(), 1e-3F) << o;
  }
}

TEST_F(TapeDaysTest, NoMorePartsThanCells) { EXPECT_EQ(TapeDays(tapes_, days_, chosen_, {}, 3, 8, 1).num_parts(), 3U); }

// One roll-out steps all groups that are due; losses of a group's own are asked for group by group.
TEST_F(TapeDaysTest, GroupsStepTogetherOrAlone) {
  class Counting : public Objective {
   public:
    explicit Counting(bool of_all_groups) : of_all_groups_(of_all_groups) {}
    int64_t draw(int64_t /*first*/, int64_t most) override { return most; }
    void gather(const at::Tensor& /*place_1*/) override {}
    at::Tensor weight(size_t /*part*/) const override { return {}; }
    bool is_of_all_groups() const override { return of_all_groups_; }
    c10::Device device() const override { return at::kCPU; }
    std::vector<policy::LossPart> losses(const policy::Step& /*step*/, policy::Policy& policy, size_t group,
                                         size_t /*part*/) override {
      asked.push_back(group);
      at::Tensor sum = at::zeros({});
      for (const at::Tensor& parameter : policy.parameters()) sum = sum + (parameter - 0.5).square().sum();
      return {{"all", sum}};
    }
    std::vector<size_t> asked;

   private:
    bool of_all_groups_;
  };
  for (const bool together : {true, false}) {
    models::DiffBidConfig model;
    model.width = 8;
    model.stages = 2;
    model.groups = 2;
    model.inverse_width = 8;
    const auto policy = models::make_policy(model, policy::shape_for(feature_names(FeatureSet::kConstraint)), 1);
    std::vector<at::Tensor> before;
    for (const at::Tensor& parameter : policy::trainable_parameters(*policy)) before.push_back(parameter.clone());
    Counting objective(together);
    TrainConfig config;
    config.steps = 1;
    config.warmup_steps = 0;
    Stepper stepper(config, *policy, objective);
    stepper.run(0, 1);
    EXPECT_EQ(objective.asked, together ? std::vector<size_t>{0} : (std::vector<size_t>{0, 1}));
    size_t i = 0;
    for (const at::Tensor& parameter : policy::trainable_parameters(*policy)) {
      EXPECT_FALSE(at::equal(parameter, before[i])) << i;
      ++i;
    }
  }
}

// Learned on days of a few numbers, and judged on the same: above the best constant share of the limit.
TEST_F(TapeDaysTest, APolicyLearnsToBeatConstants) {
  const auto policy = perceptron();
  TapeDaysOptions options;
  options.campaigns = Campaigns::kOwn;
  TrainConfig config;
  config.steps = 150;
  config.learning_rate = 3e-3;
  config.warmup_steps = 5;
  config.ema_decay = 0.9;
  TapeDays objective(tapes_, days_, chosen_, options, 32, 1, 1);
  const policy::TrainingColumns columns = objective.training_columns();
  policy->fit(columns);
  const double before = mean_score(*policy);
  const test::TemporaryFolder folder;
  const RunDir run = RunDir::create(folder.path() + "/run", "kind: train\n");
  policy::CheckpointInfo info;
  info.shape = policy::shape_for(feature_names(FeatureSet::kConstraint));
  Trainer trainer(config, *policy, objective, nullptr, &run, info, "kind: train\n");
  trainer.watch([&] { return tape_scores(*policy, tapes_, days_, chosen_, {}); });
  const TrainSummary summary = trainer.run();
  ASSERT_EQ(summary.tape_scores.size(), 4U);
  double after = 0.0;
  for (const auto& [period, score] : summary.tape_scores) after += score / 4.0;
  EXPECT_GT(after, 1.05 * before);
  // Returns of constants, by the same columns: the best of 1,024 that were played.
  const double best_par = columns.outcome_MO.select(1, to_signed(index_of(Outcome::kReturn))).max().item<double>();
  EXPECT_GT(after, 0.0);
  EXPECT_GT(best_par, 0.0);
}

struct OpenTapeDays : TapeDays {
  using TapeDays::earned_B;
  using TapeDays::TapeDays;
};

// What is expected to come counts as if it came: in full within the limit, by the square of the rest beyond.
TEST_F(TapeDaysTest, TheScoreMayBeThatOfExpectedConversions) {
  const softmarket::Cells cells{at::zeros({3}, at::kLong), at::tensor({100.0F, 10.0F}).expand({3, 2})};
  softmarket::Day day;
  day.value_B = at::tensor({10.0F, 10.0F, 0.0F});
  day.cost_B = at::tensor({50.0F, 200.0F, 0.0F});
  day.score_B = at::tensor({7.0F, 8.0F, 9.0F});
  TapeDaysOptions options;
  const OpenTapeDays expected(tapes_, days_, chosen_, options, 16, 1, 1);
  EXPECT_TRUE(at::equal(expected.earned_B(cells, day), day.score_B));
  options.score_of_expected = true;
  const OpenTapeDays other(tapes_, days_, chosen_, options, 16, 1, 1);
  day.value_B.requires_grad_();
  const at::Tensor earned_B = other.earned_B(cells, day);
  EXPECT_TRUE(at::allclose(earned_B, at::tensor({10.0F, 2.5F, 0.0F}))) << earned_B;
  earned_B.sum().backward();
  EXPECT_TRUE(day.value_B.grad().isfinite().all().item<bool>());
  EXPECT_FLOAT_EQ(day.value_B.grad()[1].item<float>(), 0.75F);  // 3 (V L / C)^2
}

// Days that pass the limit lose by as much as they do, others nothing.
TEST_F(TapeDaysTest, APenaltyIsForPassingTheLimit) {
  const auto policy = perceptron();
  TapeDaysOptions options;
  options.day.drawn_conversions = false;
  const auto penalty = [&](double share_of_limit, double weight) {
    std::vector<TapeDay> days = days_;
    for (TapeDay& day : days) day.cpa_limit *= share_of_limit;
    options.cpa_penalty = weight;
    TapeDays objective(tapes_, days, chosen_, options, 16, 1, 1);
    if (share_of_limit == 1.0) policy->fit(objective.training_columns());
    objective.draw(0, 1);
    objective.gather(step_number(0));
    at::Generator noise = at::detail::createCPUGenerator(7);
    const auto losses = objective.losses({0, noise}, *policy, 0, 0);
    EXPECT_EQ(losses.size(), weight > 0.0 ? 2U : 1U);
    return losses.size() > 1 ? losses[1].value.item<double>() : 0.0;
  };
  penalty(1.0, 1.0);
  EXPECT_EQ(penalty(20.0, 1.0), 0.0);  // nobody pays as much
  const double one = penalty(0.05, 1.0);
  EXPECT_GT(one, 0.0);
  EXPECT_NEAR(penalty(0.05, 3.0), 3.0 * one, 1e-5 * one);
  EXPECT_EQ(penalty(0.05, 0.0), 0.0);
}

// What is paid, by what it buys at the limit.
TEST_F(TapeDaysTest, MoneyThatIsPaidCanCountAsALoss) {
  const auto policy = perceptron();
  TapeDaysOptions options;
  options.campaigns = Campaigns::kOwn;
  options.cost_penalty = 0.5;
  TapeDays objective(tapes_, days_, chosen_, options, 16, 1, 1);
  policy->fit(objective.training_columns());
  objective.draw(0, 1);
  objective.gather(step_number(0));
  at::Generator noise = at::detail::createCPUGenerator(7);
  const auto losses = objective.losses({0, noise}, *policy, 0, 0);
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_EQ(losses[1].name, "cost");
  EXPECT_GT(losses[1].value.item<double>(), 0.0);
  losses[1].value.backward();
  double slope = 0.0;  // paying less is bidding less: the gradient reaches the weights
  for (const at::Tensor& one : policy->parameters()) {
    if (one.grad().defined()) slope += one.grad().abs().sum().item<double>();
  }
  EXPECT_GT(slope, 0.0);

  options.cost_penalty = 0.0;
  TapeDays free(tapes_, days_, chosen_, options, 16, 1, 1);
  free.draw(0, 1);
  free.gather(step_number(0));
  noise = at::detail::createCPUGenerator(7);
  const auto without = free.losses({0, noise}, *policy, 0, 0);
  ASSERT_EQ(without.size(), 1U);
  EXPECT_EQ(without[0].value.item<double>(), losses[0].value.item<double>());
}

TEST_F(TapeDaysTest, ASumOfObjectivesIsWeighted) {
  const auto policy = perceptron();
  TapeDays one(tapes_, days_, chosen_, {}, 16, 1, 1);
  TapeDays other(tapes_, days_, chosen_, {}, 24, 2, 2);
  policy->fit(one.training_columns());
  const at::Tensor first = gradients(one, *policy, 4);
  const at::Tensor second = gradients(other, *policy, 4);
  WeightedSum sum({{&one, 3.0}, {&other, 0.25}});
  EXPECT_EQ(sum.num_parts(), 3U);
  const at::Tensor expected = 3.0 * first + 0.25 * second;
  EXPECT_LT((gradients(sum, *policy, 4) - expected).norm().item<double>(), 1e-5 * expected.norm().item<double>());
}

// Batches of played days are whole days, or cut into the policy's windows, without a tick lost or counted twice.
TEST_F(TapeDaysTest, PlayedDaysBecomeRows) {
  softmarket::Cells cells = test::cells_of(columns_);
  cells.constraint_BC.select(1, 0).mul_(0.05F);
  at::Generator noise = at::detail::createCPUGenerator(7);
  test::Constant constant(at::full({1, 1}, 150.0F));
  const softmarket::Day day = softmarket::play_day(constant, {}, tapes_, cells, {}, noise);
  const at::Tensor labels_BT = at::arange(kNumDays * 12, at::kFloat).view({kNumDays, 12});
  const policy::Batch days = batch_of(cells, day, labels_BT);
  const at::Tensor ticks_B = days.seen.mask_BT.sum(1);
  EXPECT_LT(ticks_B.min().item<float>(), 12.0F);  // some run out of money
  // What ticks brought adds up to the day.
  EXPECT_TRUE(at::allclose(days.gained_BTO.sum(1).slice(1, 0, 3).slice(1, 1), days.outcome_BO.slice(1, 1, 3), 1e-5));
  EXPECT_EQ((days.goes_on_BT * days.seen.mask_BT).sum().item<float>(), (ticks_B - 1.0).sum().item<float>());
  const auto cut = rows_for(*perceptron(), days);
  EXPECT_EQ(cut.label_BTA.sizes().vec(), (std::vector<int64_t>{kNumDays * 12, 1, 1}));
  EXPECT_TRUE(at::equal(cut.label_BTA.flatten(), labels_BT.flatten()));
  EXPECT_TRUE(at::equal(cut.seen.mask_BT.flatten(), days.seen.mask_BT.flatten()));
  models::DecisionTransformerConfig config;
  config.context = "windows";
  config.window = 5;
  const auto windows = models::make_policy(config, policy::shape_for(feature_names(FeatureSet::kConstraint)), 1);
  const auto five = rows_for(*windows, days);
  EXPECT_EQ(five.label_BTA.sizes().vec(), (std::vector<int64_t>{kNumDays * 3, 5, 1}));
  EXPECT_EQ(five.seen.mask_BT.sum().item<float>(), days.seen.mask_BT.sum().item<float>());
  EXPECT_EQ((five.label_BTA.squeeze(2) * five.seen.mask_BT).sum().item<float>(),
            (labels_BT * days.seen.mask_BT).sum().item<float>());
}

// A policy that is taught where it goes comes to score more.
TEST_F(TapeDaysTest, APolicyLearnsFromATeacher) {
  const auto policy = perceptron();
  TapeDaysOptions options;
  options.campaigns = Campaigns::kOwn;
  TrainConfig config;
  config.steps = 150;
  config.learning_rate = 3e-3;
  config.warmup_steps = 5;
  config.ema_decay = 0.9;
  TaughtDays objective(tapes_, days_, chosen_, options, 32, 2, 1);
  policy->fit(objective.training_columns());
  const double before = mean_score(*policy);
  const test::TemporaryFolder folder;
  const RunDir run = RunDir::create(folder.path() + "/run", "kind: train\n");
  policy::CheckpointInfo info;
  info.shape = policy::shape_for(feature_names(FeatureSet::kConstraint));
  Trainer trainer(config, *policy, objective, nullptr, &run, info, "kind: train\n");
  trainer.run();
  EXPECT_GT(mean_score(*policy), 1.03 * before);
}

// Cut into parts a step asks each day for the same, and gradients are the same.
TEST_F(TapeDaysTest, PartsAskForTheSame) {
  models::PerceptronConfig model;
  model.width = 16;
  model.wishes = {"budget_use", "cpa"};
  const auto policy = models::make_policy(model, policy::shape_for(feature_names(FeatureSet::kConstraint)), 1);
  TapeDaysOptions options;
  options.day.drawn_conversions = false;
  options.asked[Outcome::kBudgetUse] = {0.2, 0.9};
  options.asked[Outcome::kCpa] = {0.4, 1.2};
  TaughtDays whole(tapes_, days_, chosen_, options, 20, 1, 1);
  TaughtDays parts(tapes_, days_, chosen_, options, 20, 4, 1);
  policy->fit(whole.training_columns());
  const at::Tensor expected = gradients(whole, *policy, 5);
  EXPECT_GT(expected.norm().item<double>(), 0.0);
  options.asked[Outcome::kCpa] = {0.4, 1.3};
  TaughtDays other(tapes_, days_, chosen_, options, 20, 1, 1);
  EXPECT_FALSE(at::allclose(gradients(other, *policy, 5), expected, 1e-3));
  // Losses are means over ticks that count, of which parts may have more or fewer.
  EXPECT_LT((gradients(parts, *policy, 5) - expected).norm().item<double>(), 0.2 * expected.norm().item<double>());
}

// A policy that is taught what brings a share of the budget comes to spend the share that it is asked for.
TEST_F(TapeDaysTest, APolicyLearnsToBringWhatItIsAskedFor) {
  models::PerceptronConfig model;
  model.width = 32;
  model.wishes = {"budget_use"};
  const auto policy = models::make_policy(model, policy::shape_for(feature_names(FeatureSet::kConstraint)), 1);
  TapeDaysOptions options;
  options.campaigns = Campaigns::kOwn;
  options.asked[Outcome::kBudgetUse] = {0.2, 0.9};
  TrainConfig config;
  config.steps = 300;
  config.learning_rate = 3e-3;
  config.warmup_steps = 5;
  config.ema_decay = 0.9;
  for (TapeDay& day : days_) day.budget *= 0.4;  // so that there are bids that spend it
  TaughtDays objective(tapes_, days_, chosen_, options, 32, 2, 1);
  const policy::TrainingColumns columns = objective.training_columns();
  const at::Tensor used_M = columns.outcome_MO.select(1, to_signed(index_of(Outcome::kBudgetUse)));
  EXPECT_NEAR(used_M.min().item<double>(), 0.2, 0.01);  // it is fitted to what it will be asked
  EXPECT_NEAR(used_M.max().item<double>(), 0.9, 0.01);
  policy->fit(columns);
  policy::CheckpointInfo info;
  info.shape = policy::shape_for(feature_names(FeatureSet::kConstraint));
  Trainer trainer(config, *policy, objective, nullptr, nullptr, info, "kind: train\n");
  trainer.run();
  policy->eval();
  const torch::NoGradGuard no_grad;
  softmarket::Cells cells = test::cells_of(columns_);
  cells.constraint_BC.select(1, 0).mul_(0.1F);
  for (const double asked : {0.3, 0.5, 0.8}) {
    at::Generator noise = at::detail::createCPUGenerator(7);
    const softmarket::Day day =
        softmarket::play_day(*policy, {{Outcome::kBudgetUse, asked}}, tapes_, cells, options.day, noise);
    const at::Tensor used_B = day.cost_B / cells.constraint_BC.select(1, 0);
    EXPECT_LT((used_B - asked).abs().mean().item<double>(), 0.06) << asked << ": " << used_B;
  }
}

TEST(CampaignsTest, Names) {
  EXPECT_EQ(parse_campaigns("own"), Campaigns::kOwn);
  EXPECT_EQ(parse_campaigns("any"), Campaigns::kAny);
  EXPECT_THROW(parse_campaigns("all"), Error);
}

}  // namespace
}  // namespace genbid::train
