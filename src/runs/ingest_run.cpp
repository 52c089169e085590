#include "runs/ingest_run.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "base/threads.h"
#include "data/csv_reader.h"
#include "data/replaceable.h"
#include "play/log_labels.h"
#include "play/official_assets.h"
#include "play/online_lp_training.h"

namespace genbid::runs {
namespace {

// A table is known by its header alone: one that cannot be read may still be replaced.
bool is_online_lp_table(const std::string& path) {
  try {
    const std::vector<std::string> header = data::CsvFile(path, 1 << 16).header();
    const auto has = [&](const char* name) { return std::find(header.begin(), header.end(), name) != header.end(); };
    return has("advertiserCategoryIndex") && has("timeStepIndex") && has("cum_cost") && has("realCPA");
  } catch (const Error&) {
    return false;
  }
}

std::optional<IngestReport> make_table(const IngestRunConfig& config) {
  data::check_not_an_input("output_online_lp_table", config.output_online_lp_table, config.ingest.input);
  data::check_replaceable("output_online_lp_table", config.output_online_lp_table, "an OnlineLP table",
                          is_online_lp_table);
  // A place that cannot be written should be found out before the work.
  { const AtomicFile place(config.output_online_lp_table); }
  Threads threads(static_cast<int>(config.ingest.threads));
  const data::IngestSettings::Data& settings = config.ingest.settings.data;
  const auto trained =
      play::train_online_lp(config.ingest.input, settings.columns, threads, static_cast<int>(settings.ticks));
  if (!trained) return std::nullopt;
  play::write_online_lp_table(trained->table, trained->period, config.output_online_lp_table);
  const nlohmann::ordered_json json = {
      {"online_lp_table", {{"file", config.output_online_lp_table}, {"period", trained->period}}}};
  return IngestReport{
      "OnlineLP table of period " + std::to_string(trained->period) + ": " + config.output_online_lp_table + "\n",
      json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"};
}

// Reading shows how far it is.
data::IngestControl shown_in(std::optional<Progress>& progress) {
  data::IngestControl control;
  control.progress = [&progress](int64_t done, int64_t total) {
    constexpr int64_t kMegabyte = 1'000'000;
    if (!progress) progress.emplace("Reading", total / kMegabyte, "MB");
    progress->update(done / kMegabyte);
  };
  return control;
}

}  // namespace

void IngestRunConfig::fields(ConfigVisitor& v) {
  ingest.keys(v);
  v.path("output_online_lp_table", output_online_lp_table, true);
  v.field("labels", labels);
  v.check(!labels || (!ingest.output.empty() && !ingest.output_market_log.empty()), "labels",
          "false, or both output and output_market_log, of raw logs: labels of the one are made from the other");
  const bool stores = !ingest.output.empty() || !ingest.output_market_log.empty();
  v.check(output_online_lp_table.empty() || !stores, "output_online_lp_table",
          "no output and output_market_log beside it: a run makes a table or stores (output= for none)");
  v.check(!output_online_lp_table.empty() || stores, "output",
          "a path (or one in output_market_log or output_online_lp_table)");
}

std::optional<IngestReport> ingest(const IngestRunConfig& config) {
  if (!config.output_online_lp_table.empty()) return make_table(config);
  std::optional<Progress> progress;
  data::IngestControl control = shown_in(progress);
  if (config.labels) {
    control.labels = [&progress](const std::string& market_log, std::span<const data::Trajectory> trajectories,
                                 Threads& threads) {
      progress.reset();
      return play::labels_from_log(market_log, trajectories, threads, [&progress](int64_t done) {
        if (!progress) progress.emplace("Labelling", 0, "periods");
        progress->update(done);
      });
    };
  }
  const std::optional<data::IngestSummary> summary = data::ingest(config.ingest, control);
  progress.reset();
  if (!summary) return std::nullopt;
  return IngestReport{summary->text(), summary->json()};
}

std::optional<IngestReport> ingest_campaigns(const data::CampaignIngestConfig& config) {
  std::optional<Progress> progress;
  const std::optional<data::CampaignIngestSummary> summary = data::ingest_campaigns(config, shown_in(progress));
  progress.reset();
  if (!summary) return std::nullopt;
  return IngestReport{summary->text(terminal::width(STDOUT_FILENO)), summary->json()};
}

}  // namespace genbid::runs
