#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/temporary_folder.h"
#include "data/ingest.h"
#include "golden.h"
#include "models/decision_transformer/official_transformer.h"
#include "npy.h"
#include "train/optimizer.h"
#include "train/sampler.h"
#include "train/schedule.h"

// The official transformer against AuctionNet's decision transformer (auctionnet.md 5.7), whose batches, predictions,
// losses, gradients and answers were recorded with fixed weights, in float32 of another LibTorch and without dropout.
// Its windows are padded on the left and ours on the right: at real ticks that is the same, because attention to
// padding weighs e^-10000. B rows, T ticks, S features, L tokens, D width.

// Tolerances are a few units of float32's last place where a number is a mean (losses: one), and of the largest number
// of a tensor where products of 64 to 512 terms are added up in another order.

namespace genbid::models {
namespace {

constexpr int64_t kFeatures = 16;
constexpr int64_t kWindow = 20;
constexpr double kScale = 2000.0;
constexpr int64_t kValue = 1;  // its column among outcomes

at::Tensor tensor_of(const std::string& name) {
  const test::Npy npy = test::read_npy(test::find_vector("training/dt_" + name + ".npy"));
  return at::tensor(npy.values, at::TensorOptions(at::kDouble)).view(npy.shape);
}

// Element k of parameter j: sin(0.7 k + 1.3 j), matrices over sqrt(fan-in), scales of norms 1 + a tenth, other vectors
// a tenth.
at::Tensor filled(at::IntArrayRef shape, int64_t j, bool is_norm_scale) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  const at::Tensor k = at::arange(count, at::TensorOptions(at::kDouble));
  const at::Tensor value = (0.7 * k + 1.3 * static_cast<double>(j)).sin().view(shape);
  if (shape.size() >= 2) return value / std::sqrt(static_cast<double>(count / shape[0]));
  return is_norm_scale ? 1.0 + 0.1 * value : 0.1 * value;
}

bool is_norm_scale(const std::string& name) {
  return name.ends_with("ln1.weight") || name.ends_with("ln2.weight") || name.ends_with("embed_ln.weight");
}

// What is theirs alone: nothing that a loss or an answer reads.
bool is_never_trained(const std::string& name) {
  return name.starts_with("embed_reward") || name.starts_with("predict_state") || name.starts_with("predict_return");
}

// Their parameter as a part of ours: queries, keys and values lie in one matrix here.
at::Tensor ours(const torch::nn::Module& policy, std::string name) {
  static const std::vector<std::pair<std::string, std::string>> kNames = {{"transformer.", "blocks."},
                                                                          {".ln1.", ".attention_norm."},
                                                                          {".ln2.", ".feed_norm."},
                                                                          {".attn.query.", ".query_key_value."},
                                                                          {".attn.key.", ".query_key_value."},
                                                                          {".attn.value.", ".query_key_value."},
                                                                          {".attn.proj.", ".attention_out."},
                                                                          {".mlp.0.", ".feed_in."},
                                                                          {".mlp.2.", ".feed_out."},
                                                                          {"embed_timestep.", "embed_tick."},
                                                                          {"embed_ln.", "embed_norm."},
                                                                          {"predict_action.0.", "predict_action."}};
  const std::string theirs = name;
  for (const auto& [from, to] : kNames) {
    const size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  }
  const at::Tensor whole = policy.named_parameters()["network." + name];
  const auto third = [&](int64_t i) { return whole.chunk(3, 0)[static_cast<size_t>(i)]; };
  if (theirs.find(".query.") != std::string::npos) return third(0);
  if (theirs.find(".key.") != std::string::npos) return third(1);
  if (theirs.find(".value.") != std::string::npos) return third(2);
  return whole;
}

double relative(double found, double expected) {
  return std::abs(found - expected) / std::max(1.0, std::abs(expected));
}

class OfficialTransformerGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string path = test::find_vector("training/dt.json");
    if (path.empty()) {
      if (test::under_ci()) FAIL() << "missing test vectors: training";
      GTEST_SKIP() << "test vectors not in this clone: training";
    }
    json_ = nlohmann::json::parse(std::ifstream(path));
    config_.dropout = 0.0;
    torch::manual_seed(1);
    policy_ = std::make_shared<OfficialTransformer>(config_, policy::PolicyShape{kFeatures, 1, {}});
    const torch::NoGradGuard no_grad;
    for (size_t j = 0; j < official().size(); ++j) {
      if (is_never_trained(name(j))) continue;
      EXPECT_EQ(ours(*policy_, name(j)).sizes(), at::IntArrayRef(shape(j))) << name(j);
      ours(*policy_, name(j)).copy_(value(j));
    }
  }

  const nlohmann::json& official() const { return json_["param_names_shapes"]; }
  std::string name(size_t j) const { return official()[j][0].get<std::string>(); }
  std::vector<int64_t> shape(size_t j) const { return official()[j][1].get<std::vector<int64_t>>(); }
  at::Tensor value(size_t j) const { return filled(shape(j), static_cast<int64_t>(j), is_norm_scale(name(j))); }
  at::Tensor value(const std::string& wanted) const {
    for (size_t j = 0; j < official().size(); ++j) {
      if (name(j) == wanted) return value(j).to(at::kFloat);
    }
    throw std::runtime_error("no parameter " + wanted);
  }
  transformer::OfficialNetworkImpl& network() const {
    return *policy_->named_children()["network"]->as<transformer::OfficialNetworkImpl>();
  }
  void set_buffer(const std::string& buffer, const at::Tensor& to) const {
    const torch::NoGradGuard no_grad;
    policy_->named_buffers()[buffer].copy_(to);
  }

  OfficialTransformerConfig config_;
  nlohmann::json json_;
  std::shared_ptr<OfficialTransformer> policy_;
};

// Rows that are padded on the left, from their first real tick on; behind the last one it is read again.
at::Tensor from_the_left(const at::Tensor& x_BTX, const at::Tensor& mask_BT) {
  const at::Tensor padding_B1 = kWindow - mask_BT.sum(1, true).to(at::kLong);
  at::Tensor from_BT = (at::arange(kWindow) + padding_B1).clamp_max(kWindow - 1);
  if (x_BTX.dim() == 2) return x_BTX.gather(1, from_BT);
  return x_BTX.gather(1, from_BT.unsqueeze(-1).expand({-1, -1, x_BTX.size(2)}));
}

// The recorded batch: states and returns to go are scaled already, which a policy that is not fitted leaves alone.
policy::Batch recorded_batch() {
  const at::Tensor mask_BT = tensor_of("batch_mask");
  const auto read = [&](const std::string& name) {
    return from_the_left(tensor_of("batch_" + name), mask_BT).to(at::kFloat);
  };
  const int64_t rows = mask_BT.size(0);
  policy::Batch batch;
  policy::Ticks& seen = batch.seen;
  seen.states_BTS = read("states");
  seen.actions_BTA = read("actions");
  seen.ticks_BT = read("timesteps").to(at::kLong);
  seen.mask_BT = (at::arange(kWindow) < mask_BT.sum(1, true)).to(at::kFloat);
  // A day that comes to nothing has gone into debt by what is to go, in units of a par of 2,000 conversions.
  const at::Tensor to_go_BT1 = from_the_left(tensor_of("batch_rtg").slice(1, 0, kWindow), mask_BT).to(at::kFloat);
  seen.before_BTO = at::constant_pad_nd(-to_go_BT1, {kValue, kNumOutcomes - kValue - 1});
  seen.constraint_BC = at::tensor({static_cast<float>(kScale), 1.0F}).expand({rows, 2});
  batch.outcome_BO = at::zeros({rows, kNumOutcomes});
  batch.label_BTA = seen.actions_BTA;
  batch.label_weight_BT = seen.mask_BT;
  batch.weight_B1 = at::ones({rows, 1});
  return batch;
}

// All but those that embed rewards and predict states and returns.
TEST_F(OfficialTransformerGolden, HasTheParametersThatAreTrained) {
  int64_t never = 0;
  for (size_t j = 0; j < official().size(); ++j) {
    if (is_never_trained(name(j))) never += value(j).numel();
  }
  EXPECT_EQ(never, (64 + 64) + (16 * 64 + 16) + (64 + 1));
  EXPECT_EQ(policy::num_parameters(*policy_) + never, json_["n_params"].get<int64_t>());
}

// What PyTorch draws has the same sums of squares, to six standard deviations of a sum of squares of uniform numbers
// (of normal ones for the table of ticks, whose fourth moment is larger).
TEST_F(OfficialTransformerGolden, WeightsBeginAsPyTorchDrawsThem) {
  torch::manual_seed(7);
  const OfficialTransformer fresh(config_, policy::PolicyShape{kFeatures, 1, {}});
  for (size_t j = 0; j < official().size(); ++j) {
    if (is_never_trained(name(j))) continue;
    const double sum = ours(fresh, name(j)).square().sum().item<double>();
    const double expected = json_["seeded_init_sum_sumsq"][name(j)][1].get<double>();
    const auto count = static_cast<double>(value(j).numel());
    // Uniform on +-a: mean of squares a^2 / 3, their deviation 2 a^2 / sqrt(45) = 0.894 of the mean; normal: 1.414.
    const double share = 6.0 * std::sqrt(2.0) * (name(j).starts_with("embed_timestep") ? 1.414 : 0.894);
    EXPECT_NEAR(sum, expected, share * std::max(sum, expected) / std::sqrt(count)) << name(j);
  }
}

// The action at the state token, and with the weights of the heads that are not here what stands at the action token.
TEST_F(OfficialTransformerGolden, PredictsWhatItPredicts) {
  const torch::NoGradGuard no_grad;
  policy_->eval();
  const policy::Batch batch = recorded_batch();
  const at::Tensor to_go_BT1 = -batch.seen.before_BTO.slice(2, kValue, kValue + 1);
  const at::Tensor hidden_BTnD =
      network().forward(to_go_BT1, batch.seen.states_BTS, batch.seen.actions_BTA, batch.seen.ticks_BT, nullptr);
  const at::Tensor at_action_BTD = hidden_BTnD.select(2, transformer::OfficialNetworkImpl::kAction);
  const auto head = [&](const std::string& which) {
    return at::linear(at_action_BTD, value(which + ".weight"), value(which + ".bias"));
  };
  const at::Tensor real_BT = batch.seen.mask_BT.to(at::kBool);
  for (const auto& [what, found] : {std::pair<std::string, at::Tensor>{"action", network().actions_BTA(hidden_BTnD)},
                                    {"state", head("predict_state")},
                                    {"return", head("predict_return")}}) {
    const at::Tensor expected =
        from_the_left(tensor_of("eval_" + what + "_preds"), tensor_of("batch_mask")).to(at::kFloat);
    const double scale = expected.abs().max().item<double>();
    const double error = (found - expected).abs().amax(-1).masked_select(real_BT).max().item<double>();
    EXPECT_LE(error, 2e-6 * scale) << what << ", of scale " << scale;
  }
}

// AdamW, clipping at 0.25, a warm-up over 10,000 steps, five steps on the batch.
TEST_F(OfficialTransformerGolden, LearnsStepByStepWhatItLearns) {
  const policy::Batch batch = recorded_batch();
  policy_->train();
  train::AdamW optimizer(policy::grouped_parameters(*policy_)[0], {.weight_decay = 1e-4, .clip_norm = 0.25});
  for (size_t step = 0; step < 5; ++step) {
    at::Generator noise = at::detail::createCPUGenerator(1);
    const auto losses = policy_->losses({static_cast<int64_t>(step), noise}, 0, batch);
    ASSERT_EQ(losses.size(), 1U);
    optimizer.backward(losses[0].value);
    optimizer.set_rate(1e-4 * train::schedule_share(static_cast<int64_t>(step), 10'000, 10'000, 0.05));
    const double norm = optimizer.step().item<double>();
    const double expected_loss = json_["losses_dropout_off_5_steps"][step].get<double>();
    const double expected_norm = json_["grad_norm_before_clip"][step].get<double>();
    EXPECT_LE(relative(losses[0].value.item<double>(), expected_loss), 1.2e-7) << "step " << step;
    EXPECT_LE(relative(norm, expected_norm), 3e-7) << "step " << step;
  }
  for (size_t j = 0; j < official().size(); ++j) {
    const at::Tensor after = is_never_trained(name(j)) ? value(j).to(at::kFloat) : ours(*policy_, name(j)).detach();
    const auto& expected = json_["params_sum_sumsq_after_5"][name(j)];
    const at::Tensor exact = after.to(at::kDouble);
    EXPECT_NEAR(exact.sum().item<double>(), expected[0].get<double>(), 3e-7) << name(j);
    EXPECT_NEAR(exact.square().sum().item<double>(), expected[1].get<double>(), 3e-7) << name(j);
  }
}

// A day is played: it reads the last ten ticks, its own answers among them, and asks for 4 all day, since what came of
// the recorded day is nothing.
TEST_F(OfficialTransformerGolden, AnswersADayTickByTick) {
  const torch::NoGradGuard no_grad;
  policy_->eval();
  set_buffer("mean", tensor_of("state_mean"));
  set_buffer("scale", tensor_of("state_std"));
  const at::Tensor states_TS = tensor_of("eval_traj_states").to(at::kFloat);
  const at::Tensor expected_T = tensor_of("eval_traj_actions");
  ASSERT_EQ(tensor_of("eval_traj_prerewards").abs().max().item<double>(), 0.0);
  const double scale = expected_T.abs().max().item<double>();
  const int64_t window = policy_->window();
  std::vector<at::Tensor> carry = policy_->initial_carry(1);
  for (int64_t now = 0; now < states_TS.size(0); ++now) {
    const int64_t first = std::max<int64_t>(0, now + 1 - window);
    const at::Tensor tick_BT = (first + at::arange(window)).unsqueeze(0);
    policy::Ticks history;
    history.states_BTS = states_TS.index_select(0, tick_BT.flatten().clamp_max(now)).unsqueeze(0);
    history.actions_BTA = at::full({1, window, 1}, 77.0);  // what became of its answers is not read
    history.before_BTO = at::zeros({1, window, kNumOutcomes});
    history.ticks_BT = tick_BT;
    history.mask_BT = tick_BT.le(now).to(at::kFloat);
    history.constraint_BC = at::tensor({2900.0F, 100.0F}).view({1, 2});
    const policy::Action action = policy_->act(history, at::zeros({1, kNumOutcomes}), {}, carry);
    carry = action.carry;
    const double answer = carry[0].flatten()[-1].item<double>();
    const double expected = expected_T[now].item<double>();
    EXPECT_NEAR(answer, expected, 3e-6 * scale) << "tick " << now;
    EXPECT_FLOAT_EQ(action.coefficients_BA.item<float>(), static_cast<float>(std::max(answer, 0.0)));
  }
}

// --- Its data: days cut at the first tick that is marked done, windows that start inside ---------------------------

class OfficialWindows : public OfficialTransformerGolden {
 protected:
  void SetUp() override {
    OfficialTransformerGolden::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const std::string path = test::find_vector("rldata/training_data_all-rlData.csv");
    if (path.empty()) {
      if (test::under_ci()) FAIL() << "missing test vector: rldata/training_data_all-rlData.csv";
      GTEST_SKIP() << "test vector not in this clone: rldata/training_data_all-rlData.csv";
    }
    const test::TemporaryFolder folder;
    data::IngestConfig config;
    config.input = {path};
    config.output = folder.path("s.h5");
    config.settings.features = "auctionnet16";
    ASSERT_TRUE(data::ingest(config));
    days_ = std::make_unique<train::Dataset>(train::load_store(config.output), std::vector<int64_t>{0, 1},
                                             train::Reward::kRealised, c10::kCPU, train::Labels::kLogged,
                                             train::CountedTicks::kDone);
    ASSERT_EQ(days_->num_trajectories(), 96);
  }

  // The file holds period 1 before period 0, and a store holds them in order.
  static int64_t trajectory_of(int64_t in_file) { return (in_file + 48) % 96; }
  // Trajectories are drawn by their place in the order of returns.
  static int64_t trajectory_of_index(int64_t index) {
    return trajectory_of(tensor_of("sorted_inds")[index].item<int64_t>());
  }

  std::unique_ptr<train::Dataset> days_;
};

TEST_F(OfficialWindows, DaysHaveItsLengthsReturnsAndScales) {
  for (int64_t i = 0; i < 96; ++i) {
    const int64_t m = trajectory_of(i);
    EXPECT_EQ(days_->lengths()[static_cast<size_t>(m)], tensor_of("traj_lens")[i].item<int64_t>()) << i;
    const policy::Batch day = days_->batch({{m, 0, 1}}, 1);
    const at::Tensor par = day.seen.constraint_BC[0][0] / day.seen.constraint_BC[0][1];
    EXPECT_NEAR((day.outcome_BO[0][kValue] * par).item<double>(), tensor_of("returns")[i].item<double>(), 1e-6) << i;
  }
  policy_->fit(days_->training_columns());
  // Counts reach 2,000 here, p-values 1e-4: shares of 1e-6, as float32 keeps them.
  EXPECT_TRUE(at::allclose(policy_->named_buffers()["mean"].to(at::kDouble), tensor_of("state_mean"), 1e-6, 1e-12));
  EXPECT_TRUE(at::allclose(policy_->named_buffers()["scale"].to(at::kDouble), tensor_of("state_std"), 1e-6, 1e-12));
}

TEST_F(OfficialWindows, BatchesAreItsBatches) {
  policy_->fit(days_->training_columns());
  std::vector<train::Window> windows;
  for (size_t b = 0; b < json_["batch"]["start_t"].size(); ++b) {
    const int64_t m = trajectory_of_index(json_["batch"]["dataset_index"][b].get<int64_t>());
    const auto start = json_["batch"]["start_t"][b].get<int64_t>();
    windows.push_back({m, start, std::min(kWindow, days_->lengths()[static_cast<size_t>(m)] - start)});
  }
  const policy::Batch found = days_->batch(windows, kWindow);
  const policy::Batch expected = recorded_batch();
  const at::Tensor mask_BT1 = expected.seen.mask_BT.unsqueeze(-1);
  const auto same = [&](const at::Tensor& x_BTX, const at::Tensor& y_BTX, double tolerance) {
    return at::allclose(x_BTX * mask_BT1, y_BTX * mask_BT1, tolerance, tolerance);
  };
  EXPECT_TRUE(at::equal(found.seen.mask_BT, expected.seen.mask_BT));
  EXPECT_TRUE(at::equal(found.label_weight_BT, expected.seen.mask_BT));
  EXPECT_TRUE(same(found.seen.actions_BTA, expected.seen.actions_BTA, 0.0));
  EXPECT_TRUE(same(found.label_BTA, expected.label_BTA, 0.0));
  const at::Tensor capped_BT = found.seen.ticks_BT.clamp_max(config_.trained_ticks - 1);
  EXPECT_TRUE(same(capped_BT.unsqueeze(-1), expected.seen.ticks_BT.unsqueeze(-1), 0.0));
  const auto buffers = policy_->named_buffers();
  EXPECT_TRUE(same((found.seen.states_BTS - buffers["mean"]) / buffers["scale"], expected.seen.states_BTS, 1e-5));
  const at::Tensor& constraint_BC = found.seen.constraint_BC;
  const at::Tensor par_B11 = (constraint_BC.select(1, 0) / constraint_BC.select(1, 1)).view({-1, 1, 1});
  const at::Tensor to_go_BT1 = policy::to_go_BTO(found.seen, found.outcome_BO).slice(2, kValue, kValue + 1);
  EXPECT_TRUE(same(to_go_BT1 * par_B11 / kScale, -expected.seen.before_BTO.slice(2, kValue, kValue + 1), 1e-9));
  EXPECT_GT((to_go_BT1 * mask_BT1).max().item<double>(), 0.0);
  const at::Tensor recorded_mask_BT = tensor_of("batch_mask");
  const at::Tensor rewards_BT1 = from_the_left(tensor_of("batch_rewards"), recorded_mask_BT);
  const at::Tensor gained_BT1 = found.gained_BTO.slice(2, kValue, kValue + 1);
  EXPECT_TRUE(same((gained_BT1 * par_B11 / kScale).to(at::kDouble), rewards_BT1, 1e-9));
  const at::Tensor dones_BT = from_the_left(tensor_of("batch_dones"), recorded_mask_BT).to(at::kFloat);
  EXPECT_TRUE(same((1.0 - found.goes_on_BT).unsqueeze(-1), dones_BT.unsqueeze(-1), 0.0));

  // Fitted on these days, the loss of the window is that of the recorded batch: states, returns to go and capped ticks
  // go through the policy's own scales.
  at::Generator noise = at::detail::createCPUGenerator(1);
  const double loss = policy_->losses({0, noise}, 0, found)[0].value.item<double>();
  EXPECT_LE(relative(loss, json_["losses_dropout_off_5_steps"][0].get<double>()), 3e-7);
}

// 96,000 draws: a trajectory of 45 of 4,260 ticks 1,014 times, give or take 5 deviations of a count; a start inside it
// as often as any other.
TEST_F(OfficialWindows, AreDrawnByLengthAndStartAnywhereInside) {
  const train::WindowSampler sampler(*days_, kWindow, false, 1, train::Starts::kInside);
  constexpr int64_t kDraws = 96'000;
  std::map<int64_t, int64_t> by_trajectory;
  std::map<int64_t, int64_t> by_start;
  for (int64_t draw = 0; draw < kDraws; ++draw) {
    const train::Window window = sampler.window(draw / 32, draw % 32);
    const int64_t length = days_->lengths()[static_cast<size_t>(window.trajectory)];
    EXPECT_EQ(window.count, std::min(kWindow, length - window.start));
    ++by_trajectory[window.trajectory];
    ++by_start[window.start];
  }
  for (int64_t index = 0; index < 96; ++index) {
    const double expected = kDraws * tensor_of("p_sample")[index].item<double>();
    EXPECT_NEAR(static_cast<double>(by_trajectory[trajectory_of_index(index)]), expected, 5.0 * std::sqrt(expected));
  }
  const double ticks = tensor_of("traj_lens").sum().item<double>();
  for (int64_t start = 0; start < 48; ++start) {
    const double days = tensor_of("traj_lens").gt(start).sum().item<double>();
    const double expected = kDraws * days / ticks;
    EXPECT_NEAR(static_cast<double>(by_start[start]), expected, 5.0 * std::sqrt(expected)) << start;
  }
}

}  // namespace
}  // namespace genbid::models
