#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace genbid::test {

// Starts this test program again, silently, with the tests that a filter names. By these environment variables a test
// knows that it runs in the child, which the parent may kill.
inline pid_t start_child_test(const std::string& filter,
                              const std::vector<std::pair<std::string, std::string>>& variables) {
  const pid_t child = fork();
  if (child == 0) {
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
    unsetenv("GTEST_OUTPUT");
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(126);
    execl("/proc/self/exe", "child", ("--gtest_filter=" + filter).c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  return child;
}

}  // namespace genbid::test
