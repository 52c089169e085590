#pragma once

#include <cstddef>
#include <cstdint>

// Counts this thread's allocations, where no sanitizer has functions of its own. For one source of a program: it
// replaces malloc and its kin, also for the shared libraries that the program loads.

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define GENBID_COUNTS_ALLOCATIONS 1
namespace {
thread_local int64_t num_allocations = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
}
extern "C" {
void* __libc_malloc(size_t bytes);                      // NOLINT
void* __libc_calloc(size_t count, size_t bytes);        // NOLINT
void* __libc_realloc(void* old, size_t bytes);          // NOLINT
void* __libc_memalign(size_t alignment, size_t bytes);  // NOLINT
void* malloc(size_t size) noexcept {
  ++num_allocations;
  return __libc_malloc(size);
}
void* calloc(size_t nmemb, size_t size) noexcept {
  ++num_allocations;
  return __libc_calloc(nmemb, size);
}
void* realloc(void* ptr, size_t size) noexcept {
  ++num_allocations;
  return __libc_realloc(ptr, size);
}
void* aligned_alloc(size_t alignment, size_t size) noexcept {
  ++num_allocations;
  return __libc_memalign(alignment, size);
}
}
#endif
