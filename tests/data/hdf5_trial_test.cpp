#include "data/hdf5_trial.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "files.h"

namespace genbid::data {
namespace {

using test::error_of;

TEST(Hdf5Trial, WhatEndsIsNoFault) {
  EXPECT_EQ(error_of([] { try_hdf5("a.h5", [] {}); }), "");
  EXPECT_EQ(error_of([] { try_hdf5("a.h5", [] { throw Error("not this time"); }); }), "");
}

TEST(Hdf5Trial, HappensInAnotherProcess) {
  int value = 1;
  try_hdf5("a.h5", [&] { value = 2; });
  EXPECT_EQ(value, 1);
}

TEST(Hdf5Trial, ACrashIsAnError) {
  const std::string expected =
      "a.h5: damaged: the HDF5 library crashes on the file's structure; make the file again, or take a copy that is "
      "whole";
  EXPECT_EQ(error_of([] { try_hdf5("a.h5", [] { std::abort(); }); }), expected);
  EXPECT_EQ(error_of([] { try_hdf5("a.h5", [] { std::raise(SIGSEGV); }); }), expected);
}

TEST(Hdf5Trial, WorksWhereChildrenAreIgnored) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(error_of([] { try_hdf5("a.h5", [] {}); }), "");
  EXPECT_NE(error_of([] { try_hdf5("a.h5", [] { std::abort(); }); }), "");
  EXPECT_EQ(std::signal(SIGCHLD, before), SIG_IGN);
}

}  // namespace
}  // namespace genbid::data
