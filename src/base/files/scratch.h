#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

// Memory for what is larger than the machine's: it lies in files, and the system keeps of it what there is room for.

namespace genbid {

// A folder in which files without a name are made. They are gone when the process ends, however it does. Where a disk
// fails later on, the process ends by SIGBUS, and says why.
class Scratch {
 public:
  // Error where no file can be made in the folder, and where its file system lies in memory itself.
  explicit Scratch(std::string folder);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& folder() const { return folder_; }
  // Bytes that files there may still take.
  double free_bytes() const;

  // Memory of zeros. Its place on the disk is taken at once (where the file system can do that): an Error where there
  // is no room.
  void* take(size_t bytes);
  void give_back(void* memory) noexcept;
  // From here on single places are read, so that it does not pay to read on behind them.
  void expect_random_reads() noexcept;
  // Starts to read a part of what take() gave, which is read soon, and does not wait for it.
  static void fetch(const void* begin, size_t bytes) noexcept;

 private:
  std::string folder_;
  std::mutex mutex_;
  std::map<void*, size_t> taken_;
};

// Numbers on the heap, or in a scratch folder. (Names by the standard.)
template <typename T>
class LargeAllocator {
 public:
  using value_type = T;                                           // NOLINT(readability-identifier-naming)
  using propagate_on_container_copy_assignment = std::true_type;  // NOLINT(readability-identifier-naming)
  using propagate_on_container_move_assignment = std::true_type;  // NOLINT(readability-identifier-naming)
  using propagate_on_container_swap = std::true_type;             // NOLINT(readability-identifier-naming)

  LargeAllocator() = default;
  explicit LargeAllocator(std::shared_ptr<Scratch> scratch) : scratch_(std::move(scratch)) {}
  template <typename U>
  LargeAllocator(const LargeAllocator<U>& other) : scratch_(other.scratch()) {}  // NOLINT(google-explicit-constructor)

  T* allocate(size_t count) {
    return scratch_ ? static_cast<T*>(scratch_->take(count * sizeof(T))) : std::allocator<T>().allocate(count);
  }
  void deallocate(T* values, size_t count) noexcept {
    if (scratch_) {
      scratch_->give_back(values);
    } else {
      std::allocator<T>().deallocate(values, count);
    }
  }
  template <typename U>
  void construct(U* place) {
    if (!scratch_) ::new (static_cast<void*>(place)) U();  // a new file is of zeros, and stays as small as it is
  }
  template <typename U, typename... Args>
  void construct(U* place, Args&&... args) {
    ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
  }

  const std::shared_ptr<Scratch>& scratch() const { return scratch_; }
  friend bool operator==(const LargeAllocator& a, const LargeAllocator& b) { return a.scratch_ == b.scratch_; }

 private:
  std::shared_ptr<Scratch> scratch_;  // null: the heap
};

template <typename T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace genbid
