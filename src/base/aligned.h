#pragma once

#include <cstddef>
#include <vector>

namespace genbid {

// Memory that begins at a cache line, so that no SIMD load of a whole line touches two. From 2 MiB on it is made of
// huge pages where the system grants them: data that is read from front to back is not held up at every fourth
// kilobyte.
void* allocate_aligned(size_t bytes);
void free_aligned(void* memory);

template <typename T>
struct CacheLineAllocator {
  using value_type = T;  // NOLINT(readability-identifier-naming): allocators have it

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>& /*other*/) {}

  T* allocate(size_t count) { return static_cast<T*>(allocate_aligned(count * sizeof(T))); }
  void deallocate(T* memory, size_t /*count*/) { free_aligned(memory); }
  template <typename U>
  bool operator==(const CacheLineAllocator<U>& /*other*/) const {
    return true;
  }
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace genbid
