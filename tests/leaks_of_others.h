#pragma once

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace genbid::test {

// What is allocated while one of these lives is no leak to a sanitizer: HDF5 keeps a file whose last write failed.
struct [[maybe_unused]] LeaksOfOthers {
#if defined(__SANITIZE_ADDRESS__)
  __lsan::ScopedDisabler disabler;
#endif
};

}  // namespace genbid::test
