#include "data/campaign_ingest.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/text_table.h"
#include "base/threads.h"
#include "data/campaign_log.h"
#include "data/campaign_store.h"
#include "data/csv_blocks.h"
#include "data/ingest_store.h"
#include "data/input_stamps.h"
#include "data/replaceable.h"

namespace genbid::data {
namespace {

using campaigns::ClickDay;

std::string at_line(const std::string& path, int64_t line) { return path + ":" + std::to_string(line); }

// Rows become days, and the last days of a campaign its sample.
class CampaignJoiner {
 public:
  CampaignJoiner(const CampaignIngestConfig& config, const CampaignTable& table, CampaignStoreWriter& writer,
                 CampaignIngestSummary& summary)
      : config_(config), table_(table), writer_(writer), summary_(summary) {}

  // The next rows. An Error of theirs is thrown behind those that were read before it.
  void add(const CampaignRows& rows, const std::string& path) {
    for (size_t i = 0; i < rows.pieces.size(); ++i) add_piece(rows, i, path);
    summary_.num_impressions += rows.num_rows();
    if (rows.fault != nullptr) std::rethrow_exception(rows.fault);
  }

  void finish() {
    end_campaign();
    if (seen_at_.size() == table_.rows.size()) return;
    // The first of the table, whatever the order of the map.
    const std::pair<const int64_t, CampaignTable::Row>* missing = nullptr;
    for (const auto& row : table_.rows) {
      if (seen_at_.contains(row.first)) continue;
      if (missing == nullptr || row.second.line < missing->second.line) missing = &row;
    }
    const int64_t others = std::ssize(table_.rows) - std::ssize(seen_at_) - 1;
    throw Error(at_line(config_.campaigns, missing->second.line) + ": column 'campaign': found '" +
                std::to_string(missing->first) + "'" +
                (others > 0 ? " (and " + std::to_string(others) + " more)" : "") +
                ", which has no impressions in the log; expected impressions of each campaign, or no row for it here");
  }

 private:
  void add_piece(const CampaignRows& rows, size_t number, const std::string& path) {
    const CampaignRows::Piece& piece = rows.pieces[number];
    const std::string where = at_line(path, piece.line);
    const auto refuse = [&](const char* column, int64_t found, const std::string& expected) {
      throw Error(where + ": column '" + column + "': found '" + std::to_string(found) + "', expected " + expected);
    };
    if (days_.empty() || campaign_ != piece.campaign) {
      end_campaign();
      const auto before = seen_at_.find(piece.campaign);
      if (before != seen_at_.end()) {
        refuse("campaign", piece.campaign, "all rows of a campaign together (it has rows at " + before->second + ")");
      }
      if (!table_.rows.contains(piece.campaign)) {
        refuse("campaign", piece.campaign, "one of the campaigns of " + config_.campaigns);
      }
      campaign_ = piece.campaign;
      begin_day(piece.day);
    } else if (piece.day != day_) {
      if (piece.day != day_ + 1) {
        refuse("day", piece.day,
               std::to_string(day_ + 1) + " (or " + std::to_string(day_) +
                   "): days of a campaign in order, each in one piece, none left out");
      }
      end_day();
      begin_day(piece.day);
    }
    ClickDay& day = days_.back();
    const int64_t slot = std::ssize(day.slot_begins) - 1;
    const int64_t end = rows.end(number);
    if (at(rows.slot, piece.begin) < slot) {
      refuse("slot", at(rows.slot, piece.begin), std::to_string(slot) + " or more: slots of a day in order");
    }
    for (int64_t i = piece.begin; i < end; ++i) {
      const int64_t begin = day.num_impressions() + i - piece.begin;
      while (std::ssize(day.slot_begins) <= at(rows.slot, i)) day.slot_begins.push_back(begin);
    }
    const auto append = [&](std::vector<float>& to, const std::vector<float>& from) {
      to.insert(to.end(), from.begin() + piece.begin, from.begin() + end);
    };
    append(day.value, rows.value);
    append(day.ctr, rows.ctr);
    append(day.cost, rows.cost);
    piece_at_ = where;
  }

  void begin_day(int64_t number) {
    day_ = number;
    ClickDay day;
    if (std::ssize(days_) > config_.settings.days_before) {  // its memory is used again
      day = std::move(days_.front());
      days_.pop_front();
      for (std::vector<float>* column : {&day.value, &day.ctr, &day.cost}) column->clear();
    }
    day.slot_begins.assign(1, 0);
    days_.push_back(std::move(day));
  }

  void end_day() {
    ClickDay& day = days_.back();
    day.slot_begins.resize(to_size(config_.settings.slots + 1), day.num_impressions());
    ++summary_.num_days;
  }

  void end_campaign() {
    if (days_.empty()) return;
    end_day();
    for (const ClickDay& day : days_) writer_.add_day(day);
    const CampaignTable::Row& row = table_.rows.at(campaign_);
    const int64_t days_before = std::ssize(days_) - 1;
    writer_.add_sample({row.set, campaign_, day_, row.limits, days_before});
    ++at(summary_.sets, static_cast<int>(row.set));
    summary_.num_without_day_before += days_before == 0 ? 1 : 0;
    seen_at_.emplace(campaign_, piece_at_);
    days_.clear();
  }

  const CampaignIngestConfig& config_;
  const CampaignTable& table_;
  CampaignStoreWriter& writer_;
  CampaignIngestSummary& summary_;
  int64_t campaign_ = 0;  // the campaign that the days are of
  int64_t day_ = 0;       // the last of them
  std::deque<ClickDay> days_;
  std::string piece_at_;                              // where rows of it were seen last
  std::unordered_map<int64_t, std::string> seen_at_;  // campaigns that are over
};

// What the store keeps of the config.
struct StoredSettings {
  CampaignIngestConfig::Settings settings;
  std::string protocol = "campaigns";

  void fields(ConfigVisitor& v) {
    v.field("protocol", protocol);
    settings.fields(v);
  }
};

void check_paths(const CampaignIngestConfig& config) {
  if (config.input.empty()) throw ConfigError("input: found no files, expected at least one log");
  check_not_an_input("output", config.output, config.input);
  check_not_an_input("output", config.output, {config.campaigns});
  check_replaceable("output", config.output, "a store of campaigns' days", is_campaign_store);
}

std::string size_text(int64_t bytes) { return number_text("%.1f MB", 1e-6 * as_double(bytes)); }

}  // namespace

void CampaignIngestConfig::Settings::fields(ConfigVisitor& v) {
  v.field("slots", slots, IntRange{1, kMostDaySlots});
  v.field("days_before", days_before, IntRange{0, 365});
  v.field("validation_share", validation_share, RealRange{0.0, 1.0});
  v.field("test_share", test_share, RealRange{0.0, 1.0});
  v.check(validation_share + test_share <= 1.0, "test_share", "at most 1 together with validation_share");
}

void CampaignIngestConfig::fields(ConfigVisitor& v) {
  v.required_path("input", input);
  v.required_path("campaigns", campaigns);
  v.required_path("output", output);
  settings.fields(v);
  v.field("threads", threads, IntRange{0, 1024});
}

std::optional<CampaignIngestSummary> ingest_campaigns(const CampaignIngestConfig& config,
                                                      const IngestControl& control) {
  check_paths(config);
  std::vector<std::string> files = config.input;
  files.push_back(config.campaigns);
  const InputStamps stamps(files);
  // All headers are looked at before the long work begins.
  int64_t total_bytes = 0;
  for (const std::string& path : config.input) {
    total_bytes += CampaignLogFile(path, config.settings.slots, 1 << 16).csv().size();
  }
  const CampaignTable table =
      read_campaign_table(config.campaigns, config.settings.validation_share, config.settings.test_share);
  CampaignStoreWriter writer(config.output, config.settings.slots);

  CampaignIngestSummary summary;
  summary.num_files = std::ssize(config.input);
  summary.sets_of_table = table.has_sets;
  std::vector<CsvSource> sources = {table.source};
  Threads threads(to_int(config.threads));
  CampaignJoiner joiner(config, table, writer, summary);
  for (const std::string& path : config.input) {
    CampaignLogFile file(path, config.settings.slots, control.block_bytes);
    const int64_t before = summary.num_impressions;
    const bool whole = read_blocks<CsvBlock, CampaignRows>(
        [&](CsvBlock& block) { return file.csv().next(block); }, threads,
        [&](const CsvBlock& block, CampaignRows& rows) { file.parse(block, rows); },
        [&](const CampaignRows& rows) { joiner.add(rows, path); },
        [&] {
          if (control.progress) control.progress(summary.bytes_read + file.csv().bytes_read(), total_bytes);
        });
    if (!whole) return std::nullopt;
    if (summary.num_impressions == before) {
      throw Error(path + ": found no rows behind the header, expected a row for each impression");
    }
    summary.bytes_read += file.csv().bytes_read();
    sources.push_back(file.csv().source());
  }
  joiner.finish();
  stamps.check();
  writer.finish({sources_json(std::move(sources)), print_config(StoredSettings{config.settings}, "ingest")});
  summary.output = config.output;
  summary.output_bytes = to_signed(std::filesystem::file_size(config.output));
  summary.stored_impressions = writer.num_impressions();
  summary.stored_days = writer.num_days();
  return summary;
}

std::string CampaignIngestSummary::text(size_t width) const {
  const auto line = [&](std::string head, const std::string& words) {
    head.resize(20, ' ');
    return wrapped("  " + head, words, width);
  };
  std::string of_sets;
  for (size_t i = 0; i < sets.size(); ++i) {
    of_sets += (i > 0 ? ", " : "") + std::string(campaigns::kSetNames[i]) + " " + grouped(sets[i]);
  }
  return wrapped("Ingested ",
                 grouped(num_impressions) + " impressions of " + grouped(num_days) + " days of " +
                     grouped(sets[0] + sets[1] + sets[2]) + " campaigns, from " + grouped(num_files) +
                     (num_files == 1 ? " file (" : " files (") + size_text(bytes_read) + ")",
                 width) +
         line("samples", of_sets + (sets_of_table ? " (as the table says)" : " (by a hash of the campaign)")) +
         line("day before", num_without_day_before == 0 ? "of every sample"
                                                        : "of all samples but " + grouped(num_without_day_before)) +
         "Store: " + output + " (" + size_text(output_bytes) + ", " + grouped(stored_days) + " days of " +
         grouped(stored_impressions) + " impressions)\n";
}

std::string CampaignIngestSummary::json() const {
  nlohmann::ordered_json json = {{"num_files", num_files},
                                 {"bytes_read", bytes_read},
                                 {"num_impressions", num_impressions},
                                 {"num_days", num_days},
                                 {"num_campaigns", sets[0] + sets[1] + sets[2]}};
  for (size_t i = 0; i < sets.size(); ++i) json["sets"][std::string(campaigns::kSetNames[i])] = sets[i];
  json["num_without_day_before"] = num_without_day_before;
  json["store"] = {
      {"file", output}, {"bytes", output_bytes}, {"num_days", stored_days}, {"num_impressions", stored_impressions}};
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace genbid::data
