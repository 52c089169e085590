#include "base/files/atomic_file.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files/paths.h"
#include "base/files/raw_file.h"

namespace genbid {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".tmp-";     // NAME.tmp-PID-N
constexpr std::string_view kOldMark = ".old-";  // NAME.old-PID-N: what is being replaced

// Temporaries of this process. A file with our process id that is not in this list is a leftover: process ids come
// round again, and in a container they are the same at every start.
struct Live {
  std::mutex mutex;
  std::map<std::string, std::string> paths;  // by name
  int next = 0;
  std::mutex commits;  // held while temporaries are renamed into their places
};

Live& live() {
  static Live instance;
  return instance;
}

std::string parent_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// What the name of an entry tells if it has the form `NAME.tmp-PID-N` or `NAME.old-PID-N`.
struct Leftover {
  std::string name;
  pid_t writer = 0;  // 0: it is another entry
  bool is_old = false;
};

Leftover leftover_of(const std::string& entry) {
  for (const std::string_view kind : {kMark, kOldMark}) {
    const size_t mark = entry.rfind(kind);
    if (mark == std::string::npos) continue;
    const char* const end = entry.data() + entry.size();
    int pid = 0;
    int number = 0;
    const auto first = std::from_chars(entry.data() + mark + kind.size(), end, pid);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') continue;
    const auto second = std::from_chars(first.ptr + 1, end, number);
    if (second.ec != std::errc() || second.ptr != end || pid <= 0) continue;
    return {entry.substr(0, mark), pid, kind == kOldMark};
  }
  return {};
}

// Whether a process may still write. One that has ended and that nobody has waited for yet keeps its number.
bool is_running(pid_t process) {
  if (::kill(process, 0) != 0 && errno == ESRCH) return false;
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return true;  // no such view of processes: who can be signalled counts as running
  const size_t name_end = line.rfind(')');     // a name may hold anything
  const char state = name_end != std::string::npos && name_end + 2 < line.size() ? line[name_end + 2] : 'R';
  return state != 'Z' && state != 'X';
}

// Removes the leftovers of `name`, or of every name where it is empty. What was moved aside and never replaced is put
// back.
void remove_leftovers_of(const std::string& folder, const std::string& name) {
  std::error_code ignored;  // entries that cannot be listed or removed do no harm
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const Leftover found = leftover_of(entry.path().filename().string());
    if (found.writer == 0 || (!name.empty() && found.name != name)) continue;
    const bool ours = found.writer == ::getpid();
    if (ours) {
      const std::lock_guard lock(live().mutex);
      if (live().paths.contains(entry.path().filename().string())) continue;
    } else if (is_running(found.writer)) {
      continue;
    }
    const fs::path place = fs::path(folder) / found.name;
    if (found.is_old && !fs::exists(fs::symlink_status(place, ignored))) {
      fs::rename(entry.path(), place, ignored);
    } else {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

void remove_leftovers_of(const std::string& path) {
  remove_leftovers_of(parent_of(path), fs::path(path).filename().string());
}

std::string new_temporary(const std::string& path, std::string_view mark = kMark) {
  Live& all = live();
  const std::lock_guard lock(all.mutex);
  std::string temporary = path + std::string(mark) + std::to_string(::getpid()) + "-" + std::to_string(all.next++);
  all.paths.emplace(fs::path(temporary).filename().string(), fs::absolute(temporary).string());
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

bool exchange(const std::string& one, const std::string& other) {
  return ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0;
}

// An entry that was moved into its place. What stood there before now lies where the entry came from, or aside; or
// there was nothing.
struct Replaced {
  std::string from, to;
  bool exchanged = false;
  std::string aside = {};
};

Replaced replace(const std::string& from, const std::string& to) {
  if (!fs::exists(fs::symlink_status(to))) {
    rename_path(from, to);
    return {from, to};
  }
  if (exchange(from, to)) return {from, to, true};
  const std::string aside = move_aside(to);
  try {
    rename_path(from, to);
  } catch (const Error&) {
    ::rename(aside.c_str(), to.c_str());
    forget(aside);
    throw;
  }
  return {from, to, false, aside};
}

void take_back(const Replaced& one) {
  if (one.exchanged) {
    exchange(one.from, one.to);
    return;
  }
  ::rename(one.to.c_str(), one.from.c_str());
  if (one.aside.empty()) return;
  ::rename(one.aside.c_str(), one.to.c_str());
  forget(one.aside);
}

// "runs/a/" and "runs/a" are one folder; the temporary lies beside it, not in it.
std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Where what is written to `path` belongs. A folder is not made for a link: the disk that it leads to may be away.
std::string place_of(const std::string& path) {
  std::string place = behind_links(path);
  if (place == path) return place;
  std::error_code ignored;
  const std::string found = path + ": found a link to " + place;
  if (!fs::is_directory(parent_of(place), ignored)) {
    throw Error(found + ", whose folder is not there; expected a folder that is there");
  }
  // A link of /proc to an open file does not always say the name that the file has.
  if (fs::exists(path, ignored) && !fs::equivalent(path, place, ignored)) {
    throw Error(found + ", which is not the name of its file; expected a name");
  }
  return place;
}

}  // namespace

void remove_leftovers(const std::string& folder) { remove_leftovers_of(folder, {}); }

std::string move_aside(const std::string& path) {
  std::string aside = new_temporary(path, kOldMark);
  try {
    rename_path(path, aside);
  } catch (const Error&) {
    forget(aside);
    throw;
  }
  return aside;
}

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

AtomicFile::AtomicFile(const std::string& path) {
  if (path.empty()) throw Error("found an empty path, expected a file name");
  std::error_code ignored;  // what cannot be looked at cannot be written either
  const fs::file_status status = fs::status(path, ignored);
  if (fs::is_directory(status)) throw Error(path + ": found a folder, expected a file");
  // Renaming over /dev/stdout would replace the device.
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(path + ": found a device or pipe, expected a file");
  }
  path_ = place_of(path);
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
  const std::lock_guard lock(live().commits);
  rename_path(temporary_, path_);
  committed_ = true;
  forget(temporary_);
  sync_path(parent_of(path_));
}

AtomicFolder::AtomicFolder(std::string path) : path_(without_slash(std::move(path))) {
  if (path_.empty()) throw Error("found an empty path, expected a folder name");
  std::error_code ignored;
  const fs::file_status status = fs::status(path_, ignored);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw Error(path_ + ": found a file, expected a folder");
  }
  path_ = place_of(path_);
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
  std::vector<Replaced> done;
  {
    const std::lock_guard lock(live().commits);
    try {
      for (const std::string& name : names) done.push_back(replace(temporary_ + "/" + name, folder + "/" + name));
    } catch (const Error&) {
      while (!done.empty()) {
        take_back(done.back());
        done.pop_back();
      }
      throw;
    }
  }
  sync_path(folder);
  committed_ = true;
  for (const Replaced& one : done) {
    if (!one.aside.empty()) remove_temporary(one.aside);
  }
  remove_temporary(temporary_);  // with what was replaced
}

void AtomicFolder::commit() {
  flush();
  Replaced replaced;
  {
    const std::lock_guard lock(live().commits);
    replaced = replace(temporary_, path_);
  }
  committed_ = true;
  if (!replaced.aside.empty()) remove_temporary(replaced.aside);
  remove_temporary(temporary_);  // after an exchange it is the old folder
  sync_path(parent_of(path_));
}

void abandon_temporaries() {
  Live& all = live();
  all.commits.lock();
  all.mutex.lock();  // never released, so that no new temporaries are made
  // Other threads go on writing while this one removes. Once the folder has another name they can make no more files in
  // it, but for the few that have just opened theirs, so after a moment it can be emptied for good.
  constexpr int kMoments = 1000;
  for (const auto& [name, path] : all.paths) {
    const std::string aside = path.substr(0, path.rfind('-') + 1) + std::to_string(all.next++);
    std::error_code ignored;
    fs::rename(path, aside, ignored);
    for (int moment = 0; moment < kMoments && fs::exists(fs::symlink_status(aside, ignored)); ++moment) {
      if (moment > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      fs::remove_all(aside, ignored);
    }
  }
}

void require_regular_file(const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (!fs::exists(status) || fs::is_regular_file(status)) return;
  const char* const found = fs::is_directory(status) ? "a folder" : fs::is_fifo(status) ? "a pipe" : "a device";
  throw Error(path + ": found " + found + ", expected a file (which can be read more than once)");
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
  constexpr size_t kMostRead = size_t{1} << 30;  // a device has no end
  while (true) {
    const size_t size = content.size();
    content.resize(size + kBlock);
    if (size > kMostRead) throw Error(path + ": found more than a gigabyte, expected a file that is read at once");
    const size_t count = file.read(content.data() + size, kBlock);
    content.resize(size + count);
    if (count == 0) return content;
  }
}

}  // namespace genbid
