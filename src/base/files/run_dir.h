#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace genbid {

// The folder of one run: config.yaml, log.txt, metrics.jsonl, checkpoints/.
class RunDir {
 public:
  // A new run: Error if the folder exists and holds a run already (the message says how to go on: resume it
  // or take another name). Writes config.yaml.
  static RunDir create(const std::string& path, const std::string& config_yaml);
  // A run to be resumed: Error if there is none.
  static RunDir open(const std::string& path);
  // The run that the folder holds, whose config.yaml is left as it is, or a new one. Throws an Error if the folder has
  // a config.yaml with another text but no run: that file is somebody's own.
  static RunDir open_or_create(const std::string& path, const std::string& config_yaml);

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const;
  // Error if the folder is away, as a shared one may be for a while: nothing must be made in its place.
  void require() const;
  // Checkpoint folders, oldest first. Only names that checkpoint_path() makes are listed, so no unfinished ones.
  std::vector<std::string> checkpoints() const;
  std::string checkpoint_path(int64_t step) const;  // checkpoints/step-00000100
  // Removes the oldest checkpoints so that `keep` of them remain, and `also`, a path, which may be empty; and what
  // killed writers left.
  void prune_checkpoints(int64_t keep, const std::string& also = {}) const;

 private:
  explicit RunDir(std::string path);
  std::string path_;
};

}  // namespace genbid
