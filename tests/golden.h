#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

// Test vectors of the official simulator. What fits lies in tests/golden; the rest in the folder `shared/golden`
// (`shared/data`, `shared/cases`) beside the checkout, which an ordinary clone does not have. Under CI (GENBID_CI set)
// a missing file is a failure, elsewhere a visible skip. Tests run in the project's root.
namespace genbid::test {

inline bool under_ci() { return std::getenv("GENBID_CI") != nullptr; }

// Returns an empty text if there is no such file.
inline std::string find_vector(const std::string& name) {
  for (const char* root : {"tests/golden/", "../shared/golden/", "../shared/data/", "../shared/cases/"}) {
    if (std::filesystem::exists(root + name)) return root + name;
  }
  return {};
}

}  // namespace genbid::test

// Defines `variable` as the path of a vector, or skips (fails under CI).
#define GENBID_VECTOR(variable, name)                                          \
  const std::string variable = genbid::test::find_vector(name);                \
  if (variable.empty()) {                                                      \
    if (genbid::test::under_ci()) FAIL() << "missing test vector: " << (name); \
    GTEST_SKIP() << "test vector not in this clone: " << (name);               \
  }
