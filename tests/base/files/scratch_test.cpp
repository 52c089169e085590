#include "base/files/scratch.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/files/full_disk.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

// Most systems' TMPDIR is a folder on a disk; a file system in memory is refused.
bool in_memory(const std::string& folder) {
  return error_of([&] { Scratch here(folder); }).find("in memory") != std::string::npos;
}

TEST(Scratch, NumbersThereAreNumbers) {
  const test::TemporaryFolder folder;
  if (in_memory(folder.path())) GTEST_SKIP() << "TMPDIR is in memory, expected a disk";
  const auto scratch = std::make_shared<Scratch>(folder.path());
  const LargeAllocator<int64_t> there(scratch);
  LargeVector<int64_t> values(100'000, there);
  EXPECT_EQ(std::accumulate(values.begin(), values.end(), int64_t{0}), 0);  // a new file is of zeros
  std::iota(values.begin(), values.end(), 0);
  values.push_back(-1);  // into a new file
  scratch->expect_random_reads();
  Scratch::fetch(values.data() + 5000, 3 * sizeof(int64_t));
  EXPECT_EQ(values[5001], 5001);
  LargeVector<int64_t> other;
  other = std::move(values);  // with its place
  EXPECT_EQ(other.get_allocator().scratch(), scratch);
  EXPECT_EQ(other[99'999], 99'999);
  EXPECT_EQ(other.back(), -1);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_GT(scratch->free_bytes(), 1e6);
  LargeVector<int64_t> none(there);
  none = LargeVector<int64_t>{1, 2};  // and that of memory
  EXPECT_EQ(none.get_allocator().scratch(), nullptr);
  EXPECT_EQ(none.at(1), 2);
}

TEST(Scratch, WhatCannotBeIsAnErrorAtOnce) {
  const test::TemporaryFolder folder;
  if (in_memory(folder.path())) GTEST_SKIP() << "TMPDIR is in memory, expected a disk";
  if (std::filesystem::is_directory("/dev/shm")) {
    EXPECT_EQ(error_of([] { Scratch memory("/dev/shm"); }),
              "/dev/shm: found a file system in memory, expected one on a disk");
  }
  EXPECT_EQ(error_of([&] { Scratch missing(folder.path("none")); }),
            folder.path("none") + ": cannot make a file there: No such file or directory");
  Scratch scratch(folder.path());
  const std::string error = error_of([&] { scratch.take(size_t{1} << 62); });
  EXPECT_EQ(error.find(folder.path() + ": cannot make a file of 4611686018.43 GB there: "), 0U) << error;
  const test::FullDisk full(1 << 16);
  EXPECT_NE(scratch.take(1 << 14), nullptr);
  EXPECT_EQ(error_of([&] { scratch.take(1 << 20); }),
            folder.path() + ": cannot make a file of 1.0 MB there: File too large");
}

TEST(ScratchDeathTest, ADiskThatFailsLaterEndsTheProcessWithAWord) {
  const test::TemporaryFolder folder;
  if (in_memory(folder.path())) GTEST_SKIP() << "TMPDIR is in memory, expected a disk";
  const auto fail = [&] {
    const Scratch scratch(folder.path());
    const rlimit no_core = {0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::raise(SIGBUS);  // as the system does where a page cannot be read
  };
  EXPECT_EXIT(fail(), ::testing::KilledBySignal(SIGBUS), "a file that columns lie in \\(data.scratch\\)");
}

}  // namespace
}  // namespace genbid
