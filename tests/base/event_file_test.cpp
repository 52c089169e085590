#include "base/event_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/full_disk.h"
#include "base/temporary_folder.h"

// tests/train/tensorboard_test.cpp reads such files with TensorBoard's own readers.

namespace genbid {
namespace {

uint64_t little_endian(const std::string& bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i)
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

// The messages of a file's whole frames.
std::vector<std::string> frames(const std::string& bytes) {
  std::vector<std::string> messages;
  for (size_t at = 0; at + 12 <= bytes.size();) {
    const size_t size = little_endian(bytes, at, 8);
    if (at + 16 + size > bytes.size()) break;
    messages.push_back(bytes.substr(at + 12, size));
    at += 16 + size;
  }
  return messages;
}

// Behind the wall time (a key and eight bytes).
std::string behind_time(const std::string& message) { return message.substr(9); }

std::vector<std::string> names(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) found.push_back(entry.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

TEST(Crc32c, IsThatOfRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);  // the polynomial's usual check value
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(EventFile, HoldsTheVersionAndThenAValueByItsName) {
  const test::TemporaryFolder folder;
  EventWriter writer(folder.path(), -1);
  writer.write(300, {{"a", 0.5}});
  const std::vector<std::string> messages = frames(read_file(writer.path()));
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0][0], '\x09');  // field 1, eight bytes
  const double seconds = std::bit_cast<double>(little_endian(messages[0], 1, 8));
  EXPECT_GT(seconds, 1.7e9);  // after 2023
  EXPECT_LT(seconds, 1e10);
  using std::string_literals::operator""s;
  EXPECT_EQ(behind_time(messages[0]), "\x10\x00\x1a\x0d"s + "brain.Event:2");
  // step 300 (a varint), a summary of 10 bytes, a value of 8, its tag, and 0.5 as a float.
  EXPECT_EQ(behind_time(messages[1]), "\x10\xac\x02\x2a\x0a\x0a\x08\x0a\x01"s + "a" + "\x15\x00\x00\x00\x3f"s);
}

TEST(EventFile, ARunThatGoesOnBeginsAFileBehindTheOthersThatSaysWhere) {
  const test::TemporaryFolder folder;
  for (const int64_t last_step : {-1, 10, 20, 30}) {  // all within a second
    EventWriter(folder.path(), last_step).write(last_step + 5, {{"a", 1.0}});
  }
  const std::vector<std::string> files = names(folder.path());
  ASSERT_EQ(files.size(), 4U);
  using std::string_literals::operator""s;
  for (size_t i = 1; i < 4; ++i) {
    const std::vector<std::string> messages = frames(read_file(folder.path(files[i])));
    ASSERT_EQ(messages.size(), 3U);
    const auto step = static_cast<char>(10 * i + 1);
    EXPECT_EQ(behind_time(messages[1]), "\x10"s + step + "\x3a\x02\x08\x01"s) << i;
  }
}

TEST(EventFile, ANewRunRemovesTheFilesOfOneThatNeverSaved) {
  const test::TemporaryFolder folder;
  write_file(folder.path("metrics.jsonl"), "");
  const std::string old = folder.path("events.out.tfevents.9999999999.host.1");
  write_file(old, "left by a kill");
  const EventWriter writer(folder.path(), -1);
  EXPECT_EQ(names(folder.path()), std::vector<std::string>({"metrics.jsonl"}));
}

TEST(EventFile, ARunThatHasNothingToSayBeginsNoFile) {
  const test::TemporaryFolder folder;
  { const EventWriter writer(folder.path(), 100); }
  EXPECT_TRUE(names(folder.path()).empty());
}

TEST(EventFile, WhatAFullDiskDoesNotTakeIsWrittenLater) {
  const test::TemporaryFolder folder;
  EventWriter writer(folder.path(), -1);
  writer.write(1, {{"a", 1.0}});
  const std::string before = read_file(writer.path());
  {
    const test::FullDisk full(60);
    writer.write(2, {{"a", 1.0}});
    EXPECT_EQ(writer.trouble(), writer.path() + ": cannot write: File too large");
  }
  writer.retry();
  EXPECT_EQ(writer.trouble(), "");
  const std::string after = read_file(writer.path());
  EXPECT_TRUE(after.starts_with(before));
  EXPECT_GT(after.size(), before.size());
}

TEST(EventFile, AMissingFolderIsAnError) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(EventWriter(folder.path("nowhere"), -1).write(1, {}), Error);
}

}  // namespace
}  // namespace genbid
