#include "base/files/appended_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/convert.h"

namespace genbid {

AppendedFile::AppendedFile(std::string path, bool fresh) : path_(std::move(path)) {
  file_.emplace(path_, O_RDWR | O_CREAT | O_NONBLOCK | (fresh ? O_EXCL : 0));
  file_->require_regular();
  size_ = file_->size();
}

void AppendedFile::write(std::string_view bytes) {
  kept_ += bytes;
  retry();
}

bool AppendedFile::was_moved() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) {
    std::error_code ignored;
    const auto folder = std::filesystem::path(path_).parent_path();
    return errno == ENOENT && std::filesystem::is_directory(folder.empty() ? "." : folder, ignored);
  }
  struct stat mine {};
  if (!file_ || ::fstat(file_->fd(), &mine) != 0) return false;
  return now.st_ino != mine.st_ino || now.st_dev != mine.st_dev || now.st_size < size_;
}

void AppendedFile::retry() {
  if (kept_.empty()) return;
  try {
    // It is not made anew: where a folder is away, another one of its name may lie below it.
    if (!file_) file_.emplace(path_, O_RDWR | O_NONBLOCK);
    if (file_->size() < size_) throw Error(path_ + ": found less than was written");
    file_->write_at(kept_.data(), kept_.size(), size_);
    size_ += std::ssize(kept_);
    kept_.clear();
    trouble_.clear();
  } catch (const Error& error) {
    file_.reset();
    trouble_ = error.what();
  }
}

}  // namespace genbid
