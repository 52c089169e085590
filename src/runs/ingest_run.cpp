#include "runs/ingest_run.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/paths.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "base/text_table.h"
#include "base/threads.h"
#include "data/csv_reader.h"
#include "data/input_files.h"
#include "data/market_log.h"
#include "data/replaceable.h"
#include "play/log_labels.h"
#include "play/log_tape.h"
#include "play/official_assets.h"
#include "play/online_lp_training.h"
#include "runs/day_source.h"

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

std::string counted(int64_t count, const std::string& one) {
  return grouped(count) + " " + one + (count == 1 ? "" : "s");
}

// What is said of a tape.
std::string tape_text(const play::LogTape& made, const std::string& path) {
  const std::string what =
      made.prices == "bids" ? "three slots, by the four highest bids" : "one slot, at the least winning cost";
  std::string text = "Tape: " + path + " (" + counted(made.periods, "period") + ", " + counted(made.seats, "seat") +
                     ", " + counted(made.ticks, "tick") + "; " + what + ")\n";
  if (made.lowered > 0) {
    text += wrapped("  note: ",
                    "the curves of " + grouped(made.lowered) + " of " + grouped(made.periods * made.seats) +
                        " days of a seat begin below a quarter of the CPA limit, where their budget is spent",
                    terminal::width(STDOUT_FILENO));
  }
  return text;
}

nlohmann::ordered_json tape_json(const play::LogTape& made, const std::string& path) {
  return {{"file", path},        {"periods", made.periods}, {"seats", made.seats},
          {"ticks", made.ticks}, {"prices", made.prices},   {"lowered", made.lowered}};
}

std::optional<play::LogTape> make_tape(const IngestRunConfig& config, const std::vector<std::string>& logs) {
  std::optional<Progress> progress;
  Threads threads(static_cast<int>(config.ingest.threads));
  return play::tape_of_logs(logs, config.output_tape, config.tape, threads, [&](int64_t done, int64_t total) {
    if (!progress) progress.emplace("Tape", total, "periods");
    progress->update(done);
  });
}

void check_tape_place(const IngestRunConfig& config, const std::vector<std::string>& inputs) {
  data::check_not_an_input("output_tape", config.output_tape, inputs);
  data::check_replaceable("output_tape", config.output_tape, "a tape", data::is_tape);
  { const AtomicFile place(config.output_tape); }  // one that cannot be written is found out before the work
  for (const std::string& other : {config.ingest.output, config.ingest.output_market_log}) {
    if (other.empty() || !is_same_place(other, config.output_tape)) continue;
    throw ConfigError("output_tape: found '" + config.output_tape + "', which is another output too");
  }
}

// A log's own words may be anybody's: then nobody knows.
std::string source_of_days(const std::string& log) {
  const std::string text = data::MarketLog(log).info().config;
  try {
    return day_source_of_store(text);
  } catch (const std::exception&) {
    return day_source_of_store("");
  }
}

// Of market logs that are there. Empty: stopped.
std::optional<IngestReport> tape_of_market_logs(const IngestRunConfig& config, const std::vector<std::string>& logs) {
  std::string source;  // of the first's days
  for (const std::string& log : logs) {
    if (data::format_of_hdf5(log) != data::kMarketLogFormat) {
      throw ConfigError("input: found '" + log + "' beside market logs, expected files of one kind");
    }
    const std::string other = source_of_days(log);
    if (&log == &logs.front()) source = other;
    if (other == source) continue;
    throw ConfigError("input: found " + day_source_text(other) + " in '" + log + "', expected " +
                      day_source_text(source) + " as in '" + logs.front() +
                      "': a tape is of days that numbers tell apart");
  }
  if (!config.ingest.output.empty() || !config.ingest.output_market_log.empty()) {
    throw ConfigError("output: found '" + config.ingest.output + config.ingest.output_market_log +
                      "', expected nothing (output=): of a market log only output_tape is made");
  }
  check_tape_place(config, logs);
  const auto made = make_tape(config, logs);
  if (!made) return std::nullopt;
  const nlohmann::ordered_json json = {{"tape", tape_json(*made, config.output_tape)}};
  return IngestReport{tape_text(*made, config.output_tape),
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
  v.path("output_tape", output_tape, true);
  v.section("tape", tape);
  v.check(!labels || (!ingest.output.empty() && !ingest.output_market_log.empty()), "labels",
          "false, or both output and output_market_log, of raw logs: labels of the one are made from the other");
  const bool stores = !ingest.output.empty() || !ingest.output_market_log.empty();
  v.check(output_online_lp_table.empty() || (!stores && output_tape.empty()), "output_online_lp_table",
          "no output, output_market_log and output_tape beside it: a run makes a table or stores (output= for none)");
  v.check(!output_online_lp_table.empty() || stores || !output_tape.empty(), "output",
          "a path (or one in output_market_log, output_tape or output_online_lp_table)");
}

std::optional<IngestReport> ingest(const IngestRunConfig& config) {
  if (!config.output_online_lp_table.empty()) return make_table(config);
  if (!config.output_tape.empty()) {
    const std::vector<std::string> inputs = data::input_files(config.ingest.input);
    if (!inputs.empty() && !data::is_many(inputs.front()) && !std::filesystem::exists(inputs.front())) {
      throw Error(inputs.front() + ": no such file");
    }
    if (!inputs.empty() && data::format_of_hdf5(inputs.front()) == data::kMarketLogFormat) {
      return tape_of_market_logs(config, inputs);
    }
    if (config.ingest.output_market_log.empty()) {
      throw ConfigError("output_tape: found '" + config.output_tape +
                        "', but neither is the input a market log nor one in output_market_log, which a tape is made "
                        "from");
    }
    check_tape_place(config, inputs);
  }
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
  if (config.output_tape.empty()) return IngestReport{summary->text(), summary->json()};
  const auto made = make_tape(config, {config.ingest.output_market_log});
  if (!made) return std::nullopt;
  auto json = nlohmann::ordered_json::parse(summary->json());
  json["tape"] = tape_json(*made, config.output_tape);
  return IngestReport{summary->text() + tape_text(*made, config.output_tape),
                      json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"};
}

std::optional<IngestReport> ingest_campaigns(const data::CampaignIngestConfig& config) {
  std::optional<Progress> progress;
  const std::optional<data::CampaignIngestSummary> summary = data::ingest_campaigns(config, shown_in(progress));
  progress.reset();
  if (!summary) return std::nullopt;
  return IngestReport{summary->text(terminal::width(STDOUT_FILENO)), summary->json()};
}

}  // namespace genbid::runs
