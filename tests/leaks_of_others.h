#pragma once

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace genbid::test {

// What is allocated while one of these lives is no leak to a sanitizer: HDF5 keeps a file whose last write failed.
struct LeaksOfOthers {
#if defined(__SANITIZE_ADDRESS__)
  __lsan::ScopedDisabler disabler;
#else
  LeaksOfOthers() {}  // so that nobody finds it unused
#endif
};

}  // namespace genbid::test
