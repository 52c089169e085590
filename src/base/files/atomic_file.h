#pragma once

#include <string>
#include <string_view>

// Files and folders that are there whole or not at all: written under a temporary name beside their place,
// flushed to disk, then renamed. Where the path is a link, the place is where it leads, and the link stays.

namespace genbid {

class AtomicFile {
 public:
  // Makes missing parent folders, and removes the temporaries of this name that killed writers left.
  // Throws an Error for a folder, a device or a pipe, for links that lead in a circle, and for a link into a folder
  // that is not there.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();  // removes the temporary unless committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // An empty file. Write here, close, then commit().
  const std::string& temporary() const { return temporary_; }
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  bool committed_ = false;
};

// Does the same for a folder. An existing folder of that name is replaced.
class AtomicFolder {
 public:
  explicit AtomicFolder(std::string path);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const std::string& temporary() const { return temporary_; }
  void commit();  // flushes the files in it first
  // In place of commit(): moves what is in it into an existing folder, where it replaces what has the same names and
  // leaves the rest. Each name is the old entry or the new one at every moment (but see move_aside()), though a kill
  // may leave new ones beside old ones; if one cannot be replaced, those before it are taken back.
  void commit_into(const std::string& folder);

 private:
  void flush() const;

  std::string path_;
  std::string temporary_;
  bool committed_ = false;
};

// Renames the folder away and then removes it, so that a kill leaves it whole or as a leftover, never half.
void remove_folder(const std::string& path);
// Removes what killed processes left in `folder`: temporaries of whatever name. Puts back what they had moved aside.
void remove_leftovers(const std::string& folder);
// How commits begin to replace an entry where the file system cannot exchange two: for a moment there is nothing of
// that name. Renames it to NAME.old-PID-N and returns that path. After a kill in that moment the next writer of the
// name, or remove_leftovers(), puts it back.
std::string move_aside(const std::string& path);

// For a process that ends in the middle of its work, from any thread: waits for a commit under way, removes all
// temporaries, and lets nobody commit any more.
void abandon_temporaries();

// Error unless `path` is a regular file (or not there, which whoever opens it reports): a pipe can be read only once,
// and opening one waits for its writer.
void require_regular_file(const std::string& path);

void write_file(const std::string& path, std::string_view content);  // atomically
std::string read_file(const std::string& path);                      // Error if it cannot be read

}  // namespace genbid
