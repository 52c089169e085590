#pragma once

#include <memory>
#include <string>

#include "policy/policy.h"
#include "train/checkpoint.h"

namespace genbid {

struct LoadedPolicy {
  std::shared_ptr<Policy> policy;
  CheckpointInfo info;
  std::string model;       // its name in the registry
  std::string checkpoint;  // the folder it came from
};

// `path`: a checkpoint, or a run folder (its latest checkpoint).
LoadedPolicy load_checkpoint(const std::string& path, Weights weights);

}  // namespace genbid
