#include "data/ingest.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/stop_signal.h"
#include "base/threads.h"
#include "bidding/score.h"
#include "data/trajectory_builder.h"
#include "data/trajectory_store.h"

namespace genbid {
namespace {

constexpr int64_t kRowsPerWrite = 1 << 16;

struct Source {
  std::string name;  // without its folder
  int64_t size = 0;
  std::string hash;
};

std::string sources_json(std::vector<Source> sources) {
  // The order of files on the command line is not part of the store.
  std::sort(sources.begin(), sources.end(),
            [](const Source& a, const Source& b) { return std::tie(a.name, a.hash) < std::tie(b.name, b.hash); });
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Source& source : sources) {
    list.push_back({{"name", source.name}, {"size", source.size}, {"xxh3_128", source.hash}});
  }
  return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// A block and what was parsed from it.
struct Slot {
  CsvBlock block;
  TrajectoryRows rows;
};

// Rows and bad rows of a slot, in file order.
void add_rows(const Slot& slot, size_t file, TrajectoryBuilder& builder) {
  auto bad = slot.rows.bad.begin();
  for (const auto& [head, row] : slot.rows.rows) {
    for (; bad != slot.rows.bad.end() && bad->line < row.line; ++bad) builder.add_bad(*bad);
    builder.add(file, head, row);
  }
  for (; bad != slot.rows.bad.end(); ++bad) builder.add_bad(*bad);
}

// Reads one file: while the workers parse a round of blocks, one of them reads the next round. False if stopped.
bool read_file(TrajectoryFile& source, size_t file, Threads& threads, TrajectoryBuilder& builder,
               const std::function<void(int64_t)>& progress) {
  const auto blocks_per_round = 2 * static_cast<size_t>(threads.count());
  std::vector<Slot> now(blocks_per_round);
  std::vector<Slot> later(blocks_per_round);
  size_t num_now = 0;
  size_t num_later = 0;
  std::exception_ptr read_error;
  const auto read_round = [&] {
    num_later = 0;
    try {
      while (num_later < blocks_per_round && source.csv().next(later[num_later].block)) ++num_later;
    } catch (...) {
      read_error = std::current_exception();  // after what was read before it
    }
  };

  read_round();
  while (true) {
    if (stop_signal::requested()) return false;
    std::swap(now, later);
    num_now = num_later;
    if (num_now == 0) break;
    const bool read_more = read_error == nullptr;
    num_later = 0;
    threads.parallel_for(static_cast<int64_t>(num_now) + 1, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i == 0) {
          if (read_more) read_round();
        } else {
          Slot& slot = now[static_cast<size_t>(i) - 1];
          source.parse(slot.block, slot.rows);
        }
      }
    });
    for (size_t i = 0; i < num_now; ++i) add_rows(now[i], file, builder);
    builder.finish_whole(threads);
    progress(source.csv().bytes_read());
  }
  if (read_error != nullptr) std::rethrow_exception(read_error);
  return true;
}

void check_paths(const IngestConfig& config) {
  if (config.input.empty()) throw ConfigError("input: found no files, expected at least one trajectory file");
  for (const std::string& input : config.input) {
    std::error_code ignored;
    if (std::filesystem::equivalent(input, config.output, ignored)) {
      throw ConfigError("output: found '" + config.output + "', which is an input too; expected another file");
    }
  }
}

void append(const Trajectory& t, TrajectoryColumns& part) {
  part.first_row.push_back(part.num_rows());
  part.period.push_back(t.head.period);
  part.advertiser.push_back(t.head.advertiser);
  part.category.push_back(t.head.category);
  part.budget.push_back(t.head.budget);
  part.cpa.push_back(t.head.cpa);
  part.cost.push_back(t.head.cost);
  part.conversions.push_back(t.head.conversions);
  for (int tick = 0; tick < t.num_ticks; ++tick) part.tick.push_back(tick);
  part.state.insert(part.state.end(), t.state.begin(), t.state.end());
  part.action.insert(part.action.end(), t.action.begin(), t.action.end());
  part.reward.insert(part.reward.end(), t.reward.begin(), t.reward.end());
  part.reward_continuous.insert(part.reward_continuous.end(), t.reward_continuous.begin(), t.reward_continuous.end());
  part.done.insert(part.done.end(), t.done.begin(), t.done.end());
}

// Writes and frees the trajectories. False if stopped.
bool write_store(std::vector<Trajectory>& trajectories, const TrajectoryStoreInfo& info, int64_t num_rows,
                 TrajectoryStoreWriter& writer) {
  writer.begin(info, static_cast<int64_t>(trajectories.size()), num_rows);
  TrajectoryColumns part;
  for (size_t i = 0; i < trajectories.size(); ++i) {
    append(trajectories[i], part);
    trajectories[i] = {};
    if (part.num_rows() >= kRowsPerWrite || i + 1 == trajectories.size()) {
      if (stop_signal::requested()) return false;
      writer.append(part);
      part = {};
    }
  }
  writer.finish();
  return true;
}

void summarise(const std::vector<Trajectory>& trajectories, const std::vector<std::string>& files,
               IngestSummary& summary) {
  std::vector<double> scores, expected_scores, budget_uses, alphas;
  std::set<int32_t> advertisers;
  const Trajectory* first_different = nullptr;
  summary.num_trajectories = static_cast<int64_t>(trajectories.size());
  for (const Trajectory& t : trajectories) {
    summary.num_rows += t.num_ticks;
    if (summary.periods.empty() || summary.periods.back() != t.head.period) {
      summary.periods.push_back(t.head.period);
    }
    advertisers.insert(t.head.advertiser);
    if (t.num_ticks < kTicksPerPeriod) {
      if (summary.num_short++ == 0) summary.shortest = t.num_ticks;
      summary.shortest = std::min<int64_t>(summary.shortest, t.num_ticks);
    }
    if (t.num_nan > 0) summary.nan_by_period[t.head.period] += t.num_nan;
    summary.features_checked += t.features_checked;
    summary.features_different += t.features_different;
    if (t.features_different > 0 &&
        (first_different == nullptr || t.first_difference < first_different->first_difference)) {
      first_different = &t;
    }
    summary.next_states_checked += t.next_states_checked;
    summary.next_states_different += t.next_states_different;

    double expected_conversions = 0.0;
    for (const float value : t.reward_continuous) expected_conversions += static_cast<double>(value);
    scores.push_back(score(t.head.conversions, t.head.cost, t.head.cpa));
    expected_scores.push_back(score(expected_conversions, t.head.cost, t.head.cpa));
    budget_uses.push_back(t.head.cost / t.head.budget);
    // Alphas of ticks in which the seat bid: not of those that began without money.
    const size_t features = t.state.size() / t.action.size();
    for (size_t k = 0; k < t.action.size(); ++k) {
      const double left = t.head.budget * static_cast<double>(t.state[k * features + kFeatureBudgetLeft]);
      if (t.done[k] != 0 && left < kMinRemainingBudget) break;
      alphas.push_back(static_cast<double>(t.action[k]));
    }
  }
  summary.num_advertisers = static_cast<int64_t>(advertisers.size());
  if (first_different != nullptr) {
    const Place place = first_different->first_difference;
    summary.first_feature_difference =
        files[place.file] + ":" + std::to_string(place.line) + " feature '" +
        feature_names(FeatureSet::kAuctionnet16)[first_different->first_difference_feature] + "'";
  }
  summary.score = spread(std::move(scores));
  summary.expected_score = spread(std::move(expected_scores));
  summary.budget_use = spread(std::move(budget_uses));
  summary.alpha = spread(std::move(alphas));
}

}  // namespace

void IngestSettings::Data::fields(ConfigVisitor& v) {
  v.section("columns", columns);
  v.field("bad_rows", bad_rows, std::vector<std::string>{"stop", "skip"});
}

void IngestSettings::fields(ConfigVisitor& v) {
  v.field("features", features, std::vector<std::string>{"auctionnet16", "constraint"});
  v.section("data", data);
}

void IngestConfig::fields(ConfigVisitor& v) {
  v.required("input", input);
  v.required("output", output);
  settings.fields(v);
  v.field("threads", threads, IntRange{0, 1024});
}

std::optional<IngestSummary> ingest(const IngestConfig& config, const IngestControl& control) {
  check_paths(config);
  const FeatureSet features = parse_feature_set(config.settings.features);
  const TrajectoryColumnNames& names = config.settings.data.columns;

  // All headers are looked at before the long work begins.
  int64_t total_bytes = 0;
  for (const std::string& path : config.input) {
    total_bytes += TrajectoryFile(path, names, 1 << 16).csv().size();
  }
  TrajectoryStoreWriter writer(config.output);

  Threads threads(static_cast<int>(config.threads));
  TrajectoryBuilder builder(config.input, features, config.settings.data.bad_rows == "skip");
  IngestSummary summary;
  std::vector<Source> sources;
  for (size_t i = 0; i < config.input.size(); ++i) {
    const std::string& path = config.input[i];
    TrajectoryFile file(path, names, control.block_bytes);
    const auto progress = [&](int64_t bytes) {
      if (control.progress) control.progress(summary.bytes_read + bytes, total_bytes);
    };
    if (!read_file(file, i, threads, builder, progress)) return std::nullopt;
    summary.bytes_read += file.csv().bytes_read();
    sources.push_back({std::filesystem::path(path).filename().string(), file.csv().bytes_read(), file.csv().hash()});
  }
  std::vector<Trajectory> trajectories = builder.finish(threads);
  if (trajectories.empty()) {
    throw Error(config.input.front() + (config.input.size() > 1 ? " and the other files" : "") +
                ": no trajectories to store" +
                (builder.num_bad_rows() > 0 ? " (" + std::to_string(builder.num_bad_rows()) +
                                                  " bad rows skipped, first " + builder.bad_rows().front() + ")"
                                            : ""));
  }

  summary.num_files = static_cast<int64_t>(config.input.size());
  summary.num_bad_rows = builder.num_bad_rows();
  summary.bad_rows = builder.bad_rows();
  summary.num_left_out = builder.num_left_out();
  summarise(trajectories, config.input, summary);
  int32_t last_seat = kNumSeats - 1;
  for (const Trajectory& t : trajectories) last_seat = std::max(last_seat, t.head.advertiser);

  TrajectoryStoreInfo info;
  info.ticks = kTicksPerPeriod;
  info.seats = int64_t{last_seat} + 1;
  info.feature_set = feature_set_name(features);
  info.features = feature_names(features);
  info.sources = sources_json(std::move(sources));
  info.config = print_config(config.settings, "ingest");
  if (!write_store(trajectories, info, summary.num_rows, writer)) return std::nullopt;

  summary.output = config.output;
  summary.output_bytes = static_cast<int64_t>(std::filesystem::file_size(config.output));
  summary.feature_set = info.feature_set;
  summary.num_features = static_cast<int64_t>(info.features.size());
  return summary;
}

}  // namespace genbid
