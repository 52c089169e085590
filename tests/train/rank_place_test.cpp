#include "train/rank_place.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"

namespace genbid::train {
namespace {

std::optional<RankPlace> place(const std::map<std::string, std::string>& variables) {
  return place_from([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
}

std::string refusal(const std::map<std::string, std::string>& variables) {
  try {
    place(variables);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

void expect_place(const std::optional<RankPlace>& found, int64_t rank, int64_t size, int64_t local,
                  const std::string& address, int port) {
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rank, rank);
  EXPECT_EQ(found->size, size);
  EXPECT_EQ(found->local_rank, local);
  EXPECT_EQ(found->address, address);
  EXPECT_EQ(found->port, port);
}

TEST(RankPlaceTest, WithoutVariablesItIsOneProcess) {
  EXPECT_FALSE(place({}));
  EXPECT_FALSE(place({{"RANK", "0"}, {"WORLD_SIZE", "1"}}));
  // The script of a Slurm job with several tasks is one process.
  EXPECT_FALSE(place({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}, {"SLURM_JOB_ID", "77"}}));
}

TEST(RankPlaceTest, TorchrunAndKubernetes) {
  const std::map<std::string, std::string> torchrun = {{"RANK", "3"},
                                                       {"WORLD_SIZE", "4"},
                                                       {"LOCAL_RANK", "1"},
                                                       {"MASTER_ADDR", "node0"},
                                                       {"MASTER_PORT", "4001"},
                                                       {"TORCHELASTIC_RESTART_COUNT", "2"},
                                                       {"TORCHELASTIC_USE_AGENT_STORE", "True"}};
  expect_place(place(torchrun), 3, 4, 1, "node0", 4001);
  EXPECT_TRUE(place(torchrun)->hosted);
  EXPECT_EQ(place(torchrun)->name, "genbid--2---");
  const auto indexed = place(
      {{"JOB_COMPLETION_INDEX", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "job-0.job"}, {"MASTER_PORT", "4001"}});
  expect_place(indexed, 1, 2, 0, "job-0.job", 4001);
  EXPECT_FALSE(indexed->hosted);
}

TEST(RankPlaceTest, SlurmStepsMeetAtTheirFirstMachine) {
  std::map<std::string, std::string> step = {{"SLURM_PROCID", "5"},  {"SLURM_STEP_NUM_TASKS", "8"},
                                             {"SLURM_LOCALID", "1"}, {"SLURM_JOB_ID", "1234567"},
                                             {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NODELIST", "gpu[03-07,12],login"}};
  expect_place(place(step), 5, 8, 1, "gpu03", 20000 + 1234567LL * 31 % 10000);
  step["SLURM_STEP_NODELIST"] = "alpha,beta";
  EXPECT_EQ(place(step)->address, "alpha");
  step["SLURM_STEP_NODELIST"] = "single7";
  EXPECT_EQ(place(step)->address, "single7");
  step["SLURM_STEP_NODELIST"] = "rack[1-2]n[04-08]-ib,gpu1";
  EXPECT_EQ(place(step)->address, "rack1n04-ib");
  step["MASTER_ADDR"] = "given";
  step["MASTER_PORT"] = "5000";
  expect_place(place(step), 5, 8, 1, "given", 5000);
  expect_place(place({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "7"}}), 1, 2,
               0, "a", 7);
}

TEST(RankPlaceTest, OpenMpiNeedsAnAddress) {
  const std::map<std::string, std::string> mpi = {
      {"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}, {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}};
  EXPECT_EQ(refusal(mpi), "environment: MASTER_ADDR: not there; expected it to be the machine of the first rank");
  auto whole = mpi;
  whole["MASTER_ADDR"] = "a";
  whole["MASTER_PORT"] = "7000";
  expect_place(place(whole), 1, 2, 1, "a", 7000);
}

TEST(RankPlaceTest, VariablesThatContradictEachOtherAreErrors) {
  EXPECT_EQ(refusal({{"RANK", "0"}}), "environment: WORLD_SIZE: not there; expected it beside RANK");
  EXPECT_EQ(refusal({{"WORLD_SIZE", "2"}}), "environment: RANK: not there; expected it beside WORLD_SIZE");
  EXPECT_EQ(refusal({{"RANK", "2"}, {"WORLD_SIZE", "2"}}),
            "environment: RANK: found '2', expected a whole number from 0 to 1");
  EXPECT_EQ(refusal({{"RANK", "0x1"}, {"WORLD_SIZE", "2"}}),
            "environment: RANK: found '0x1', expected a whole number from 0 to 1");
  EXPECT_EQ(refusal({{"RANK", "0"}, {"WORLD_SIZE", "0"}}),
            "environment: WORLD_SIZE: found '0', expected a whole number from 1 to 1048576");
  EXPECT_EQ(refusal({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}}),
            "environment: MASTER_PORT: not there; expected it to be a free port of that machine");
  EXPECT_EQ(refusal({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "70000"}}),
            "environment: MASTER_PORT: found '70000', expected a whole number from 1 to 65535");
}

}  // namespace
}  // namespace genbid::train
