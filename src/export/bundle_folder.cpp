#include "export/bundle_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/file_lock.h"
#include "base/files/paths.h"
#include "base/shown.h"

namespace genbid::exporting {

namespace fs = std::filesystem;

namespace {

bool is_version(const std::string& version) {
  const bool plain = !version.empty() && version.size() <= 128 && version.front() != '.' && version.front() != '-' &&
                     std::all_of(version.begin(), version.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                              c == '-' || c == '_';
                     });
  const auto has = [&version](const char* part) { return version.find(part) != std::string::npos; };
  // Taken are names of files beside the bundle, of folders above it, and of what killed exports leave.
  const bool taken =
      version == serve::kCurrentFile || version == serve::kBundleFile || has("..") || has(".tmp-") || has(".old-");
  return plain && !taken;
}

// Whether its line names a bundle that is there, or was before somebody removed it.
bool names_a_bundle(const std::string& current, const std::string& output) {
  std::string name = read_file(current);
  if (name.ends_with('\n')) name.pop_back();
  const std::string named = output + "/" + name;
  return is_version(name) && (!is_there(named) || serve::is_bundle(named));
}

// Whether it is a training's folder or one of its checkpoints: readers would take a bundle in it for the training.
bool is_of_a_training(const std::string& folder) {
  std::error_code ignored;
  const std::string checkpoints = folder + "/checkpoints";
  if (fs::is_directory(checkpoints, ignored) && !serve::is_bundle(checkpoints)) return true;
  const std::string config = folder + "/config.yaml";
  if (!fs::is_regular_file(config, ignored)) return false;
  std::ifstream file(config);
  std::string line;
  return std::getline(file, line) && line == "kind: train";
}

}  // namespace

void check_output(const std::string& output) {
  if (!is_of_a_training(output)) return;
  throw ConfigError("output: found " + path_text(output) +
                    ", which is the folder of a training; expected another folder");
}

void check_version(const std::string& version) {
  if (is_version(version)) return;
  throw ConfigError("version: found '" + shown(version) +
                    "', expected a name of letters, digits, '-', '_' and '.' that begins with none of '-' and '.'");
}

void check_current(const std::string& output) {
  const std::string current = output + "/" + serve::kCurrentFile;
  require_regular_file(current);
  if (!is_there(current) || fs::is_empty(current) || names_a_bundle(current, output)) return;
  throw Error(current +
              ": found a file that names no bundle beside it, expected nothing, or one that does to replace (move it "
              "away, or take another output)");
}

void refuse_other_content(const std::string& folder) {
  throw Error(folder +
              ": found a bundle with another content, expected no such version; a version is never "
              "overwritten: give another one (version=NAME), or none");
}

std::vector<serve::BundleFile> files_in(const std::string& folder) {
  std::vector<serve::BundleFile> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string path = entry.path().string();
    files.push_back(
        {entry.path().filename().string(), static_cast<int64_t>(entry.file_size()), file_content_hash(path)});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

int64_t bytes_in(const std::string& folder) {
  int64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += static_cast<int64_t>(entry.file_size());
  }
  return bytes;
}

FolderLock::FolderLock(const std::string& folder) {
  check_output(folder);
  fs::create_directories(folder);
  file_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file_ < 0) throw Error(folder + ": cannot open: " + std::strerror(errno));
  if (lock_file(file_, folder, std::chrono::seconds(60))) {
    remove_leftovers(folder);  // of exports that were killed
    return;
  }
  ::close(file_);
  throw Error(folder + ": found another export at work in it, expected none");
}

FolderLock::~FolderLock() { ::close(file_); }

}  // namespace genbid::exporting
