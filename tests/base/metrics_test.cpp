#include "base/metrics.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/files/full_disk.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

using test::TemporaryFolder;

std::string error_of(const std::string& path, int64_t last_step) {
  try {
    const MetricsWriter writer(path, last_step);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Metrics, WritesOneJsonObjectALine) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  MetricsWriter writer(path, -1);
  writer.write(100, {{"train/loss", 0.1}, {"rate", 15.0}});
  writer.write(200, {});
  EXPECT_EQ(read_file(path), "{\"step\": 100, \"train/loss\": 0.1, \"rate\": 15}\n{\"step\": 200}\n");
}

TEST(Metrics, WritesNullForWhatIsNotFinite) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  MetricsWriter(path, -1).write(
      1, {{"a", std::numeric_limits<double>::quiet_NaN()}, {"b", std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(read_file(path), "{\"step\": 1, \"a\": null, \"b\": null}\n");
}

TEST(Metrics, EscapesNames) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  MetricsWriter(path, -1).write(1, {{"a\"b\xff", 0.5}});
  EXPECT_EQ(nlohmann::json::parse(read_file(path)).size(), 2U);
}

TEST(Metrics, AResumedRunKeepsLinesUpToItsStep) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  write_file(path, "{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3}\n{\"ste");
  MetricsWriter(path, 2).write(3, {{"again", 1.0}});
  EXPECT_EQ(read_file(path), "{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3, \"again\": 1}\n");
}

TEST(Metrics, ACutLastLineIsRemoved) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  write_file(path, "{\"step\": 1}\n{\"step\": 2, \"a\": 0.");
  { const MetricsWriter writer(path, 2); }
  EXPECT_EQ(read_file(path), "{\"step\": 1}\n");
}

TEST(Metrics, ANewRunStartsAnew) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  write_file(path, "no json\n");
  { const MetricsWriter writer(path, -1); }
  EXPECT_EQ(read_file(path), "");
}

TEST(Metrics, NamesALineItCannotRead) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  write_file(path, "{\"step\": 1}\n{\"loss\": 1}\n");
  try {
    const MetricsWriter writer(path, 5);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), path + ":2: found '{\"loss\": 1}', expected a JSON object with a step");
  }
}

TEST(Metrics, AStepIsACount) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  // As a signed number of 64 bits the first would be -1, and kept.
  for (const char* step : {"18446744073709551615", "-1", "1.5"}) {
    const std::string line = std::string("{\"step\": ") + step + "}";
    write_file(path, line + "\n");
    EXPECT_EQ(error_of(path, 5), path + ":1: found '" + line + "', expected a JSON object with a step");
    EXPECT_EQ(read_file(path), line + "\n");
  }
}

TEST(Metrics, ALineThatCannotBeReadIsShownShortAndWithoutControlCharacters) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  write_file(path, "\x1b[31m\xff" + std::string(1000, 'x') + "\n");
  const std::string error = error_of(path, 5);
  EXPECT_LT(error.size(), path.size() + 250);
  for (const char c : error) EXPECT_TRUE(c >= ' ' && c <= '~') << error;
}

TEST(Metrics, APipeOrAFolderIsNoFile) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  for (const int64_t last_step : {-1, 5}) {
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(error_of(path, last_step), path + ": found a pipe, expected a file");
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    EXPECT_EQ(error_of(path, last_step), path + ": found a folder, expected a file");
    std::filesystem::remove(path);
    std::filesystem::create_symlink("metrics.jsonl", path);  // to itself
    EXPECT_EQ(error_of(path, last_step), path + ": cannot open: Too many levels of symbolic links");
    std::filesystem::remove(path);
  }
}

// A disk that is full for a while, a folder that is away for a while.
TEST(Metrics, WhatCannotBeWrittenIsWrittenLaterInItsPlace) {
  const TemporaryFolder folder;
  const std::string path = folder.path("run/metrics.jsonl");
  std::filesystem::create_directory(folder.path("run"));
  MetricsWriter writer(path, -1);
  {
    const test::FullDisk full(30);
    writer.write(1, {{"a", 1.0}});
    writer.write(2, {{"a", 1.0}});
    writer.write(3, {{"a", 1.0}});
  }
  std::filesystem::rename(folder.path("run"), folder.path("away"));
  writer.write(4, {{"a", 1.0}});
  EXPECT_EQ(writer.trouble(), path + ": cannot open: No such file or directory");
  EXPECT_FALSE(std::filesystem::exists(path));
  std::filesystem::rename(folder.path("away"), folder.path("run"));
  writer.retry();
  EXPECT_EQ(writer.trouble(), "");
  std::string lines;
  for (const char* step : {"1", "2", "3", "4"}) lines += std::string("{\"step\": ") + step + ", \"a\": 1}\n";
  EXPECT_EQ(read_file(path), lines);
}

// The disk takes 30 bytes: one line and a part of the next.
TEST(Metrics, WhatAFullDiskDoesNotTakeIsKeptAndTheResumedRunHasWholeLines) {
  const TemporaryFolder folder;
  const std::string path = folder.path("metrics.jsonl");
  {
    MetricsWriter writer(path, -1);
    const test::FullDisk full(30);
    writer.write(1, {{"a", 1.0}});
    EXPECT_EQ(writer.trouble(), "");
    writer.write(2, {{"a", 1.0}});
    EXPECT_EQ(writer.trouble(), path + ": cannot write: File too large");
  }
  EXPECT_EQ(read_file(path).size(), 30U);
  MetricsWriter(path, 1).write(2, {{"a", 1.0}});
  EXPECT_EQ(read_file(path), "{\"step\": 1, \"a\": 1}\n{\"step\": 2, \"a\": 1}\n");
}

}  // namespace
}  // namespace genbid
