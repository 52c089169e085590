#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "serve/bundle_files.h"

// The folder that bundles are written into, OUTPUT/VERSION/ beside OUTPUT/CURRENT.

namespace genbid::exporting {

inline constexpr size_t kVersionDigits = 16;  // of a hash, as a version

// Error where bundles would lie in the folder of a training, or in a checkpoint.
void check_output(const std::string& output);
// Error unless it can be the name of a bundle's folder.
void check_version(const std::string& version);
// Error where an export would replace a CURRENT that no export has written.
void check_current(const std::string& output);
// The error of a version that is there.
[[noreturn]] void refuse_other_content(const std::string& folder);
// The files that lie in a folder, by name, with sizes and hashes.
std::vector<serve::BundleFile> files_in(const std::string& folder);
int64_t bytes_in(const std::string& folder);

// One export a folder at a time: whether a version is there is asked before it is put in place. Makes the folder, once
// check_output() has nothing against it.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace genbid::exporting
