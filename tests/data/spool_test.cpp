#include "data/spool.h"

#include <gtest/gtest.h>

#include <numeric>

#include "files.h"

namespace genbid::data {
namespace {

using test::error_of;
using test::TempFolder;

// Three sequences, appended to in turn in pieces of all sizes, in memory, in the file or in both.
TEST(Spool, GivesBackWhatWasAppended) {
  for (const int64_t memory : {int64_t{0}, int64_t{200'000}, int64_t{1} << 30}) {
    const TempFolder folder;
    SpoolSpace space(folder.path(), memory);
    std::vector<Spool> spools;
    std::vector<std::vector<int64_t>> expected(3);
    for (size_t i = 0; i < 3; ++i) spools.emplace_back(space);
    int64_t next = 0;
    for (size_t piece = 0; piece < 600; ++piece) {
      std::vector<int64_t> values(piece * 37 % 2'000);
      std::iota(values.begin(), values.end(), next);
      next += static_cast<int64_t>(values.size());
      spools[piece % 3].append(std::as_bytes(std::span(values)));
      expected[piece % 3].insert(expected[piece % 3].end(), values.begin(), values.end());
    }
    EXPECT_TRUE(folder.names().empty());  // a scratch file has no name
    for (size_t i = 0; i < 3; ++i) {
      ASSERT_EQ(spools[i].size(), static_cast<int64_t>(expected[i].size() * 8));
      std::vector<int64_t> all(expected[i].size());
      spools[i].read_all(reinterpret_cast<std::byte*>(all.data()));
      EXPECT_EQ(all, expected[i]);
      std::vector<std::byte> pieces;
      spools[i].read(56, [&](std::span<const std::byte> bytes) {
        EXPECT_TRUE(bytes.size() % 56 == 0 || pieces.size() + bytes.size() == all.size() * 8);
        pieces.insert(pieces.end(), bytes.begin(), bytes.end());
      });
      EXPECT_TRUE(std::ranges::equal(pieces, std::as_bytes(std::span(all))));
    }
  }
}

TEST(Spool, MemoryIsUsedAgain) {
  const TempFolder folder;
  SpoolSpace space(folder.file("none"), 1 << 14);  // no folder: a scratch file would be an error
  Spool spool(space);
  const std::vector<std::byte> bytes(10'000);
  for (int round = 0; round < 3; ++round) {
    spool.append(bytes);
    spool.clear();
  }
  spool.append(bytes);
  EXPECT_EQ(error_of([&] { spool.append(bytes); }), folder.file("none") + ": scratch file: No such file or directory");
}

}  // namespace
}  // namespace genbid::data
