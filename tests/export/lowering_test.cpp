#include "export/lowering.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "export/agreement.h"
#include "export/day_columns.h"
#include "export/example_days.h"
#include "export/fusion.h"
#include "graph/carry_buffers.h"
#include "graph/operators.h"
#include "graph/program.h"

namespace genbid::exporting {
namespace {

graph::Graph exported(policy::Policy& policy) { return fused(lowered(trace_act(policy, test::kShape))); }

class Lowering : public ::testing::TestWithParam<std::string> {};

// Over a day, from the first tick to the last, each side going on with what it carried itself. A float has 6e-8 of its
// number; sums of some hundred of them in another order are off by some 1e-6. What a sampler makes goes through the
// network again at each level, and a bisection stops at another place.
TEST_P(Lowering, SaysWhatThePolicySays) {
  const auto policy = test::fitted_policy(GetParam());
  const auto program = std::make_shared<const graph::Program>(exported(*policy));
  const double tolerance = policy->noise_size() > 1 ? 1e-4 : 1e-5;
  for (const int64_t rows : {1, 2, 3, 48}) {
    const Agreement agreement = compare_over_a_day(*policy, test::kSeen, test::kDayTicks, program, rows, rows);
    EXPECT_LE(agreement.largest, tolerance) << rows << " rows";
    EXPECT_EQ(agreement.decisions, test::kDayTicks);
  }
}

// What no day looks like: features far from those that were fitted, any ticks, pasts of any length, a random carry.
TEST_P(Lowering, SaysWhatThePolicySaysOfRandomNumbers) {
  const torch::NoGradGuard no_grad;
  const auto policy = test::fitted_policy(GetParam());
  const auto program = std::make_shared<const graph::Program>(exported(*policy));
  const graph::Graph& graph = program->graph();
  at::Generator generator = at::detail::createCPUGenerator(4);
  const auto random = [&](const at::Tensor& like) { return at::randn(like.sizes(), generator); };
  const double tolerance = policy->noise_size() > 1 ? 1e-4 : 1e-5;
  for (const int64_t rows : {1, 2, 3, 48}) {
    ExampleDays days(*policy, test::kSeen, test::kDayTicks, rows, rows);
    policy::Ticks history = days.history();
    const int64_t window = history.ticks_BT.size(1);
    history.states_BTS = history.states_BTS + random(history.states_BTS) * (1.0 + history.states_BTS.abs());
    history.actions_BTA = 100.0 * random(history.actions_BTA).exp();
    history.before_BTO = random(history.before_BTO);
    history.ticks_BT = at::randint(0, test::kDayTicks, {rows, window}, generator, at::kLong);
    const at::Tensor known_B1 = at::randint(1, window + 1, {rows, 1}, generator, at::kLong);
    history.mask_BT = (at::arange(window) < known_B1).to(at::kFloat);
    history.constraint_BC = history.constraint_BC * random(history.constraint_BC).exp();
    const at::Tensor wishes_BO = random(days.wishes_BO());
    const at::Tensor noise_BN = random(days.noise_BN());
    std::vector<at::Tensor> carry = policy->initial_carry(rows);
    for (at::Tensor& one : carry) one = random(one);

    const policy::Action expected = policy->act(history, wishes_BO, noise_BN, carry);
    graph::Workspace workspace(program, rows);
    write_inputs(workspace, inputs_of(graph, history, wishes_BO, noise_BN, carry));
    workspace.run(rows);
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      const std::string& name = graph.outputs()[i].name;
      const at::Tensor right =
          name == "coefficients" ? expected.coefficients_BA : expected.carry.at(std::stoul(name.substr(6)));
      const at::Tensor found = at::empty(right.sizes());
      ASSERT_EQ(to_signed(workspace.output(i).size()), right.numel());
      std::ranges::copy(workspace.output(i), found.mutable_data_ptr<float>());
      const double largest = std::max(1e-6, right.abs().max().item<double>());
      EXPECT_LE((found - right).abs().max().item<double>(), tolerance * largest) << name << ", " << rows << " rows";
    }
  }
}

// Where carries move nothing is computed otherwise, so every bit is the same.
TEST_P(Lowering, CarriesThatMoveChangeNothing) {
  const torch::NoGradGuard no_grad;
  const auto policy = test::fitted_policy(GetParam());
  const graph::Graph graph = exported(*policy);
  constexpr int64_t kRows = 3;
  graph::Workspace copied(std::make_shared<const graph::Program>(graph), kRows);
  graph::Workspace moving(std::make_shared<const graph::Program>(graph, graph::best_target(), graph::Carries::kMoving),
                          kRows);
  const std::vector<graph::MovingCarry>& carries = moving.program().moving_carries();
  std::vector<at::Tensor> carry = policy->initial_carry(kRows);
  // Keys and values of past ticks move; plans that are begun with, and what a model keeps of its own, do not.
  ASSERT_EQ(carries.size(), GetParam().starts_with("decision_transformer") ? carry.size() : 0U);
  if (carries.empty()) return;
  graph::CarryBuffers buffers(moving);
  ExampleDays days(*policy, test::kSeen, test::kDayTicks, kRows, 5);
  while (!days.ended()) {
    const auto inputs = inputs_of(graph, days.history(), days.wishes_BO(), days.noise_BN(), carry);
    write_inputs(copied, inputs);
    write_inputs(moving, inputs);
    copied.run(kRows);
    moving.run(kRows);
    buffers.move_on();
    at::Tensor coefficients_BA;
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      const std::span<const float> expected = copied.output(i);
      const auto moved = std::find_if(carries.begin(), carries.end(), [i](const auto& one) { return one.output == i; });
      if (moved == carries.end()) {
        const std::span<const float> found = moving.output(i);
        EXPECT_TRUE(std::ranges::equal(found, expected)) << graph.outputs()[i].name << ", tick " << days.tick();
        coefficients_BA = at::empty(graph.value(graph.outputs()[i].value).shape.sizes(kRows));
        std::ranges::copy(expected, coefficients_BA.mutable_data_ptr<float>());
        continue;
      }
      const auto index = static_cast<size_t>(moved - carries.begin());
      for (int64_t row = 0; row < kRows; ++row) {
        const std::vector<float> window = buffers.window(index, row);
        ASSERT_EQ(window.size() * kRows, expected.size());
        EXPECT_TRUE(std::ranges::equal(window, expected.subspan(to_size(row) * window.size(), window.size())))
            << graph.outputs()[i].name << ", tick " << days.tick() << ", row " << row;
      }
      at::Tensor& left = carry.at(std::stoul(graph.outputs()[i].name.substr(std::string("carry.").size())));
      left = at::empty(left.sizes());
      std::ranges::copy(expected, left.mutable_data_ptr<float>());
    }
    days.bid(coefficients_BA);
  }
}

// Weights have the names that checkpoints have for them, so that others find them.
TEST_P(Lowering, ConstantsHaveTheNamesOfParameters) {
  const auto policy = test::fitted_policy(GetParam());
  const graph::Graph graph = exported(*policy);
  std::set<std::string> names;
  for (const graph::Constant& constant : graph.constants()) names.insert(constant.name);
  for (const auto& item : policy->named_parameters()) {
    const std::string& name = item.key();
    const auto has = [&name](const char* part) { return name.find(part) != std::string::npos; };
    // Attention's three matrices lie in one parameter, of which parts are used; a response that only teaches is not.
    // What only depends on the denoising level is computed at once, and so is the rest of it where nothing is asked.
    if (has("query_key_value") || has("film") || name.starts_with("response.") || has("denoiser.level_")) continue;
    if (policy->wishes().empty() && (has("denoiser.condition_") || has(".embed."))) continue;
    if (GetParam() == "diffbid.ablate" && name.starts_with("denoiser.")) continue;  // it bids without its plan
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, Lowering, ::testing::ValuesIn(test::policy_variants()),
                         [](const auto& tested) { return test::variant_name(tested.param); });

// --- What cannot be exported -----------------------------------------------------------------------------------------

class Toy : public policy::Policy {
 public:
  using Act = at::Tensor (*)(const policy::Ticks&);
  explicit Toy(Act function) : act_(function) {}
  void fit(const policy::TrainingColumns& /*columns*/) override {}
  int64_t window() const override { return 2; }
  std::vector<policy::LossPart> losses(const policy::Step& /*step*/, size_t /*group*/,
                                       const policy::Batch& /*batch*/) override {
    return {};
  }
  std::vector<policy::LossPart> held_out_losses(const policy::Batch& /*batch*/, at::Generator& /*noise*/) override {
    return {};
  }
  std::vector<at::Tensor> initial_carry(int64_t rows) const override {
    if (!carries) return {};
    return {at::ones({rows, 1})};
  }
  bool act_needs_gradients() const override { return needs_gradients; }
  policy::Action act(const policy::Ticks& history, const at::Tensor& /*wishes_BO*/, const at::Tensor& /*noise_BN*/,
                     const std::vector<at::Tensor>& carry) override {
    return {act_(history), carry};
  }
  bool carries = false;
  bool needs_gradients = false;

 private:
  Act act_;
};

std::string error_of(Toy& policy) {
  try {
    exported(policy);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(LoweringErrors, NameAnOperatorOutsideTheTable) {
  Toy policy([](const policy::Ticks& ticks) { return ticks.states_BTS.cumsum(1).select(1, 1).slice(1, 0, 1); });
  EXPECT_EQ(error_of(policy),
            "export: aten::cumsum: found an operator outside the table, expected one in it (the tables are "
            "in src/export/lowering_*.cpp)");
}

TEST(LoweringErrors, FindANumberOfRows) {
  Toy policy([](const policy::Ticks& ticks) {
    return ticks.states_BTS.view({ticks.states_BTS.size(0), -1}).slice(1, 0, 1);
  });
  EXPECT_EQ(error_of(policy), "export: aten::view: found a number of rows in a shape, expected -1");
  Toy mixes([](const policy::Ticks& ticks) { return ticks.states_BTS.select(0, 1).slice(1, 0, 1); });
  EXPECT_EQ(error_of(mixes), "export: aten::select: found one of the rows, expected all of them");
}

TEST(LoweringErrors, RefuseWhatAGraphCannotHold) {
  Toy policy([](const policy::Ticks& ticks) { return ticks.states_BTS.select(1, 0).slice(1, 0, 1); });
  policy.needs_gradients = true;
  EXPECT_EQ(error_of(policy),
            "export: found a policy that computes gradients when it acts, expected one that does not");
  policy.needs_gradients = false;
  policy.carries = true;
  EXPECT_EQ(error_of(policy),
            "export: found a policy that begins a day with something else than zeros, expected zeros of float32");
}

// --- What is made simpler --------------------------------------------------------------------------------------------

TEST(Lowering, ComputesWhatDependsOnNoInputAndNothingTwice) {
  Toy policy([](const policy::Ticks& ticks) {
    const at::Tensor weights_S = at::arange(22, at::kFloat).exp().reciprocal();  // no operator of the table
    const at::Tensor sum_B1 = (ticks.states_BTS.select(1, 0) * weights_S).sum(1, true);
    const at::Tensor again_B1 = (ticks.states_BTS.select(1, 0) * weights_S).sum(1, true);
    return sum_B1 + again_B1;
  });
  const graph::Graph graph = exported(policy);
  EXPECT_EQ(graph.constants().size(), 1);
  int64_t products = 0;
  for (const graph::Node& node : graph.nodes()) products += node.op == graph::Op::kMul ? 1 : 0;
  EXPECT_EQ(products, 1);
}

TEST(Lowering, LeavesOutInputsThatAreNotRead) {
  Toy policy([](const policy::Ticks& ticks) { return ticks.constraint_BC.slice(1, 0, 1); });
  const graph::Graph graph = exported(policy);
  ASSERT_EQ(graph.inputs().size(), 1);
  EXPECT_EQ(graph.inputs()[0].name, "constraint");
}

TEST(Fusion, FindsMish) {
  Toy policy([](const policy::Ticks& ticks) {
    const at::Tensor x = ticks.constraint_BC;
    const at::Tensor e = x.clamp_max(20.0).exp();
    const at::Tensor n = e * (e + 2.0);
    return (x * (n / (n + 2.0))).slice(1, 0, 1);
  });
  const graph::Graph graph = exported(policy);
  ASSERT_EQ(graph.nodes().size(), 2);
  EXPECT_EQ(graph.nodes()[0].op, graph::Op::kMish);
  EXPECT_EQ(graph.nodes()[1].op, graph::Op::kSlice);
}

// Another number in its place is something else.
TEST(Fusion, LeavesWhatOnlyLooksLikeMish) {
  Toy policy([](const policy::Ticks& ticks) {
    const at::Tensor x = ticks.constraint_BC;
    const at::Tensor e = x.clamp_max(20.0).exp();
    const at::Tensor n = e * (e + 2.5);
    return (x * (n / (n + 2.0))).slice(1, 0, 1);
  });
  const graph::Graph graph = exported(policy);
  for (const graph::Node& node : graph.nodes()) EXPECT_NE(node.op, graph::Op::kMish);
}

}  // namespace
}  // namespace genbid::exporting
