#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "data/csv_reader.h"
#include "data/ingest_summary.h"
#include "base/threads.h"
#include "data/raw_log_file.h"
#include "data/trajectory_builder.h"
#include "data/trajectory_store.h"

namespace genbid::data {

// What decides the content of a store besides the files. The store keeps a copy of it.
struct IngestSettings {
  std::string features = "constraint";  // state features to store: auctionnet16 or constraint
  struct Data {
    LogColumnNames columns;         // what the files call AuctionNet's columns
    std::string bad_rows = "stop";  // stop at the first fault, or skip (and leave out trajectories at fault)
    int64_t ticks = 0;              // of a period; 0: as many as the files tell

    void fields(ConfigVisitor& v);
  } data;
  struct MarketLogSettings {
    std::string precision = "float32";  // of predicted values; float64 also keeps the source's order of rows

    void fields(ConfigVisitor& v);
  } market_log;

  void fields(ConfigVisitor& v);
};

struct IngestConfig {
  std::vector<std::string> input;  // trajectory files or raw logs, in any order
  std::string output;              // the trajectory store; may be empty for raw logs
  std::string output_market_log;   // of raw logs; empty: none
  IngestSettings settings;
  int64_t threads = 0;  // 0: one a processor

  void fields(ConfigVisitor& v);
  void keys(ConfigVisitor& v);  // without the demand for an output
};

// ConfigError if an output would replace one of the inputs.
void check_not_an_input(const std::string& key, const std::string& output, const std::vector<std::string>& inputs);

// Makes labels of raw logs' trajectories from their market log, which is whole by then; empty if a stop was asked for.
using MakeLabels = std::function<std::optional<std::vector<TrajectoryLabels>>(
    const std::string& market_log, std::span<const Trajectory> trajectories, Threads& threads)>;

struct IngestControl {
  int64_t block_bytes = CsvFile::kBlockBytes;
  // Called now and then with the bytes of text read and their total.
  std::function<void(int64_t done, int64_t total)> progress;
  MakeLabels labels;  // null: the store has none. Raw logs alone can have them, with both outputs.
};

// Reads trajectory files into a trajectory store, or raw traffic logs into a trajectory store, a market log, or both;
// the files' headers tell which they are. A trajectory store holds trajectories by period and advertiser whatever the
// order of files and rows; the same rows give the same bytes at any thread count. Memory grows with the trajectories,
// not with the text. It returns nothing if a stop signal came (base/stop_signal.h); then, as after an Error, no store
// is left behind.
std::optional<IngestSummary> ingest(const IngestConfig& config, const IngestControl& control = {});

}  // namespace genbid::data
