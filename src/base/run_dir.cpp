#include "base/run_dir.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"

namespace genbid {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStep = "step-";

// "step-00000100", and nothing behind it: a temporary is no checkpoint.
bool is_checkpoint(const std::string& name) {
  if (!name.starts_with(kStep) || name.size() < kStep.size() + 8) return false;
  return std::all_of(name.begin() + kStep.size(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool holds_run(const std::string& path) { return fs::exists(path + "/config.yaml"); }

}  // namespace

RunDir::RunDir(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
}

RunDir RunDir::create(const std::string& path, const std::string& config_yaml) {
  RunDir run(path);
  if (holds_run(run.path_)) {
    throw Error(run.path_ + ": holds a run already; resume it, or take another name for the new one");
  }
  std::error_code error;
  fs::create_directories(run.path_, error);
  if (error) throw Error(run.path_ + ": cannot create the folder: " + error.message());
  write_file(run.file("config.yaml"), config_yaml);
  return run;
}

RunDir RunDir::open(const std::string& path) {
  RunDir run(path);
  if (!holds_run(run.path_)) {
    const char* found = fs::exists(run.path_) ? "found no config.yaml in it" : "no such folder";
    throw Error(run.path_ + ": " + found + ", expected the folder of a run");
  }
  return run;
}

std::string RunDir::file(const std::string& name) const { return path_ + "/" + name; }

std::vector<std::string> RunDir::checkpoints() const {
  std::vector<std::string> names;
  const std::string folder = file("checkpoints");
  std::error_code error;
  if (!fs::exists(folder)) return names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (is_checkpoint(name) && entry.is_directory()) names.push_back(name);
  }
  if (error) throw Error(folder + ": cannot read: " + error.message());
  // A step of nine digits comes after all of eight.
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  for (std::string& name : names) name.insert(0, folder + "/");
  return names;
}

std::string RunDir::checkpoint_path(int64_t step) const {
  char name[40];
  std::snprintf(name, sizeof(name), "checkpoints/step-%08lld", static_cast<long long>(step));
  return file(name);
}

void RunDir::prune_checkpoints(int64_t keep) const {
  remove_leftovers(file("checkpoints"));
  const std::vector<std::string> all = checkpoints();
  for (size_t i = 0; i + static_cast<size_t>(std::max<int64_t>(keep, 0)) < all.size(); ++i) remove_folder(all[i]);
}

}  // namespace genbid
