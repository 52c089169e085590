#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/utils.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "models/policy_samples.h"
#include "models/registry.h"
#include "train/checkpoint.h"

// What every policy in the registry owes its callers, also with the options that lead through other code. Histories
// hold rows of every length: what a planner makes of a whole window, where all is known, shows nothing. B rows, T
// ticks, S features, A action coefficients, N numbers of noise.

namespace genbid::models {
namespace {

using test::act;
using test::ask_for;
using test::columns_of;
using test::history_of;
using test::kFeatures;
using test::mixed_history_of;
using test::noise_for;
using test::parts_of;
using test::same;
using test::sample_batch;

class PolicyContract : public ::testing::TestWithParam<std::string> {
 protected:
  static std::shared_ptr<policy::Policy> make(int64_t seed = 1) {
    return make_policy(test::small_model(GetParam()), test::kShape, seed);
  }

  static double loss_of(policy::Policy& policy, const policy::Batch& batch, uint64_t noise_seed = 3) {
    double total = 0.0;
    for (size_t group = 0; group < policy.parameter_groups().size(); ++group) {
      at::Generator noise = at::detail::createCPUGenerator(noise_seed);
      for (const policy::LossPart& part : policy.losses({0, noise}, group, batch)) total += part.value.item<double>();
    }
    return total;
  }

  // Full updates on one batch with the same noise every time.
  static void learn(policy::Policy& policy, const policy::Batch& batch, int64_t steps) {
    std::vector<train::AdamW> optimizers;
    for (const policy::NamedTensors& parameters : policy::grouped_parameters(policy)) {
      optimizers.emplace_back(parameters, train::AdamWOptions{.weight_decay = 0.0});
    }
    for (int64_t step = 1; step <= steps; ++step) {
      for (size_t group = 0; group < optimizers.size(); ++group) {
        at::Generator noise = at::detail::createCPUGenerator(3);
        at::Tensor total = at::zeros({});
        for (const policy::LossPart& part : policy.losses({0, noise}, group, batch)) total = total + part.value;
        optimizers[group].backward(total);
        optimizers[group].set_rate(3e-3);
        optimizers[group].step();
      }
      at::Generator noise = at::detail::createCPUGenerator(3);
      policy.after_step({step - 1, noise});
    }
  }
};

bool all_equal(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](const at::Tensor& x, const at::Tensor& y) { return at::equal(x, y); });
}

// All that a policy says: with its first carry, and, where it can, from the history alone.
std::vector<at::Tensor> decisions(policy::Policy& policy, const policy::Ticks& history, const at::Tensor& wishes_BO) {
  std::vector<at::Tensor> parts = parts_of(act(policy, history, wishes_BO));
  if (policy.carry_follows_from_history()) {
    const int64_t rows = history.states_BTS.size(0);
    parts.push_back(policy.act(history, wishes_BO, noise_for(policy, rows), {}).coefficients_BA);
  }
  return parts;
}

// Its first ticks, as many as the policy reads; rows stand at all of them.
policy::Ticks window_of(const policy::Batch& batch, const policy::Policy& policy) {
  policy::Ticks ticks = mixed_history_of(batch);
  for (at::Tensor* one : {&ticks.states_BTS, &ticks.actions_BTA, &ticks.before_BTO, &ticks.ticks_BT, &ticks.mask_BT}) {
    *one = one->slice(1, 0, policy.window());
  }
  return ticks;
}

TEST_P(PolicyContract, IsNamedAndItsPrintedConfigReadsBack) {
  const ModelConfig config = test::small_model(GetParam());
  const std::string text = print_config(config, "");
  EXPECT_TRUE(text.starts_with("name: " + GetParam().substr(0, GetParam().find('.')) + "\n")) << text;
  ModelConfig again;
  ConfigFile::parse(text, "printed").read(again);
  EXPECT_EQ(again.name(), config.name());
  EXPECT_EQ(print_config(again, ""), text);
}

TEST(ModelConfig, AnUnknownNameIsAnErrorThatListsTheKnown) {
  try {
    ModelConfig::named("gpt");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).find("model.name: found 'gpt', expected one of perceptron, "), 0U) << e.what();
  }
}

// How far 250 steps go. Where an alpha is read from a plan, a curve says nothing near its ends and has no gradient
// there (models/diffbid/response.cpp), so a row that begins there may stay: which ones do depends on how weights are
// drawn and on the last bits of a processor's sums. So one of a few drawings must learn the batch by heart.
TEST_P(PolicyContract, OverfitsOneBatch) {
  double least = 1.0;
  for (int64_t seed = 1; seed <= 5 && least >= 0.1; ++seed) {
    const auto policy = make(seed);
    const policy::Batch batch = sample_batch(8, policy->window());
    policy->fit(columns_of(batch));
    policy->eval();  // no dropout: the batch can be learned by heart
    const double before = loss_of(*policy, batch);
    learn(*policy, batch, 250);
    least = std::min(least, loss_of(*policy, batch) / before);
  }
  EXPECT_LT(least, 0.1);
}

TEST_P(PolicyContract, ParameterGroupsHoldEveryTrainableParameterOnce) {
  const auto policy = make();
  size_t grouped = 0;
  for (const policy::NamedTensors& parameters : policy::grouped_parameters(*policy)) {
    EXPECT_FALSE(parameters.empty());
    grouped += parameters.size();
  }
  EXPECT_EQ(grouped, policy::trainable_parameters(*policy).size());
}

TEST_P(PolicyContract, EveryParameterOfAGroupGetsAGradientFromItsOwnLosses) {
  const auto policy = make();
  const policy::Batch batch = sample_batch(8, policy->window());
  policy->fit(columns_of(batch));
  policy->train();
  const auto groups = policy::grouped_parameters(*policy);
  for (size_t group = 0; group < groups.size(); ++group) {
    at::Generator noise = at::detail::createCPUGenerator(3);
    at::Tensor total = at::zeros({});
    for (const policy::LossPart& part : policy->losses({0, noise}, group, batch)) total = total + part.value;
    train::AdamW optimizer(groups[group], {});
    optimizer.backward(total);
    for (const auto& [name, parameter] : groups[group]) EXPECT_TRUE(parameter.grad().defined()) << name;
  }
}

TEST_P(PolicyContract, ActsFiniteNonNegativeAndInShape) {
  const auto policy = make();
  const policy::Batch batch = sample_batch(9, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  const policy::Action action = act(*policy, mixed_history_of(batch), ask_for(1.0, 9));
  EXPECT_EQ(action.coefficients_BA.sizes(), (at::IntArrayRef{9, 1}));
  EXPECT_TRUE(at::isfinite(action.coefficients_BA).all().item<bool>());
  EXPECT_TRUE((action.coefficients_BA >= 0).all().item<bool>());
  if (!action.next_states_BS.defined()) return;
  EXPECT_EQ(action.next_states_BS.sizes(), (at::IntArrayRef{9, kFeatures}));
  EXPECT_TRUE(at::isfinite(action.next_states_BS).all().item<bool>());
}

TEST_P(PolicyContract, CarryKeepsItsShapes) {
  const auto policy = make();
  const policy::Batch batch = sample_batch(9, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  const auto first = policy->initial_carry(9);
  const auto second = act(*policy, mixed_history_of(batch), ask_for(1.0, 9)).carry;
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].sizes(), second[i].sizes());
    EXPECT_EQ(first[i].size(0), 9);
  }
}

TEST_P(PolicyContract, SavedAndLoadedItActsTheSame) {
  const auto policy = make(1);
  const auto loaded = make(2);
  const policy::Batch batch = sample_batch(9, policy->window());
  policy->fit(columns_of(batch));
  learn(*policy, batch, 2);
  const test::TemporaryFolder folder;
  const train::Ema ema(policy::trainable_parameters(*policy), 0.9);
  train::save_checkpoint(folder.path() + "/saved", {}, "", *policy, ema, {});
  policy::load_policy(folder.path() + "/saved", *loaded, policy::Weights::kRaw);
  const torch::NoGradGuard no_grad;
  policy->eval();
  loaded->eval();
  const at::Tensor condition = ask_for(1.0, 9);
  EXPECT_TRUE(same(act(*policy, mixed_history_of(batch), condition), act(*loaded, mixed_history_of(batch), condition)));
  EXPECT_EQ(policy->wishes(), loaded->wishes());
}

TEST_P(PolicyContract, AveragedAndRawWeightsBothAct) {
  const auto policy = make(1);
  const auto raw = make(2);
  const auto averaged = make(3);
  const policy::Batch batch = sample_batch(9, policy->window());
  policy->fit(columns_of(batch));
  train::Ema ema(policy::trainable_parameters(*policy), 0.9);  // of the initial weights
  learn(*policy, batch, 5);
  const test::TemporaryFolder folder;
  train::save_checkpoint(folder.path() + "/saved", {}, "", *policy, ema, {});
  policy::load_policy(folder.path() + "/saved", *raw, policy::Weights::kRaw);
  policy::load_policy(folder.path() + "/saved", *averaged, policy::Weights::kEma);
  const torch::NoGradGuard no_grad;
  for (const auto& one : {policy, raw, averaged}) one->eval();
  const auto action_of = [&](policy::Policy& one) { return act(one, mixed_history_of(batch), ask_for(1.0, 9)); };
  EXPECT_TRUE(same(action_of(*raw), action_of(*policy)));
  EXPECT_FALSE(same(action_of(*averaged), action_of(*policy)));
  const train::Ema::Swap swap(ema);
  EXPECT_TRUE(same(action_of(*averaged), action_of(*policy)));
}

TEST_P(PolicyContract, SameSeedSameLosses) {
  const auto first = make(4);
  const auto second = make(4);
  const auto other = make(5);
  const policy::Batch batch = sample_batch(8, first->window());
  for (const auto& policy : {first, second, other}) policy->fit(columns_of(batch));
  EXPECT_EQ(loss_of(*first, batch), loss_of(*second, batch));
  EXPECT_NE(loss_of(*first, batch), loss_of(*other, batch));
}

// Blocks of one size add up in one order, whoever is in them.
TEST_P(PolicyContract, ARowsActionDoesNotDependOnItsBatchMates) {
  const auto policy = make();
  const policy::Batch batch = sample_batch(48, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor noise_BN = noise_for(*policy, 48);
  const auto carry = policy->initial_carry(48);
  const policy::Action together = policy->act(mixed_history_of(batch), ask_for(1.0, 48), noise_BN, carry);
  constexpr int64_t kRow = 20;  // in the middle of its window
  policy::Batch others = sample_batch(48, policy->window(), 99);
  others.seen.states_BTS.select(0, kRow).copy_(batch.seen.states_BTS.select(0, kRow));
  others.seen.actions_BTA.select(0, kRow).copy_(batch.seen.actions_BTA.select(0, kRow));
  others.seen.before_BTO.select(0, kRow).copy_(batch.seen.before_BTO.select(0, kRow));
  const at::Tensor other_noise_BN = noise_for(*policy, 48, 12);
  other_noise_BN.select(0, kRow).copy_(noise_BN.select(0, kRow));
  const policy::Action alone = policy->act(mixed_history_of(others), ask_for(1.0, 48), other_noise_BN, carry);
  const auto expected = parts_of(together);
  const auto found = parts_of(alone);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(at::equal(found[i].select(0, kRow), expected[i].select(0, kRow))) << i;
    EXPECT_FALSE(at::equal(found[i], expected[i])) << i;
  }
}

TEST_P(PolicyContract, MaskedTicksDoNotMatter) {
  const auto policy = make();
  policy::Batch batch = sample_batch(8, std::max<int64_t>(policy->window(), 2));
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  const int64_t real = (batch.seen.mask_BT.size(1) + 1) / 2;
  batch.seen.mask_BT.slice(1, real).zero_();
  batch.label_weight_BT.slice(1, real).zero_();
  const double loss = loss_of(*policy, batch);
  const auto action = decisions(*policy, window_of(batch, *policy), ask_for(1.0, 8));
  batch.seen.states_BTS.slice(1, real).fill_(1e3);
  batch.next_states_BTS.slice(1, real).fill_(-1e3);
  batch.seen.actions_BTA.slice(1, real).fill_(-1e3);
  batch.label_BTA.slice(1, real).fill_(-1e3);
  batch.seen.before_BTO.slice(1, real).fill_(1e3);
  EXPECT_EQ(loss_of(*policy, batch), loss);
  EXPECT_TRUE(all_equal(decisions(*policy, window_of(batch, *policy), ask_for(1.0, 8)), action));
}

TEST_P(PolicyContract, ATickWithoutALabelTeachesNothing) {
  const auto policy = make();
  policy::Batch batch = sample_batch(8, std::max<int64_t>(policy->window(), 3));
  policy->fit(columns_of(batch));
  policy->eval();
  batch.label_weight_BT.slice(1, 2).zero_();
  const double loss = loss_of(*policy, batch);
  batch.label_BTA.slice(1, 2).fill_(1e3);
  EXPECT_EQ(loss_of(*policy, batch), loss);
  // What is to be learned of the others is what should have been done, or what came of what was done.
  batch.label_BTA.slice(1, 0, 2).fill_(1e3);
  batch.seen.actions_BTA.slice(1, 0, 2).fill_(1e3);
  EXPECT_NE(loss_of(*policy, batch), loss);
}

// A day replayed to its end and the same day cut off at a tick: the rows behind the mask hold what happened later.
TEST_P(PolicyContract, TheFutureOfADayCannotChangeAPastAction) {
  const auto policy = make();
  const policy::Batch day = sample_batch(4, policy->window());
  const policy::Batch other_future = sample_batch(4, policy->window(), 99);
  policy->fit(columns_of(day));
  policy->eval();
  const torch::NoGradGuard no_grad;
  for (int64_t now = 0; now < policy->window(); ++now) {
    policy::Ticks history = history_of(day);
    history.mask_BT = at::ones_like(day.seen.mask_BT);
    history.mask_BT.slice(1, now + 1).zero_();
    const auto before = decisions(*policy, history, ask_for(1.0, 4));
    const auto change_future = [&](const at::Tensor& mine, const at::Tensor& others) {
      return at::cat({mine.slice(1, 0, now + 1), others.slice(1, now + 1)}, 1);
    };
    history.states_BTS = change_future(day.seen.states_BTS, other_future.seen.states_BTS);
    history.actions_BTA = change_future(day.seen.actions_BTA, other_future.seen.actions_BTA);
    history.before_BTO = change_future(history.before_BTO, other_future.seen.before_BTO);
    EXPECT_TRUE(all_equal(decisions(*policy, history, ask_for(1.0, 4)), before)) << "tick " << now;
  }
}

// The current action is what is asked for, not what is known.
TEST_P(PolicyContract, TheActionOfTheCurrentTickIsNotRead) {
  const auto policy = make();
  const policy::Batch batch = sample_batch(9, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  policy::Ticks history = mixed_history_of(batch);
  const auto before = decisions(*policy, history, ask_for(1.0, 9));
  const at::Tensor now_B11 = (history.mask_BT.sum(1).to(at::kLong) - 1).view({-1, 1, 1});
  history.actions_BTA = history.actions_BTA.scatter(1, now_B11, 500.0);
  EXPECT_TRUE(all_equal(decisions(*policy, history, ask_for(1.0, 9)), before));
}

// Tick by tick with what it carries, and at once from the history: alphas near 80, to 1e-5 of them.
TEST_P(PolicyContract, WhatIsCarriedSaysWhatTheHistorySays) {
  const auto policy = make();
  if (!policy->carry_follows_from_history()) GTEST_SKIP() << "carries nothing that a history could tell";
  const int64_t window = policy->window();
  const int64_t ticks = policy->whole_period() ? window : window + 5;  // so that the history slides, where one may
  const policy::Batch day = sample_batch(5, ticks);
  policy->fit(columns_of(day));
  learn(*policy, day, 3);
  policy->eval();
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> carry = policy->initial_carry(5);
  for (int64_t now = 0; now < ticks; ++now) {
    policy::Ticks history = history_of(day);
    const int64_t first = std::max<int64_t>(0, now + 1 - window);
    for (at::Tensor* one :
         {&history.states_BTS, &history.actions_BTA, &history.before_BTO, &history.ticks_BT, &history.mask_BT}) {
      *one = one->slice(1, first, first + window);
    }
    history.mask_BT = (at::arange(window) <= now - first).to(at::kFloat).expand({5, window});
    const policy::Action carried = policy->act(history, ask_for(0.7, 5), noise_for(*policy, 5), carry);
    const policy::Action replayed = policy->act(history, ask_for(0.7, 5), noise_for(*policy, 5), {});
    EXPECT_TRUE(at::allclose(carried.coefficients_BA, replayed.coefficients_BA, 1e-5, 1e-4)) << "tick " << now;
    carry = carried.carry;
  }
}

// Held-out losses change nothing, so that how often they are taken does not matter.
TEST_P(PolicyContract, HeldOutLossesHaveNoSideEffects) {
  const auto policy = make();
  const policy::Batch batch = sample_batch(8, policy->window());
  policy->fit(columns_of(batch));
  policy->eval();
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> before;
  for (const at::Tensor& one : policy->parameters()) before.push_back(one.clone());
  for (const at::Tensor& one : policy->buffers()) before.push_back(one.clone());
  const auto losses = [&] {
    at::Generator noise = at::detail::createCPUGenerator(3);
    double total = 0.0;
    for (const policy::LossPart& part : policy->held_out_losses(batch, noise)) total += part.value.item<double>();
    return total;
  };
  EXPECT_EQ(losses(), losses());
  std::vector<at::Tensor> after = policy->parameters();
  for (const at::Tensor& one : policy->buffers()) after.push_back(one);
  EXPECT_TRUE(all_equal(before, after));
}

TEST_P(PolicyContract, TrainingNoiseComesFromTheGeneratorAlone) {
  const auto policy = make();
  const policy::Batch batch = sample_batch(8, policy->window());
  policy->fit(columns_of(batch));
  policy->train();
  EXPECT_EQ(loss_of(*policy, batch, 3), loss_of(*policy, batch, 3));
}

TEST_P(PolicyContract, NormalisationIsABuffer) {
  const auto policy = make();
  const auto fresh = make();
  policy->fit(columns_of(sample_batch(8, policy->window())));
  bool differs = false;
  const auto buffers = policy->named_buffers();
  const auto fresh_buffers = fresh->named_buffers();
  for (const auto& item : buffers) differs |= !at::equal(item.value(), fresh_buffers[item.key()]);
  EXPECT_TRUE(differs);
}

// Traced with 5 rows, run with 7 others at other ticks: no number of the example may have stayed in the graph. The
// graph may add up in another order than eager calls: a few units in the last place of alphas near 80.
TEST_P(PolicyContract, TracedEqualsEager) {
  const auto policy = make();
  const policy::Batch example = sample_batch(5, policy->window());
  policy->fit(columns_of(example));
  learn(*policy, example, 3);
  policy->eval();
  const torch::NoGradGuard no_grad;
  const size_t num_carry = policy->initial_carry(1).size();

  const auto stack_of = [&](const policy::Ticks& history, const at::Tensor& wishes_BO) {
    const int64_t rows = history.states_BTS.size(0);
    torch::jit::Stack stack = {history.states_BTS, history.actions_BTA,   history.before_BTO, history.ticks_BT,
                               history.mask_BT,    history.constraint_BC, wishes_BO,          noise_for(*policy, rows)};
    for (const at::Tensor& carry : policy->initial_carry(rows)) stack.emplace_back(at::rand_like(carry));
    return stack;
  };
  const auto run = [&](const torch::jit::Stack& stack) {
    const auto at = [&](size_t i) { return stack[i].toTensor(); };
    std::vector<at::Tensor> carry;
    for (size_t i = 0; i < num_carry; ++i) carry.push_back(at(8 + i));
    const auto parts = parts_of(policy->act({at(0), at(1), at(2), at(3), at(4), at(5)}, at(6), at(7), carry));
    // A graph has one output.
    return torch::jit::Stack{c10::ivalue::Tuple::create(std::vector<c10::IValue>(parts.begin(), parts.end()))};
  };
  for (const at::Tensor& parameter : policy->parameters())
    parameter.set_requires_grad(false);  // constants of the graph
  const auto no_names = [](const torch::autograd::Variable&) { return std::string(); };
  const auto traced = torch::jit::tracer::trace(stack_of(mixed_history_of(example), ask_for(1.0, 5)), run, no_names,
                                                /*strict=*/true);

  torch::jit::GraphFunction function("act", traced.first->graph, nullptr);
  const policy::Batch other = sample_batch(7, policy->window(), 99);
  for (const bool at_the_end : {false, true}) {
    const policy::Ticks history = at_the_end ? history_of(other) : mixed_history_of(other);
    const torch::jit::Stack inputs = stack_of(history, ask_for(0.4, 7));
    torch::jit::Stack outputs = inputs;
    function.run(outputs);
    const auto& results = outputs.at(0).toTupleRef().elements();
    const torch::jit::Stack eager = run(inputs);
    const auto& expected = eager.at(0).toTupleRef().elements();
    ASSERT_EQ(results.size(), expected.size());
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_TRUE(at::allclose(results[i].toTensor(), expected[i].toTensor(), 1e-5, 1e-4)) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, PolicyContract, ::testing::ValuesIn(test::policy_variants()),
                         [](const auto& tested) { return test::variant_name(tested.param); });

}  // namespace
}  // namespace genbid::models
