#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "data/ingest.h"
#include "data/trajectory_store.h"
#include "files.h"

// Files ingested and read back.
namespace genbid::test {

struct Ingested {
  data::IngestSummary summary;
  data::TrajectoryStoreInfo info;
  data::TrajectoryColumns columns;
  std::string bytes;  // of the store
};

inline Ingested ingest_files(const std::vector<std::string>& files, const data::IngestSettings& settings = {},
                             int64_t threads = 2, int64_t block_bytes = data::CsvFile::kBlockBytes) {
  const TempFolder folder;
  data::IngestConfig config;
  config.input = files;
  config.output = folder.file("s.h5");
  config.settings = settings;
  config.threads = threads;
  data::IngestControl control;
  control.block_bytes = block_bytes;
  const std::optional<data::IngestSummary> summary = data::ingest(config, control);
  if (!summary) throw Error("stopped");
  const data::TrajectoryStore store(config.output);
  EXPECT_EQ(folder.names().size(), 1U);
  return {*summary, store.info(), store.read(), content_of(config.output)};
}

inline Ingested ingest_text(const std::string& text, const data::IngestSettings& settings = {}) {
  const TempFolder folder;
  return ingest_files({folder.write("a.csv", text)}, settings);
}

// A summary's words, as they would stand in a line of any length.
inline std::string unwrapped(const std::string& text) {
  std::string words;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (!space || (!words.empty() && words.back() != ' ')) words += space ? ' ' : c;
  }
  return words;
}

// The bytes of the datasets alone, because stores of the same rows may name different sources.
inline void expect_same_columns(const data::TrajectoryColumns& a, const data::TrajectoryColumns& b) {
  EXPECT_EQ(a.period, b.period);
  EXPECT_EQ(a.advertiser, b.advertiser);
  EXPECT_EQ(a.category, b.category);
  EXPECT_EQ(a.budget, b.budget);
  EXPECT_EQ(a.cpa, b.cpa);
  EXPECT_EQ(a.cost, b.cost);
  EXPECT_EQ(a.conversions, b.conversions);
  EXPECT_EQ(a.first_row, b.first_row);
  EXPECT_EQ(a.tick, b.tick);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.action, b.action);
  EXPECT_EQ(a.reward, b.reward);
  EXPECT_EQ(a.reward_continuous, b.reward_continuous);
  EXPECT_EQ(a.done, b.done);
}

}  // namespace genbid::test
