#include "train/memory_check.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace genbid::train {
namespace {

std::string error_of(int64_t floats) {
  try {
    at::empty({floats});
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(MemoryCheck, ATensorBeyondTheMachineIsAnErrorThatSaysHowMuch) {
  check_tensor_memory();
  const std::string error = error_of(int64_t{1} << 44);
  EXPECT_NE(error.find("one tensor takes 70368.74 GB, expected at most the "), std::string::npos) << error;
  EXPECT_EQ(error_of(1 << 20), "no error");
}

TEST(MemoryCheck, AModelIsCountedWithAllThatTrainingHoldsOfIt) {
  check_tensor_memory();
  const ModelMemory memory(1e9);  // so many copies of a megabyte pass any machine
  EXPECT_NE(error_of(1 << 18).find("model: takes more than 1048576.0 GB of memory"), std::string::npos);
}

TEST(MemoryCheck, WhatIsMadeAfterTheModelIsNotCounted) {
  check_tensor_memory();
  { const ModelMemory memory(1e9); }
  EXPECT_EQ(error_of(1 << 18), "no error");
}

// As the steps of a training do, each of whose tensors would fit.
TEST(MemoryCheck, ManySmallTensorsAreAnErrorBeforeMemoryEnds) {
  check_tensor_memory(+[] { return 50e6; });
  std::string error = "no error";
  int made = 0;
  for (; made < 100 && error == "no error"; ++made) error = error_of(1 << 18);
  check_tensor_memory();
  EXPECT_LE(made, 64);  // of a megabyte each
  EXPECT_EQ(error,
            "out of memory: the next tensors take 67.1 MB, expected at most the 50.0 MB that are available (a smaller "
            "train.batch_size, tapes.cells or model)");
}

}  // namespace
}  // namespace genbid::train
