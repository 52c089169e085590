#include "base/files/made_folders.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

using Names = std::vector<std::string>;

TEST(MadeFoldersTest, EmptyOnesGoAgain) {
  const test::TemporaryFolder folder;
  {
    MadeFolders made;
    for (const char* name : {"out/a", "out/b/"}) {
      made.will_be(folder.path(name));
      std::filesystem::create_directories(folder.path(name));
    }
    EXPECT_EQ(folder.names(), Names{"out"});
  }
  EXPECT_EQ(folder.names(), Names{});
}

TEST(MadeFoldersTest, WhatHoldsAFileStays) {
  const test::TemporaryFolder folder;
  {
    MadeFolders made;
    made.will_be(folder.path("out/a"));
    made.will_be(folder.path("out/b"));
    std::filesystem::create_directories(folder.path("out/a"));
    write_file(folder.path("out/b/result.json"), "{}");
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path("out/a")));
  EXPECT_TRUE(std::filesystem::exists(folder.path("out/b/result.json")));
}

TEST(MadeFoldersTest, WhatWasThereStaysThoughItIsEmpty) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("mine"));
  {
    MadeFolders made;
    made.will_be(folder.path("mine"));
  }
  EXPECT_EQ(folder.names(), Names{"mine"});
}

}  // namespace
}  // namespace genbid
