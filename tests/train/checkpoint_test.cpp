#include "train/checkpoint.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <filesystem>
#include <functional>
#include <limits>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/temporary_folder.h"
#include "models/perceptron/perceptron.h"
#include "models/registry.h"

namespace genbid::train {
namespace {

std::shared_ptr<policy::Policy> make(int64_t width, int64_t seed) {
  models::PerceptronConfig config;
  config.width = width;
  return models::make_policy(config, {4, 1}, seed);
}

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() : policy_(make(8, 1)), ema_(policy::trainable_parameters(*policy_), 0.9) {
    for (const policy::NamedTensors& group : policy::grouped_parameters(*policy_))
      optimizers_.emplace_back(group, AdamWOptions{});
    const torch::NoGradGuard no_grad;
    for (const at::Tensor& average : ema_.averages()) at::Tensor(average).fill_(0.5);
    info_.step = 12;
    info_.shape = {4, 1};
    info_.observation = {"constraint", "expected"};
    info_.stores = {{"auctionnet", {7, 8}, {21}, "[]", "a"}, {"own 1", {3}, {}, "", "b"}};
    save_checkpoint(path_, info_, "kind: train\n", *policy_, ema_, optimizers_);
  }

  static void expect_error(const std::function<void()>& call, const std::string& part) {
    try {
      call();
      FAIL() << "expected an error with: " << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/step-00000012";
  std::shared_ptr<policy::Policy> policy_;
  Ema ema_;
  std::vector<AdamW> optimizers_;
  policy::CheckpointInfo info_;
};

TEST_F(CheckpointTest, CarriesWhatThePolicyHasSeen) {
  const policy::CheckpointInfo info = policy::read_checkpoint_info(path_);
  EXPECT_EQ(info.step, 12);
  EXPECT_EQ(info.observation.feature_set, "constraint");
  ASSERT_EQ(info.stores.size(), 2U);
  EXPECT_EQ(info.stores[0].train_periods, (std::vector<int64_t>{7, 8}));
  EXPECT_EQ(info.stores[0].held_out_periods, (std::vector<int64_t>{21}));
  EXPECT_EQ(info.stores[0].data, "a");
  EXPECT_EQ(info.stores[1].days, "own 1");
  EXPECT_EQ(info.stores[1].train_periods, (std::vector<int64_t>{3}));
}

TEST_F(CheckpointTest, RawWeightsComeBackEqual) {
  const auto other = make(8, 2);
  policy::load_policy(path_, *other, policy::Weights::kRaw);
  const auto a = policy_->parameters();
  const auto b = other->parameters();
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i], b[i]));
}

TEST_F(CheckpointTest, AveragesAreLoadedOnRequest) {
  const auto other = make(8, 2);
  policy::load_policy(path_, *other, policy::Weights::kEma);
  for (const at::Tensor& p : other->parameters()) EXPECT_TRUE(at::equal(p.detach(), at::full_like(p, 0.5)));
}

TEST_F(CheckpointTest, APolicyOfAnotherSizeIsRefusedWithBothShapes) {
  expect_error([&] { policy::load_policy(path_, *make(16, 1), policy::Weights::kRaw); },
               "found F32 [8], expected F32 [16]");
}

TEST_F(CheckpointTest, ATruncatedFileIsNamed) {
  const std::string file = path_ + "/model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  expect_error([&] { policy::load_policy(path_, *policy_, policy::Weights::kRaw); }, file);
}

TEST_F(CheckpointTest, AFolderWithoutStateIsNoCheckpoint) {
  expect_error([&] { policy::read_checkpoint_info(folder_.path()); }, "not a checkpoint");
}

TEST_F(CheckpointTest, DamagedStateIsNamed) {
  write_file(path_ + "/state.json", "{\"format\": ");
  expect_error([&] { policy::read_checkpoint_info(path_); }, path_ + "/state.json: damaged");
}

TEST_F(CheckpointTest, AnotherVersionIsRefused) {
  write_file(path_ + "/state.json", "{\"format\": \"genbid-checkpoint\", \"version\": 1}");
  expect_error([&] { policy::read_checkpoint_info(path_); },
               "found a checkpoint of version 1, expected version 2 (made by another program; train it again)");
}

TEST_F(CheckpointTest, KnowsTheTicksOfItsDays) {
  info_.ticks = 96;
  const std::string path = folder_.path() + "/step-00000013";
  save_checkpoint(path, info_, "kind: train\n", *policy_, ema_, optimizers_);
  EXPECT_EQ(policy::read_checkpoint_info(path).ticks, 96);
}

TEST_F(CheckpointTest, WithoutTicksItIsOfDaysOf48) {
  std::string state = read_file(path_ + "/state.json");
  const size_t begin = state.find("  \"ticks\"");
  ASSERT_NE(begin, std::string::npos);
  state.erase(begin, state.find('\n', begin) + 1 - begin);
  write_file(path_ + "/state.json", state);
  EXPECT_EQ(policy::read_checkpoint_info(path_).ticks, 48);
}

TEST_F(CheckpointTest, NumbersThatAreNotFiniteAreRefusedByTheirTensorsName) {
  const torch::NoGradGuard no_grad;
  policy_->parameters()[0].view(-1)[0] = std::numeric_limits<float>::quiet_NaN();
  const std::string path = folder_.path() + "/step-00000013";
  save_checkpoint(path, info_, "kind: train\n", *policy_, ema_, optimizers_);
  const std::string found =
      path + "/model.safetensors: tensor 'policy.network.0.weight': found numbers that are not finite";
  expect_error([&] { policy::load_policy(path, *make(8, 2), policy::Weights::kRaw); }, found);
  expect_error([&] { load_trainer(path, *make(8, 2), ema_, optimizers_); }, found);
}

}  // namespace
}  // namespace genbid::train
