#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "data/table_plugin.h"

// Tests of Parquet need the Arrow plugin, which is built where Arrow is (scripts/setup.sh --arrow).
namespace genbid::test {

inline bool has_plugin() {
  try {
    data::table_plugin("test");
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace genbid::test

#define GENBID_NEEDS_PLUGIN()                                                                                 \
  if (!::genbid::test::has_plugin()) {                                                                        \
    if (std::getenv("GENBID_PEERS") != nullptr) FAIL() << "found no Arrow plugin (scripts/setup.sh --arrow)"; \
    GTEST_SKIP() << "no Arrow plugin (scripts/setup.sh --arrow)";                                             \
  }                                                                                                           \
  static_assert(true)

// And some need the program.
#define GENBID_NEEDS_PROGRAM()                                                                                      \
  if (std::getenv("GENBID_PROGRAM") == nullptr) GTEST_SKIP() << "no program in GENBID_PROGRAM: a build without it"; \
  static_assert(true)
