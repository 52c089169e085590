#include <gtest/gtest.h>

#include <filesystem>

#include "app/command.h"
#include "runs/train_run.h"
#include "models/registry.h"

namespace genbid::app {
namespace {

// Every file in configs/ loads as what its `kind` says, and its resolved form reads back to itself.
TEST(Configs, EveryFileLoadsAndItsResolvedFormReadsBack) {
  const Command commands[] = {ingest_command(),   simulate_command(), train_command(),
                              evaluate_command(), ablate_command(),   relabel_command()};
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("configs")) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path().string());
    const ConfigFile file = ConfigFile::load(entry.path().string());
    bool known = false;
    for (const Command& command : commands) {
      if (file.kind() != command.name) continue;
      known = true;
      const std::string resolved = command.resolve(file);
      EXPECT_EQ(command.resolve(ConfigFile::parse(resolved, "resolved")), resolved);
    }
    EXPECT_TRUE(known) << file.kind();
    ++count;
  }
  EXPECT_GE(count, 5);
}

// 12,422 more than AuctionNet's Decision Diffuser (16,608,657): 22 features in place of 16, a channel for the mask of
// known ticks and a second condition.
TEST(Configs, TheOfficialDiffBidHasTheOfficialSize) {
  runs::TrainRunConfig config;
  ConfigFile::load("configs/diffbid_official.yaml").read(config);
  const auto policy = models::make_policy(config.model, {22, 1}, 1);
  EXPECT_EQ(policy::num_parameters(*policy), 16621079);
}

// 257,938 but for 1,233 that are never trained. The file says what the defaults are, so that either is the baseline.
TEST(Configs, TheOfficialTransformerIsTheOfficial) {
  runs::TrainRunConfig config;
  ConfigFile::load("configs/decision_transformer_official.yaml").read(config);
  const auto policy = models::make_policy(config.model, {16, 1}, 1);
  EXPECT_EQ(policy::num_parameters(*policy), 257938 - 1233);
  EXPECT_EQ(print_config(config.model, ""), print_config(models::ModelConfig::named("official_transformer"), ""));
}

}  // namespace
}  // namespace genbid::app
