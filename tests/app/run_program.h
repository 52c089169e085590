#pragma once

#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

namespace genbid::test {

struct ProgramResult {
  int status = -1;
  std::string output;  // standard output and, if it went nowhere else, error
};

// Runs the built program as a person would. `errors`: where its standard error goes, as the shell writes it.
// `before`: what stands before the program, as `env NAME=VALUE`.
inline ProgramResult run_program(const std::string& arguments, const std::string& errors = "&1",
                                 const std::string& before = {}) {
  const char* program = std::getenv("GENBID_PROGRAM");
  const std::string name = program != nullptr ? program : "genbid";
  const std::string command = before + " " + name + " " + arguments + " 2>" + errors;
  ProgramResult result;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  size_t count = 0;
  while ((count = ::fread(buffer, 1, sizeof buffer, pipe)) > 0) result.output.append(buffer, count);
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return result;
}

// It ends with this status, and what it says has this part.
inline void expect_failure(const ProgramResult& result, int status, const std::string& part) {
  EXPECT_EQ(result.status, status) << result.output;
  EXPECT_NE(result.output.find(part), std::string::npos) << result.output;
}

}  // namespace genbid::test
