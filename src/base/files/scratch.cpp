#include "base/files/scratch.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "base/convert.h"
#include "base/files/nameless_file.h"
#include "base/files/raw_file.h"
#include "base/memory.h"

namespace genbid {
namespace {

constexpr long kTmpfs = 0x01021994;  // linux/magic.h
constexpr long kRamfs = 0x858458f6;

void say_what_failed(int number) {
  constexpr std::string_view kText =
      "genbid: a file that columns lie in (data.scratch) cannot be read or written: its disk failed, or is full; "
      "expected another folder. The same command goes on from the last checkpoint\n";
  static_cast<void>(::write(STDERR_FILENO, kText.data(), kText.size()) == 0);
  ::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

Scratch::Scratch(std::string folder) : folder_(std::move(folder)) {
  struct statfs kind {};
  if (::statfs(folder_.c_str(), &kind) != 0) fail_io(folder_, "make a file there", errno);
  if (kind.f_type == kTmpfs || kind.f_type == kRamfs) {
    throw Error(folder_ + ": found a file system in memory, expected one on a disk");
  }
  ::signal(SIGBUS, &say_what_failed);
  const int fd = open_nameless(folder_);
  if (fd < 0) fail_io(folder_, "make a file there", errno);
  ::close(fd);
}

Scratch::~Scratch() {
  for (const auto& [memory, bytes] : taken_) ::munmap(memory, bytes);
}

double Scratch::free_bytes() const {
  struct statvfs status {};
  if (::statvfs(folder_.c_str(), &status) != 0) fail_io(folder_, "tell how much room there is", errno);
  return as_double(to_signed(status.f_bavail)) * as_double(to_signed(status.f_frsize));
}

void* Scratch::take(size_t bytes) {
  const std::string what = "make a file of " + bytes_text(as_double(to_signed(bytes))) + " there";
  const int fd = open_nameless(folder_);
  if (fd < 0) fail_io(folder_, what, errno);
  const int full = ::posix_fallocate(fd, 0, to_signed(bytes));
  void* const memory =
      full == 0 ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;  // NOLINT
  const int number = full != 0 ? full : errno;
  ::close(fd);
  if (memory == MAP_FAILED) fail_io(folder_, what, number);  // NOLINT: the system's own constant
  try {
    const std::scoped_lock lock(mutex_);
    taken_[memory] = bytes;
  } catch (...) {
    ::munmap(memory, bytes);
    throw;
  }
  return memory;
}

void Scratch::give_back(void* memory) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = taken_.find(memory);
  ::munmap(memory, found->second);
  taken_.erase(found);
}

void Scratch::expect_random_reads() noexcept {
  const std::scoped_lock lock(mutex_);
  for (const auto& [memory, bytes] : taken_) ::madvise(memory, bytes, MADV_RANDOM);
}

void Scratch::fetch(const void* begin, size_t bytes) noexcept {
  static const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<uintptr_t>(begin) / page * page;
  ::madvise(reinterpret_cast<void*>(first), reinterpret_cast<uintptr_t>(begin) + bytes - first, MADV_WILLNEED);
}

}  // namespace genbid
