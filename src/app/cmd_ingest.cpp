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
    log_warning("Stopped by a signal. No store was written.");
    return stop_signal::exit_status();
  }
  std::fputs(summary->text().c_str(), stdout);
  return 0;
}

std::string resolve(const ConfigFile& file) { return print_config(read(file), "ingest"); }

}  // namespace

Command ingest_command() {
  return {"ingest", "read logs into a trajectory store",
          "Reads AuctionNet's trajectory files (CSV), checks them, and writes one trajectory store (HDF5) to train\n"
          "from. The files, their formats and the store: data/README.md.\n"
          "\n"
          "  genbid ingest configs/ingest.yaml input=trajectory_data.csv output=trajectories.h5\n"
          "  genbid ingest configs/ingest.yaml input='[part-1.csv, part-2.csv]' output=trajectories.h5\n"
          "\n"
          "input            one file or a list, in any order\n"
          "output           the store; it is there whole or not at all\n"
          "features         state features to store: constraint (default) or auctionnet16\n"
          "data.columns.X   what the files call AuctionNet's column X\n"
          "data.bad_rows    stop (default) at a row that cannot be read, or skip such rows\n"
          "threads          0 (default): one a processor\n",
          run, resolve};
}

}  // namespace genbid
