#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"

// A file descriptor whose every failure is an Error with the path and the system's reason.

namespace genbid {

[[noreturn]] inline void fail_io(const std::string& path, const std::string& verb, int number) {
  throw Error(path_text(path) + ": cannot " + verb + ": " + std::strerror(number));
}

class RawFile {
 public:
  RawFile(std::string path, int flags) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), flags | O_CLOEXEC, 0666);
    if (fd_ < 0) fail_io(path_, (flags & O_CREAT) != 0 ? "create" : "open", errno);
  }
  ~RawFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  int fd() const { return fd_; }

  // Throws an Error for a folder, a pipe or a device. Open the file with O_NONBLOCK, because opening a pipe would
  // otherwise wait for its other end.
  void require_regular() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail_io(path_, "read", errno);
    if (S_ISREG(status.st_mode)) return;
    const char* const found = S_ISDIR(status.st_mode) ? "a folder" : S_ISFIFO(status.st_mode) ? "a pipe" : "a device";
    throw Error(path_ + ": found " + found + ", expected a file");
  }

  void write(std::string_view text) { write_all(text.data(), text.size()); }
  void write(std::span<const std::byte> bytes) { write_all(bytes.data(), bytes.size()); }

  // Up to `size` bytes; 0 at the end of the file.
  size_t read(void* data, size_t size) {
    while (true) {
      const ssize_t count = ::read(fd_, data, size);
      if (count >= 0) return to_size(count);
      if (errno != EINTR) fail_io(path_, "read", errno);
    }
  }

  int64_t size() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail_io(path_, "read", errno);
    return status.st_size;
  }
  void cut(int64_t size) {
    if (::ftruncate(fd_, size) != 0) fail_io(path_, "write", errno);
  }
  // Writes all of it at a place in the file.
  void write_at(const void* data, size_t size, int64_t offset) {
    const auto* next = static_cast<const std::byte*>(data);
    while (size > 0) {
      const ssize_t count = ::pwrite(fd_, next, size, offset);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_io(path_, "write", errno);
      next += count;
      size -= to_size(count);
      offset += count;
    }
  }

  // What was written is on the disk, but not what the system notes of the file beside its size.
  void sync_data() {
    if (::fdatasync(fd_) != 0) fail_io(path_, "write", errno);
  }
  void sync() {
    // Some file systems cannot flush a folder and say EINVAL.
    if (::fsync(fd_) != 0 && errno != EINVAL) fail_io(path_, "write", errno);
  }

  // Network file systems report a full disk only here.
  void close() {
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0 && errno != EINTR) fail_io(path_, "write", errno);
  }

 private:
  void write_all(const void* data, size_t size) {
    const auto* next = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t count = ::write(fd_, next, size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_io(path_, "write", errno);
      next += count;
      size -= to_size(count);
    }
  }

  std::string path_;
  int fd_ = -1;
};

}  // namespace genbid
