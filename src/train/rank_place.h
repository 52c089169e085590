#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace genbid::train {

// Which of a training's processes this one is, and where they meet.
struct RankPlace {
  int64_t rank = 0;
  int64_t size = 1;
  int64_t local_rank = 0;  // among those of this machine: which GPU is its own
  std::string address;     // of the machine at which they meet
  int port = 0;
  bool hosted = false;  // somebody else listens there (a launcher); else the first rank does
  std::string name;     // of this attempt: ranks of another one at the same address are strangers
  std::string from;     // the variables that said so, for people
};

using Variables = std::function<std::optional<std::string>(const std::string& name)>;

// What the process was started as, by its environment: torchrun and Kubernetes' training operators (RANK, WORLD_SIZE,
// LOCAL_RANK, MASTER_ADDR, MASTER_PORT), a Kubernetes indexed Job (JOB_COMPLETION_INDEX with WORLD_SIZE), srun
// (SLURM_PROCID, SLURM_STEP_NUM_TASKS or SLURM_NTASKS, SLURM_LOCALID; without MASTER_ADDR they meet at the step's first
// machine) or Open MPI (OMPI_COMM_WORLD_*). Nothing if none of them started it, or just this one process. Error where
// variables contradict each other or one is missing.
//
// The script of a Slurm job has SLURM_NTASKS as well, although it is one process: without MASTER_ADDR that variable
// alone means nothing.
std::optional<RankPlace> place_from(const Variables& variables);
std::optional<RankPlace> place_from_environment();

// NAME= for each of these variables: what a process is given that is no rank of the training that starts it.
std::vector<std::string> no_rank_variables();

}  // namespace genbid::train
