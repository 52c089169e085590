#include "base/aligned.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace genbid {

void* allocate_aligned(size_t bytes) {
  constexpr size_t kLine = 64;
  constexpr size_t kHugePage = size_t{2} << 20U;
  const size_t unit = bytes >= kHugePage ? kHugePage : kLine;
  const size_t whole = (bytes + unit - 1) / unit * unit;
  void* memory = std::aligned_alloc(unit, whole > 0 ? whole : unit);
  if (memory == nullptr) throw std::bad_alloc();
  // Huge pages are a wish: where the system has none, the memory is as good.
  if (unit == kHugePage) madvise(memory, whole, MADV_HUGEPAGE);
  return memory;
}

void free_aligned(void* memory) { std::free(memory); }

}  // namespace genbid
