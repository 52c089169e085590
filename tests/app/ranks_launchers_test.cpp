#include <sys/wait.h>
#include <yaml-cpp/yaml.h>

#include <thread>

#include "app/ranks_training.h"

// Ranks as launchers start them: examples/cluster, and what stands there for data sets, evaluations and experiments.

namespace genbid::app {
namespace {

namespace fs = std::filesystem;
using test::free_port;
using test::Program;
using test::Words;

class RanksLaunchers : public test::RanksTraining {};

// examples/cluster, with stand-ins for Slurm's programs: srun starts two tasks, and ends the others once one has
// ended with an error, as it does by --kill-on-bad-exit or --wait; scontrol says what it was asked.
TEST_F(RanksLaunchers, TheExamplesForSlurmWork) {
  const std::string tools = out("tools");
  fs::create_directories(tools);
  write_file(tools + "/srun",
             "#!/usr/bin/env bash\nwhile [[ $1 == --* ]]; do shift; done\nexport SLURM_STEP_NUM_TASKS=2 "
             "SLURM_STEP_NODELIST=127.0.0.1 SLURM_STEP_ID=0 SLURM_JOB_ID=$$\n"
             "SLURM_PROCID=0 SLURM_LOCALID=0 \"$@\" & first=$!\nSLURM_PROCID=1 SLURM_LOCALID=1 \"$@\" & second=$!\n"
             "wait -n $first $second\nstatus=$?\n((status == 0)) || { sleep 0.1; kill -9 $first $second; } "
             "2>/dev/null\nwait\n"
             "exit $status\n");
  write_file(tools + "/scontrol", "#!/usr/bin/env bash\necho \"$@\" >'" + out("scontrol.txt") + "'\n");
  for (const char* tool : {"/srun", "/scontrol"}) fs::permissions(tools + tool, fs::perms::owner_all);
  const auto sbatch = [&](const std::string& script, const Words& words) {
    std::string command = "PATH='" + tools + "':\"$PATH\" SLURM_JOB_ID=77 bash examples/cluster/" + script;
    for (const std::string& word : words) command += " '" + word + "'";
    command += " >'" + out("sbatch.txt") + "' 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  const auto without_verb = [](const Words& words) { return Words(words.begin() + 1, words.end()); };
  must(logged("one", {"train.accumulate=2"}));
  ASSERT_EQ(sbatch("train.sbatch", without_verb(logged("two"))), 0) << text("sbatch.txt");
  expect_equal_weights("one", "two", "step-00000040");
  EXPECT_FALSE(fs::exists(out("scontrol.txt")));
  std::thread killer([&] {
    const bool begun = test::wait_for([&] { return fs::exists(out("stopped/checkpoints/step-00000010")); });
    if (begun) std::system(("pkill -TERM -n -f '^[^ ]*genbid train .*" + out("stopped") + "'").c_str());
  });
  EXPECT_EQ(sbatch("train.sbatch", without_verb(logged("stopped", {"train.steps=100000"}))), 128 + SIGTERM);
  killer.join();
  EXPECT_EQ(text("scontrol.txt"), "requeue 77\n");

  write_experiment();
  for (const char* index : {"1", "0"}) {
    ::setenv("SLURM_ARRAY_TASK_ID", index, 1);
    ::setenv("SHARDS", "2", 1);
    ASSERT_EQ(sbatch("generate.sbatch", {"market.periods=1000..1003", "market.impressions=2000",
                                         "market.budget_scale=0.004", "output.dir=" + out("set")}),
              0)
        << text("sbatch.txt");
    ASSERT_EQ(sbatch("evaluate.sbatch",
                     {"configs/evaluate.yaml", "policy=[pid]", "market.population=rules48", "market.impressions=2000",
                      "market.budget_scale=0.004", "market.periods=22..23", "output.dir=" + out("eval")}),
              0)
        << text("sbatch.txt");
    ASSERT_EQ(sbatch("ablate.sbatch", {out("ablate.yaml"), "dir=" + out("experiments")}), 0) << text("sbatch.txt");
    ::unsetenv("SLURM_ARRAY_TASK_ID");
    ::unsetenv("SHARDS");
  }
  EXPECT_TRUE(fs::exists(out("set/trajectories.h5")));
  EXPECT_TRUE(fs::exists(out("eval/result.json")));
  EXPECT_TRUE(fs::exists(out("experiments/small/table.json")));
}

TEST_F(RanksLaunchers, TheExampleForOpenMpiWorks) {
  if (std::system("mpirun --version 2>&1 | grep -q 'Open MPI'") != 0) {
    GTEST_SKIP() << "no mpirun of Open MPI (Debian's openmpi-bin)";
  }
  must(logged("one", {"train.accumulate=2"}));
  std::string command = "MPIRUN='mpirun --allow-run-as-root --oversubscribe' PORT=" + std::to_string(free_port()) +
                        " bash examples/cluster/mpirun.sh";
  const Words words = logged("two");
  for (size_t i = 1; i < words.size(); ++i) command += " '" + words[i] + "'";
  EXPECT_EQ(std::system((command + " >'" + out("mpirun.txt") + "' 2>&1").c_str()), 0) << text("mpirun.txt");
  expect_equal_weights("one", "two", "step-00000040");
}

// What Kubernetes would be given: the pods' command is one of this program's, with settings that it knows.
TEST_F(RanksLaunchers, TheExamplesForKubernetesAreWellFormed) {
  for (const std::string file : {"train", "generate"}) {
    bool job = false;
    for (const YAML::Node& document : YAML::LoadAllFromFile("examples/cluster/" + file + ".kubernetes.yaml")) {
      if (document["kind"].as<std::string>() != "Job") continue;
      job = true;
      EXPECT_EQ(document["spec"]["completionMode"].as<std::string>(), "Indexed");
      Words words;
      for (const YAML::Node& word : document["spec"]["template"]["spec"]["containers"][0]["command"]) {
        words.push_back(word.as<std::string>());
      }
      std::string command = words.back();
      if (words[0] == "genbid") {
        command.clear();
        for (const std::string& word : words) command += (command.empty() ? "" : " ") + word;
      } else {
        ASSERT_EQ(command.substr(0, 5), "exec ");
        command = command.substr(5);
      }
      const size_t verb = command.find(' ');
      const size_t rest = command.find(' ', verb + 1);
      command = "JOB_COMPLETION_INDEX=3; \"$GENBID_PROGRAM\" config" + command.substr(rest) + " >/dev/null";
      EXPECT_EQ(std::system(command.c_str()), 0) << command;
    }
    EXPECT_TRUE(job) << file;
  }
}

// PyTorch's own launcher starts them, and again when one of them is killed.
TEST_F(RanksLaunchers, TorchrunStartsThem) {
  must(logged("one", {"train.accumulate=2", "train.steps=400"}));
  std::string command = "TORCHRUN='bash tests/peer_torch.sh -m torch.distributed.run --master-port " +
                        std::to_string(free_port()) + "' bash examples/cluster/torchrun.sh";
  const Words words = logged("two", {"train.steps=400"});
  for (auto word = words.begin() + 1; word != words.end(); ++word) command += " '" + *word + "'";
  command += " >'" + out("torchrun.txt") + "' 2>&1";
  std::thread killer([&] {
    const bool begun = test::wait_for([&] { return fs::exists(out("two/checkpoints/step-00000020")); });
    // Not torchrun itself, whose command line has the words as well.
    if (begun) std::system(("pkill -9 -n -f '^[^ ]*genbid train .*" + out("two") + "'").c_str());
  });
  const int status = std::system(command.c_str());
  killer.join();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77 && std::getenv("GENBID_PEERS") == nullptr) {
    GTEST_SKIP() << "found no Python with torch";
  }
  EXPECT_EQ(status, 0) << text("torchrun.txt");
  EXPECT_NE(text("two/log.txt").find("resumed from"), std::string::npos) << text("torchrun.txt");
  expect_equal_weights("one", "two", "step-00000400");
}

}  // namespace
}  // namespace genbid::app
