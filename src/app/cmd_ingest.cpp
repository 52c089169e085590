#include <algorithm>
#include <cstdio>
#include <optional>

#include "app/command.h"
#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop_signal.h"
#include "data/csv_reader.h"
#include "data/ingest.h"
#include "data/replaceable.h"
#include "play/official_assets.h"
#include "play/online_lp_training.h"

namespace genbid::app {
namespace {

// `kind: ingest`.
struct IngestRunConfig {
  data::IngestConfig ingest;
  std::string output_online_lp_table;  // alone: of the raw log of one period

  void fields(ConfigVisitor& v) {
    ingest.keys(v);
    v.path("output_online_lp_table", output_online_lp_table, true);
    const bool stores = !ingest.output.empty() || !ingest.output_market_log.empty();
    v.check(output_online_lp_table.empty() || !stores, "output_online_lp_table",
            "no output and output_market_log beside it: a run makes a table or stores (output= for none)");
    v.check(!output_online_lp_table.empty() || stores, "output",
            "a path (or one in output_market_log or output_online_lp_table)");
  }
};

IngestRunConfig read(const ConfigFile& file) {
  IngestRunConfig config;
  file.read(config);
  return config;
}

// By its header alone: a table that cannot be read may still be replaced.
bool is_online_lp_table(const std::string& path) {
  try {
    const std::vector<std::string> header = data::CsvFile(path, 1 << 16).header();
    const auto has = [&](const char* name) { return std::find(header.begin(), header.end(), name) != header.end(); };
    return has("advertiserCategoryIndex") && has("timeStepIndex") && has("cum_cost") && has("realCPA");
  } catch (const Error&) {
    return false;
  }
}

int make_table(const IngestRunConfig& config) {
  data::check_not_an_input("output_online_lp_table", config.output_online_lp_table, config.ingest.input);
  data::check_replaceable("output_online_lp_table", config.output_online_lp_table, "an OnlineLP table",
                          is_online_lp_table);
  // A place that cannot be written should be found out before the work.
  { const AtomicFile place(config.output_online_lp_table); }
  Threads threads(static_cast<int>(config.ingest.threads));
  const data::IngestSettings::Data& settings = config.ingest.settings.data;
  const auto trained =
      play::train_online_lp(config.ingest.input, settings.columns, threads, static_cast<int>(settings.ticks));
  if (!trained) {
    log_warning("Stopped by a signal. Nothing was written.");
    return stop_signal::exit_status();
  }
  play::write_online_lp_table(trained->table, trained->period, config.output_online_lp_table);
  std::printf("OnlineLP table of period %lld: %s\n", static_cast<long long>(trained->period),
              config.output_online_lp_table.c_str());
  return 0;
}

int run(const ConfigFile& file) {
  const IngestRunConfig run_config = read(file);
  const data::IngestConfig& config = run_config.ingest;
  if (!run_config.output_online_lp_table.empty()) return make_table(run_config);
  std::optional<Progress> progress;
  data::IngestControl control;
  control.progress = [&](int64_t done, int64_t total) {
    constexpr int64_t kMegabyte = 1'000'000;
    if (!progress) progress.emplace("Reading", total / kMegabyte, "MB");
    progress->update(done / kMegabyte);
  };
  const std::optional<data::IngestSummary> summary = data::ingest(config, control);
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
      "Reads AuctionNet's trajectory files or its raw traffic logs (CSV, also in gzip or zip; their headers tell "
      "which\n"
      "they are), checks them, and writes a trajectory store to train from and, of raw logs, a market log to replay\n"
      "from (HDF5). The files, their formats and the stores: data/README.md.\n"
      "\n"
      "  genbid ingest configs/ingest.yaml input=trajectory_data.csv output=trajectories.h5\n"
      "  genbid ingest configs/ingest.yaml input='[part-1.csv, part-2.csv]' output=trajectories.h5\n"
      "  genbid ingest configs/ingest.yaml input=period-7.csv output=trajectories.h5 output_market_log=market.h5\n"
      "\n"
      "input                 one file or a list, in any order, all of one kind\n"
      "output                the trajectory store; it is there whole or not at all; `output=` for none (raw logs)\n"
      "                      outputs replace files of their own kind and no others\n"
      "output_market_log     the market log of raw logs; none by default\n"
      "output_online_lp_table  OnlineLP's table of the raw log of one period, as AuctionNet's training makes it "
      "(CSV);\n"
      "                      for the bidder {bidder: online_lp, table: FILE}; alone (output=), none by default\n"
      "features              state features to store: constraint (default) or auctionnet16\n"
      "data.columns.X        what the files call AuctionNet's column X\n"
      "data.bad_rows         stop (default) at the first fault, or skip trajectories at fault (trajectory files)\n"
      "data.ticks            ticks of a period; 0 (default): as many as the files tell\n"
      "market_log.precision  float32 (default), or float64, which exact replays of AuctionNet's protocol need\n"
      "threads               0 (default): one a processor\n",
      run, resolve};
}

}  // namespace genbid::app
