#include <cstdio>
#include <optional>

#include "app/command.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop_signal.h"
#include "data/ingest.h"

namespace genbid {
namespace {

IngestConfig read(const ConfigFile& file) {
  IngestConfig config;
  file.read(config);
  return config;
}

int run(const ConfigFile& file) {
  const IngestConfig config = read(file);
  stop_signal::install();
  std::optional<Progress> progress;
  IngestControl control;
  control.progress = [&](int64_t done, int64_t total) {
    constexpr int64_t kMegabyte = 1'000'000;
    if (!progress) progress.emplace("Reading", total / kMegabyte, "MB");
    progress->update(done / kMegabyte);
  };
  const std::optional<IngestSummary> summary = ingest(config, control);
  progress.reset();
  if (!summary) {
    log_warning("Stopped by a signal. What was to be written is whole or not there.");
    return stop_signal::exit_status();
  }
  std::fputs(summary->text().c_str(), stdout);
  return 0;
}

std::string resolve(const ConfigFile& file) { return print_config(read(file), "ingest"); }

}  // namespace

Command ingest_command() {
  return {
      "ingest", "read logs into a trajectory store, a market log, or both",
      "Reads AuctionNet's trajectory files or its raw traffic logs (CSV; their headers tell which they are), checks\n"
      "them, and writes a trajectory store to train from and, of raw logs, a market log to replay from (HDF5). The\n"
      "files, their formats and the stores: data/README.md.\n"
      "\n"
      "  genbid ingest configs/ingest.yaml input=trajectory_data.csv output=trajectories.h5\n"
      "  genbid ingest configs/ingest.yaml input='[part-1.csv, part-2.csv]' output=trajectories.h5\n"
      "  genbid ingest configs/ingest.yaml input=period-7.csv output=trajectories.h5 output_market_log=market.h5\n"
      "\n"
      "input                 one file or a list, in any order, all of one kind\n"
      "output                the trajectory store; it is there whole or not at all; `output=` for none (raw logs)\n"
      "output_market_log     the market log of raw logs; none by default\n"
      "features              state features to store: constraint (default) or auctionnet16\n"
      "data.columns.X        what the files call AuctionNet's column X\n"
      "data.bad_rows         stop (default) at a row that cannot be read, or skip such rows (trajectory files)\n"
      "data.ticks            ticks of a period of a raw log; 0 (default): as many as the files have\n"
      "market_log.precision  float32 (default), or float64, which exact replays of AuctionNet's protocol need\n"
      "threads               0 (default): one a processor\n",
      run, resolve};
}

}  // namespace genbid
