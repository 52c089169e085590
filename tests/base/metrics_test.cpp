#include "base/metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/temporary_folder.h"

namespace genbid {
namespace {

using test::TemporaryFolder;

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

}  // namespace
}  // namespace genbid
