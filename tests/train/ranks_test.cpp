#include "train/ranks.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <thread>

#include "base/convert.h"
#include "base/error.h"
#include "base/gpu.h"
#include "base/temporary_folder.h"
#include "models/decision_transformer/decision_transformer.h"
#include "models/diffbid/diffbid.h"
#include "models/perceptron/perceptron.h"
#include "models/registry.h"
#include "train/held_out.h"
#include "train/objective.h"
#include "train/samples.h"
#include "train/stepper.h"
#include "train/trainer.h"

namespace genbid::train {
namespace {

using test::small_store;

// Runs fn at so many ranks, each on a thread. The first error of one of them is thrown on.
void at_ranks(int64_t size, const RanksOptions& options, const std::function<void(Ranks&)>& fn) {
  const MeetingPoint point;
  std::vector<std::exception_ptr> errors(to_size(size));
  std::vector<std::thread> threads;
  for (int64_t r = 0; r < size; ++r) {
    threads.emplace_back([&, r] {
      try {
        RankPlace place;
        place.rank = r;
        place.size = size;
        place.address = "127.0.0.1";
        place.port = point.port();
        place.hosted = true;
        place.name = "test";
        const std::unique_ptr<Ranks> ranks = meet(place, options);
        fn(*ranks);
      } catch (...) {
        errors[to_size(r)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

TEST(RanksTest, SumsCopiesAndTextsComeToAll) {
  for (const bool fixed_order : {false, true}) {
    at_ranks(3, {.fixed_order = fixed_order}, [](Ranks& ranks) {
      const auto r = as_double(ranks.rank());
      const at::Tensor values = at::tensor({1.0, r, r * r});
      ranks.sum(values);
      EXPECT_TRUE(values.equal(at::tensor({3.0, 3.0, 5.0}))) << values;
      const at::Tensor copied = at::full({2, 2}, r + 7.0);
      ranks.copy_from_first(copied);
      EXPECT_TRUE(copied.equal(at::full({2, 2}, 7.0)));
      const std::vector<std::string> texts = ranks.gather(std::string(to_size(ranks.rank()), 'x'));
      EXPECT_EQ(texts, (std::vector<std::string>{"", "x", "xx"}));
      EXPECT_EQ(ranks.highest(-ranks.rank()), 0);
      EXPECT_TRUE(ranks.any(ranks.rank() == 2));
      EXPECT_FALSE(ranks.any(false));
      EXPECT_EQ(ranks.copy_from_first(int64_t{40} + ranks.rank()), 40);
    });
  }
}

// (1e8 + 1) - 1e8 in floats: the order shows.
TEST(RanksTest, InAFixedOrderSumsAreThoseOfOneProcess) {
  at_ranks(4, {.fixed_order = true}, [](Ranks& ranks) {
    const at::Tensor value = at::tensor({std::vector<float>{1e8F, 1.0F, -1e8F, 3.0F}[to_size(ranks.rank())]});
    ranks.sum(value);
    EXPECT_EQ(value.item<float>(), ((1e8F + 1.0F) + -1e8F) + 3.0F);
  });
}

// In a process of its own: loading LibTorch's CUDA half changes what it says of devices.
TEST(RanksDeathTest, NcclWithoutAGpuSaysWhatIsMissing) {
  if (test::shows_a_gpu()) GTEST_SKIP() << "this machine has a GPU (ranks_gpu_tests)";
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto meet_by_nccl = [] {
    try {
      at_ranks(1, {.timeout = std::chrono::seconds(5), .backend = RankBackend::kNccl}, [](Ranks&) {});
    } catch (const Error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      std::_Exit(3);
    }
    std::_Exit(0);
  };
  // Where LibTorch came with its CUDA half alone, the libraries that it needs are missing; else the GPU is.
  EXPECT_EXIT(meet_by_nccl(), ::testing::ExitedWithCode(3),
              "train.backend: found nccl, and its plugin does not load|no GPUs found");
}

// The first rank's process is stopped before it has answered anybody: connections to it are made by its system.
TEST(RanksTest, AFirstRankThatNeverAnswersIsAnError) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const RankPlace place{1, 2, 1, "127.0.0.1", ntohs(address.sin_port), false, "test", "test"};
  try {
    meet(place, {.timeout = std::chrono::seconds(1)});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("rank 1 of 2 (test): cannot meet the others"), std::string::npos)
        << error.what();
  }
  ::close(listener);
}

TEST(RanksTest, ARankThatLeavesOrStallsIsAnError) {
  const auto start = std::chrono::steady_clock::now();
  try {
    at_ranks(2, {.timeout = std::chrono::seconds(2)}, [](Ranks& ranks) {
      ranks.sum(at::zeros({1}));
      if (ranks.rank() == 1) return;  // and its connections are closed
      ranks.sum(at::zeros({1}));
    });
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("rank 0 of 2: another rank is lost"), std::string::npos) << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  EXPECT_THROW(at_ranks(2, {.timeout = std::chrono::seconds(2)},
                        [](Ranks& ranks) {
                          if (ranks.rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(4));
                          ranks.sum(at::zeros({1}));
                        }),
               Error);
}

TEST(RanksTest, ARankThatNeverComesIsAnErrorWithTheAddress) {
  const MeetingPoint point;
  RankPlace place{1, 2, 0, "127.0.0.1", point.port(), true, "test", "RANK=1, WORLD_SIZE=2"};
  try {
    meet(place, {.timeout = std::chrono::seconds(1)});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("rank 1 of 2 (RANK=1, WORLD_SIZE=2): cannot meet the others at 127.0.0.1:"), std::string::npos)
        << text;
  }
}

// One policy's weights after some steps.
class RanksSteps : public ::testing::Test {
 protected:
  RanksSteps() : days_(small_store({5, 5, 3, 4}, 5), {7}, Reward::kExpected, c10::kCPU) {
    config_.steps = 12;
    config_.batch_size = 8;
    config_.warmup_steps = 3;
    config_.learning_rate = 0.01;
  }

  std::vector<at::Tensor> trained(policy::Policy& policy, int64_t parts, Ranks& ranks) const {
    LoggedWindows windows(days_, policy, config_.batch_size, parts, config_.seed);
    Stepper stepper(config_, policy, windows, ranks);
    for (int64_t step = 0; step < config_.steps; ++step) stepper.run(step, config_.steps);
    std::vector<at::Tensor> values;
    for (const at::Tensor& one : policy.parameters()) values.push_back(one.detach().clone());
    for (const at::Tensor& one : stepper.ema().averages()) values.push_back(one.clone());
    values.push_back(at::full({}, stepper.window().take().front().second, at::kDouble));
    return values;
  }

  Dataset days_;
  TrainConfig config_;
};

void expect_equal(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(tolerance == 0.0 ? a[i].equal(b[i]) : a[i].allclose(b[i], tolerance, tolerance))
        << i << ": apart by " << (a[i] - b[i]).abs().max().item<double>();
  }
}

std::shared_ptr<policy::Policy> transformer() {
  models::DecisionTransformerConfig config;
  config.window = 3;
  config.width = 16;
  config.inner = 32;
  config.layers = 1;
  config.dropout = 0.2;
  return models::make_policy(config, {2, 1}, 1);
}

std::shared_ptr<policy::Policy> diffbid() {
  models::DiffBidConfig config;
  config.ticks = 8;
  config.width = 8;
  config.levels = 4;
  return models::make_policy(config, {2, 1}, 1);
}

// One a rank, made before there are threads: initial weights come from LibTorch's own generator.
template <typename Make>
auto made(const Make& make, int64_t size) {
  std::vector<decltype(make())> policies;
  for (int64_t r = 0; r < size; ++r) policies.push_back(make());
  return policies;
}

// Dropout, drawn levels and two groups of parameters: random numbers belong to parts, whoever has them.
TEST_F(RanksSteps, TwoRanksAreOneWithAsManyPartsBitForBit) {
  for (const auto& make : {transformer, diffbid}) {
    const auto alone = make();
    alone->fit(days_.training_columns());
    const std::vector<at::Tensor> expected = trained(*alone, 2, one_rank());
    for (const bool fixed_order : {true, false}) {  // of two numbers the sum is the same in either order
      const auto policies = made(make, 2);
      at_ranks(2, {.fixed_order = fixed_order}, [&](Ranks& ranks) {
        policy::Policy& policy = *at(policies, ranks.rank());
        policy.fit(days_.training_columns());
        expect_equal(trained(policy, 2, ranks), expected, 0.0);
      });
    }
  }
}

TEST_F(RanksSteps, FourRanksAreOneWithAsManyPartsInAFixedOrder) {
  const auto alone = transformer();
  const std::vector<at::Tensor> expected = trained(*alone, 4, one_rank());
  const auto policies = made(transformer, 4);
  at_ranks(4, {.fixed_order = true},
           [&](Ranks& ranks) { expect_equal(trained(*at(policies, ranks.rank()), 4, ranks), expected, 0.0); });
}

// Without noise, whoever cuts the batch: nothing but the order of sums differs, 1e-7 of a float a step.
TEST_F(RanksSteps, RanksAreTheWholeBatch) {
  const auto make = [] { return models::make_policy(models::PerceptronConfig(), {2, 1}, 1); };
  const std::vector<at::Tensor> expected = trained(*make(), 1, one_rank());
  for (const int64_t size : {2, 3}) {
    const auto policies = made(make, size);
    at_ranks(size, {}, [&](Ranks& ranks) {
      expect_equal(trained(*at(policies, ranks.rank()), 2 * ranks.size(), ranks), expected, 1e-5);
    });
  }
}

TEST_F(RanksSteps, HeldOutPeriodsAreSharedOut) {
  const Dataset both(small_store({5, 5, 3, 4}, 5), {7, 8}, Reward::kExpected, c10::kCPU);
  const auto policies = made(diffbid, 3);  // which forecasts, and draws
  for (const auto& policy : policies) policy->fit(both.training_columns());
  const std::vector<HeldOutPeriod> expected = evaluate_held_out(*policies[0], both);
  ASSERT_EQ(expected.size(), 2U);
  ASSERT_FALSE(expected[0].forecast_error.empty());
  at_ranks(3, {}, [&](Ranks& ranks) {
    const std::vector<HeldOutPeriod> result = evaluate_held_out(*at(policies, ranks.rank()), both, ranks);
    ASSERT_EQ(result.size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(result[i].period, expected[i].period);
      EXPECT_EQ(result[i].loss, expected[i].loss);
      EXPECT_EQ(result[i].action_error, expected[i].action_error);
      EXPECT_EQ(result[i].forecast_error, expected[i].forecast_error);
    }
  });
}

// Whatever made them differ, nothing is saved of it.
TEST_F(RanksSteps, WeightsThatDriftApartAreAnError) {
  const test::TemporaryFolder folder;
  const RunDir run = RunDir::create(folder.path("run"), "kind: train\n");
  const auto policies = made(transformer, 2);
  {
    const at::NoGradGuard no_grad;
    policies[1]->parameters().back().add_(1e-6);
  }
  std::string error = "none";
  try {
    at_ranks(2, {}, [&](Ranks& ranks) {
      policy::Policy& policy = *at(policies, ranks.rank());
      LoggedWindows windows(days_, policy, config_.batch_size, 2, config_.seed);
      policy::CheckpointInfo info;
      info.shape = {2, 1};
      Trainer trainer(config_, policy, windows, nullptr, ranks.first() ? &run : nullptr, info, "kind: train\n", ranks);
      trainer.run();
    });
  } catch (const Error& e) {
    error = e.what();
  }
  EXPECT_NE(error.find("step 12: rank 1 has other weights than the first rank"), std::string::npos) << error;
  EXPECT_TRUE(run.checkpoints().empty());
}

}  // namespace
}  // namespace genbid::train
