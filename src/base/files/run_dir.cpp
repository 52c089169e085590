#include "base/files/run_dir.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/files/raw_file.h"

namespace genbid {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStep = "step-";

std::string checkpoint_name(int64_t step) {
  char name[40];
  std::snprintf(name, sizeof(name), "%s%08lld", kStep.data(), static_cast<long long>(step));
  return name;
}

// The step of "step-00000100"; nothing for any other name, such as a temporary's or a number that no step has.
std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kStep)) return {};
  int64_t step = 0;
  std::from_chars(name.data() + kStep.size(), name.data() + name.size(), step);
  if (step < 0 || checkpoint_name(step) != name) return {};
  return step;
}

// Whether there is a folder. Throws an Error if something else has that name or it cannot be looked at.
bool is_folder(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return true;
    throw Error(path + ": found a file, expected a folder");
  }
  if (errno != ENOENT) fail_io(path, "open", errno);
  std::error_code ignored;
  if (fs::is_symlink(fs::symlink_status(path, ignored))) {
    throw Error(path + ": found a link to nothing, expected a folder");
  }
  return false;
}

bool is_there(const std::string& path) {
  std::error_code ignored;  // the folder it lies in was looked at before
  return fs::exists(fs::symlink_status(path, ignored));
}

// The system finds "a/../b" only where a exists; making a to get there would leave a folder that nobody asked for.
void check_steps_back(const std::string& path) {
  fs::path so_far;
  for (const fs::path& part : fs::path(path)) {
    if (part == ".." && !so_far.empty() && !is_folder(so_far.string())) {
      throw Error(path + ": found '..' behind " + so_far.string() + ", which is not there");
    }
    so_far /= part;
  }
}

}  // namespace

RunDir::RunDir(std::string path) : path_(std::move(path)) {
  if (path_.empty()) throw Error("found an empty path, expected the folder of a run");
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
}

RunDir RunDir::create(const std::string& path, const std::string& config_yaml) {
  RunDir run(path);
  if (is_folder(run.path_) && is_there(run.file("config.yaml"))) {
    throw Error(run.path_ + ": holds a run already; resume it, or take another name for the new one");
  }
  check_steps_back(run.path_);
  std::error_code error;
  fs::create_directories(run.path_, error);
  if (error) throw Error(run.path_ + ": cannot create the folder: " + error.message());
  write_file(run.file("config.yaml"), config_yaml);
  return run;
}

RunDir RunDir::open(const std::string& path) {
  RunDir run(path);
  const bool exists = is_folder(run.path_);
  if (!exists || !is_there(run.file("config.yaml"))) {
    const char* found = exists ? "found no config.yaml in it" : "no such folder";
    throw Error(run.path_ + ": " + found + ", expected the folder of a run");
  }
  return run;
}

RunDir RunDir::open_or_create(const std::string& path, const std::string& config_yaml) {
  RunDir run(path);
  const std::string config = run.file("config.yaml");
  if (!is_folder(run.path_) || !is_there(config)) return create(path, config_yaml);
  const bool began = is_there(run.file("log.txt")) || is_there(run.file("checkpoints"));
  if (!began && read_file(config) != config_yaml) {
    throw Error(config +
                ": found a config that no run has written, beside no log or checkpoint; expected a folder without one "
                "(take another run=NAME)");
  }
  return run;
}

void RunDir::require() const {
  std::error_code fault;
  if (!fs::is_regular_file(file("config.yaml"), fault)) {
    throw Error(path_ + ": the run's folder, with its config.yaml, is not there" +
                (fault && fault != std::errc::no_such_file_or_directory ? " (" + fault.message() + ")" : ""));
  }
}

std::string RunDir::file(const std::string& name) const { return path_ + "/" + name; }

std::vector<std::string> RunDir::checkpoints() const {
  const std::string folder = file("checkpoints");
  if (!is_folder(folder)) return {};
  std::vector<int64_t> steps;
  std::error_code error;
  std::error_code ignored;  // of a link that leads nowhere
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::optional<int64_t> step = step_of(entry->path().filename().string());
    if (step && entry->is_directory(ignored)) steps.push_back(*step);
  }
  if (error) throw Error(folder + ": cannot read: " + error.message());
  std::sort(steps.begin(), steps.end());
  std::vector<std::string> paths;
  for (const int64_t step : steps) paths.push_back(checkpoint_path(step));
  return paths;
}

std::string RunDir::checkpoint_path(int64_t step) const { return file("checkpoints/" + checkpoint_name(step)); }

void RunDir::prune_checkpoints(int64_t keep, const std::string& also) const {
  remove_leftovers(file("checkpoints"));
  const std::vector<std::string> all = checkpoints();
  for (size_t i = 0; i + to_size(std::max<int64_t>(keep, 0)) < all.size(); ++i) {
    if (all[i] != also) remove_folder(all[i]);
  }
}

}  // namespace genbid
