#pragma once

#include <string>
#include <utility>
#include <vector>

namespace genbid::runs {

// What a file or folder is, as lines of a name and a text, and what `operators` adds.
struct Inspection {
  std::string what;  // "bundle", "checkpoint", "trajectory store", "tape", ...
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<std::string> operators;

  std::string text() const;
  std::string json() const;
};

// `genbid inspect` as a function. `path`: a bundle or a folder of them, a checkpoint, a training's folder (either also
// of campaigns), or one of the program's HDF5 files. `operators`: of a bundle, which they are. Error for anything else.
Inspection inspect(const std::string& path, bool operators);

}  // namespace genbid::runs
