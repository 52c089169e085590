#include <cstdio>
#include <optional>

#include "app/command.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop_signal.h"
#include "data/ingest.h"
#include "play/official_assets.h"
#include "play/online_lp_training.h"

namespace genbid {
namespace {

// `kind: ingest`.
struct IngestRunConfig {
  IngestConfig ingest;
  std::string output_online_lp_table;  // of the raw log of one period; empty: none

  void fields(ConfigVisitor& v) {
    ingest.fields(v);
    v.field("output_online_lp_table", output_online_lp_table);
  }
};

IngestRunConfig read(const ConfigFile& file) {
  IngestRunConfig config;
  file.read(config);
  return config;
}

bool write_table(const IngestRunConfig& config) {
  Threads threads(static_cast<int>(config.ingest.threads));
  const auto trained = train_online_lp(config.ingest.input, threads);
  if (!trained) return false;
  write_online_lp_table(trained->table, trained->period, config.output_online_lp_table);
  std::printf("OnlineLP table of period %lld: %s\n", static_cast<long long>(trained->period),
              config.output_online_lp_table.c_str());
  return true;
}

int run(const ConfigFile& file) {
  const IngestRunConfig run_config = read(file);
  const IngestConfig& config = run_config.ingest;
  stop_signal::install();
  const bool table = !run_config.output_online_lp_table.empty();
  if (table && config.output.empty() && config.output_market_log.empty()) {
    return write_table(run_config) ? 0 : stop_signal::exit_status();
  }
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
  if (table && !write_table(run_config)) return stop_signal::exit_status();
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
      "output_online_lp_table  OnlineLP's table of the raw log of one period, as AuctionNet's training makes it "
      "(CSV);\n"
      "                      for the bidder {bidder: online_lp, table: FILE}; none by default\n"
      "features              state features to store: constraint (default) or auctionnet16\n"
      "data.columns.X        what the files call AuctionNet's column X\n"
      "data.bad_rows         stop (default) at a row that cannot be read, or skip such rows (trajectory files)\n"
      "data.ticks            ticks of a period of a raw log; 0 (default): as many as the files have\n"
      "market_log.precision  float32 (default), or float64, which exact replays of AuctionNet's protocol need\n"
      "threads               0 (default): one a processor\n",
      run, resolve};
}

}  // namespace genbid
