#include "base/atomic_file.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/raw_file.h"

namespace genbid {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".tmp-";  // NAME.tmp-PID-N

// Temporaries of this process. Another one with our process id is left over: ids come round again, and in a
// container they are the same at every start.
struct Live {
  std::mutex mutex;
  std::set<std::string> paths;
  int next = 0;
};

Live& live() {
  static Live instance;
  return instance;
}

std::string parent_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// The process id in `NAME.tmp-PID-N`, with any NAME where `name` is empty; 0 for any other entry.
pid_t writer_of(const std::string& entry, const std::string& name) {
  const size_t mark = entry.rfind(kMark);
  if (mark == std::string::npos || (!name.empty() && entry.compare(0, mark, name) != 0)) return 0;
  const char* const end = entry.data() + entry.size();
  int pid = 0;
  int number = 0;
  const auto first = std::from_chars(entry.data() + mark + kMark.size(), end, pid);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return 0;
  const auto second = std::from_chars(first.ptr + 1, end, number);
  return second.ec == std::errc() && second.ptr == end && pid > 0 ? pid : 0;
}

void remove_leftovers_of(const std::string& folder, const std::string& name) {
  std::error_code ignored;  // what cannot be listed or removed is in nobody's way
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const pid_t pid = writer_of(entry.path().filename().string(), name);
    if (pid == 0) continue;
    const bool ours = pid == ::getpid();
    if (ours) {
      const std::lock_guard lock(live().mutex);
      if (live().paths.contains(entry.path().filename().string())) continue;
    } else if (::kill(pid, 0) == 0 || errno != ESRCH) {
      continue;
    }
    fs::remove_all(entry.path(), ignored);
  }
}

void remove_leftovers_of(const std::string& path) {
  remove_leftovers_of(parent_of(path), fs::path(path).filename().string());
}

std::string new_temporary(const std::string& path) {
  Live& all = live();
  const std::lock_guard lock(all.mutex);
  std::string temporary = path + std::string(kMark) + std::to_string(::getpid()) + "-" + std::to_string(all.next++);
  all.paths.insert(fs::path(temporary).filename().string());
  return temporary;
}

void forget(const std::string& temporary) {
  const std::lock_guard lock(live().mutex);
  live().paths.erase(fs::path(temporary).filename().string());
}

void remove_temporary(const std::string& temporary) {
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  forget(temporary);
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(path + ": cannot create the folder: " + error.message());
}

void sync_path(const std::string& path) {
  RawFile file(path, O_RDONLY);
  file.sync();
}

void rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_io(to, "write", errno);
}

// "runs/a/" and "runs/a" are one folder; the temporary lies beside it, not in it.
std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

void remove_leftovers(const std::string& folder) { remove_leftovers_of(folder, {}); }

void remove_folder(const std::string& path) {
  const std::string aside = new_temporary(without_slash(path));
  try {
    rename_path(path, aside);
  } catch (const Error&) {
    forget(aside);
    throw;
  }
  remove_temporary(aside);
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  if (path_.empty()) throw Error("found an empty path, expected a file name");
  const fs::file_status status = fs::status(path_);
  if (fs::is_directory(status)) throw Error(path_ + ": found a folder, expected a file");
  // Renaming over /dev/stdout would replace the device.
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(path_ + ": found a device or pipe, expected a file");
  }
  make_folder(parent_of(path_));
  remove_leftovers_of(path_);
  temporary_ = new_temporary(path_);
  try {
    RawFile(temporary_, O_WRONLY | O_CREAT | O_EXCL);
  } catch (const Error&) {
    forget(temporary_);
    throw;
  }
}

AtomicFile::~AtomicFile() {
  if (!committed_) remove_temporary(temporary_);
}

void AtomicFile::commit() {
  sync_path(temporary_);
  rename_path(temporary_, path_);
  committed_ = true;
  forget(temporary_);
  sync_path(parent_of(path_));
}

AtomicFolder::AtomicFolder(std::string path) : path_(without_slash(std::move(path))) {
  if (path_.empty()) throw Error("found an empty path, expected a folder name");
  const fs::file_status status = fs::status(path_);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw Error(path_ + ": found a file, expected a folder");
  }
  make_folder(parent_of(path_));
  remove_leftovers_of(path_);
  temporary_ = new_temporary(path_);
  try {
    make_folder(temporary_);
  } catch (const Error&) {
    forget(temporary_);
    throw;
  }
}

AtomicFolder::~AtomicFolder() {
  if (!committed_) remove_temporary(temporary_);
}

void AtomicFolder::flush() const {
  try {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(temporary_)) {
      if (entry.is_symlink()) continue;
      if (entry.is_regular_file() || entry.is_directory()) sync_path(entry.path().string());
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(temporary_ + ": cannot read: " + error.code().message());
  }
  sync_path(temporary_);
}

void AtomicFolder::commit_into(const std::string& folder) {
  flush();
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(temporary_)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string old = folder + "/" + name;
    std::error_code error;
    if (fs::is_directory(fs::symlink_status(old))) {
      remove_folder(old);
    } else if (fs::remove(old, error); error) {
      throw Error(old + ": cannot replace: " + error.message());
    }
  }
  for (const std::string& name : names) rename_path(temporary_ + "/" + name, folder + "/" + name);
  sync_path(folder);
  committed_ = true;
  remove_temporary(temporary_);
}

void AtomicFolder::commit() {
  flush();
  if (!fs::exists(path_)) {
    rename_path(temporary_, path_);
  } else if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0) {
    // The old folder now has the temporary's name.
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
  } else {
    // A file system without exchange: for a moment there is no folder of that name.
    const std::string old = new_temporary(path_);
    rename_path(path_, old);
    rename_path(temporary_, path_);
    remove_temporary(old);
  }
  committed_ = true;
  forget(temporary_);
  sync_path(parent_of(path_));
}

void write_file(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  RawFile out(file.temporary(), O_WRONLY | O_TRUNC);
  out.write(content);
  out.close();
  file.commit();
}

std::string read_file(const std::string& path) {
  RawFile file(path, O_RDONLY);
  std::string content;
  constexpr size_t kBlock = 1 << 16;
  while (true) {
    const size_t size = content.size();
    content.resize(size + kBlock);
    const size_t count = file.read(content.data() + size, kBlock);
    content.resize(size + count);
    if (count == 0) return content;
  }
}

}  // namespace genbid
