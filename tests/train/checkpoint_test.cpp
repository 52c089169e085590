#include "train/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <torch/utils.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

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
  return models::make_policy(config, {22, 1}, seed);
}

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() : policy_(make(8, 1)), ema_(policy::trainable_parameters(*policy_), 0.9) {
    for (const policy::NamedTensors& group : policy::grouped_parameters(*policy_))
      optimizers_.emplace_back(group, AdamWOptions{});
    const torch::NoGradGuard no_grad;
    for (const at::Tensor& average : ema_.averages()) at::Tensor(average).fill_(0.5);
    info_.step = 12;
    info_.shape = {22, 1};
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

  // The checkpoint with another state.json, of an older program that does not say what its files hold.
  void change_state(const std::function<void(nlohmann::json&)>& change) const {
    auto state = nlohmann::json::parse(read_file(path_ + "/state.json"));
    state.erase("files");
    change(state);
    write_file(path_ + "/state.json", state.dump());
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

// What is wrong with a value of state.json, each in a checkpoint of its own.
TEST_F(CheckpointTest, EachValueOfItsStateIsChecked) {
  struct Wrong {
    const char* key;
    const char* value;
    const char* error;  // after the file
  };
  const Wrong kAll[] = {
      {"step", "-1", "step: found -1, expected a whole number from 0 to 1000000000"},
      {"step", "9223372036854775808", "step: found 9223372036854775808, expected a whole number from 0 to 1000000000"},
      {"step", "1e300", "step: found 1e+300, expected a whole number from 0 to 1000000000"},
      {"step", "\"2\"", "step: found \"2\", expected a whole number from 0 to 1000000000"},
      {"ticks", "0", "ticks: found 0, expected a whole number from 1 to 96"},
      {"ticks", "1000000000", "ticks: found 1000000000, expected a whole number from 1 to 96"},
      {"num_features", "-1", "num_features: found -1, expected the 22 of constraint"},
      {"num_features", "21", "num_features: found 21, expected the 22 of constraint"},
      {"num_actions", "0", "num_actions: found 0, expected a whole number from 1 to 2"},
      {"num_actions", "2147483648", "num_actions: found 2147483648, expected a whole number from 1 to 2"},
      {"feature_set", "\"x\"", "feature_set: found 'x', expected one of auctionnet16, auctionnet16_frozen, constraint"},
      {"reward", "\"x\"", "reward: found 'x', expected one of expected, realised"},
      {"feature_ranges", "null", "feature_ranges: found null, expected a list"},
      {"feature_ranges", "[[0, 1]]", "feature_ranges: found 1, expected one for each of 22 features, or none"},
      {"feature_ranges", "[[1, 0]]", "feature_ranges[0]: found [1,0], expected a lowest and a highest number"},
      {"stores", "null", "stores: found null, expected a list"},
      {"stores", "[3]", "stores[0]: found 3, expected an object"},
      {"judged_periods", "[1, \"2\"]", "judged_periods[1]: found \"2\", expected a whole number"},
      {"ranks", "0", "ranks: found 0, expected a whole number from 1 to 1000000"},
      {"files", "3", "files: found 3, expected an object"},
  };
  const std::string whole = read_file(path_ + "/state.json");
  for (const Wrong& one : kAll) {
    change_state([&](nlohmann::json& state) { state[one.key] = nlohmann::json::parse(one.value); });
    expect_error([&] { policy::read_checkpoint_info(path_); }, path_ + "/state.json: damaged: " + one.error);
    write_file(path_ + "/state.json", whole);
  }
  for (const char* key : {"format", "version", "step", "num_features", "num_actions", "feature_set", "reward"}) {
    change_state([&](nlohmann::json& state) { state.erase(key); });
    expect_error([&] { policy::read_checkpoint_info(path_); },
                 path_ + "/state.json: damaged: " + key + ": found nothing, expected ");
    write_file(path_ + "/state.json", whole);
  }
}

// Without a feature set nothing else says how many there are.
TEST_F(CheckpointTest, AShapeIsNoLargerThanItsWeights) {
  change_state([](nlohmann::json& state) {
    state["feature_set"] = "";
    state["num_features"] = int64_t{1} << 40;
  });
  const auto most = std::filesystem::file_size(path_ + "/model.safetensors") / 4;
  expect_error([&] { policy::read_checkpoint_info(path_); },
               "num_features: found 1099511627776, expected a whole number from 0 to " + std::to_string(most));
}

TEST_F(CheckpointTest, APipeOrADeviceIsNoFileOfIt) {
  change_state([](nlohmann::json& /*state*/) {});
  for (const char* name : {"/state.json", "/model.safetensors", "/trainer.safetensors", "/config.yaml"}) {
    const std::string file = path_ + name;
    std::filesystem::rename(file, file + ".whole");
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    expect_error([&] { policy::read_checkpoint_info(path_); }, file + ": found a pipe, expected a file");
    std::filesystem::remove(file);
    std::filesystem::create_symlink("/dev/zero", file);
    expect_error([&] { policy::read_checkpoint_info(path_); }, file + ": found a device, expected a file");
    std::filesystem::remove(file);
    std::filesystem::rename(file + ".whole", file);
  }
  EXPECT_EQ(policy::read_checkpoint_info(path_).step, 12);
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
