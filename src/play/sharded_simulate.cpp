#include "play/sharded_simulate.h"

#include <fcntl.h>

#include <filesystem>
#include <utility>

#include "base/config/settings_difference.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/file_lock.h"
#include "base/files/raw_file.h"
#include "base/stop_signal.h"
#include "play/outputs.h"
#include "play/run_identity.h"

namespace genbid::play {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSettings = "shard.yaml";

std::string folder_of(const std::string& dir, Shard one) {
  return dir + "/shards/" + std::to_string(one.index) + "-of-" + std::to_string(one.count);
}

// Error if the file has other settings than these.
void check_settings(const std::string& path, const std::string& expected) {
  const std::string difference = settings_difference(read_file(path), expected);
  if (difference.empty()) return;
  throw Error(path + ": found a run with " + difference + " (give its command, or take another output.dir)");
}

class ShardedRun {
 public:
  ShardedRun(const SimulateConfig& config, const Population& population, const std::vector<int64_t>& periods,
             Shard shard)
      : config_(config), population_(population), periods_(periods), shard_(shard) {
    config_.output.shard.clear();
    identity_ = run_identity(config_, population);
  }

  bool is_merged() const {
    if (!fs::exists(merged_path())) return false;
    check_settings(merged_path(), identity_ + files_text());
    return true;
  }
  // What a shard should be is found out only where it is there: of thousands most are not.
  bool is_played(Shard one) const {
    const std::string path = folder(one) + "/" + kSettings;
    if (!fs::exists(path)) return false;
    check_settings(path, identity_of(one));
    return true;
  }

  SimulateConfig config_of(Shard one) const {
    SimulateConfig config = config_;
    config.output.dir = folder(one);
    const int64_t all = std::ssize(periods_);
    config.market.periods.values.assign(periods_.begin() + one.begin(all), periods_.begin() + one.end(all));
    return config;
  }
  void played(Shard one) const {
    fs::create_directories(folder(one));
    write_file(folder(one) + "/" + kSettings, identity_of(one));
  }

  std::vector<std::string> missing() const {
    std::vector<std::string> names;
    for (int64_t i = 0; i < shard_.count; ++i) {
      const Shard one{i, shard_.count};
      if (!is_played(one)) names.push_back(one.text());
    }
    return names;
  }

  // Returns the files; none where another process is at it, or a stop was asked for.
  std::vector<std::string> merge(Threads& threads) const {
    const std::string lock = config_.output.dir + "/shards/.lock";  // a file: folders have no locks on NFS
    const RawFile place(lock, O_RDWR | O_CREAT);
    if (!lock_file(place.fd(), lock, std::chrono::seconds(1)) || is_merged()) return {};
    OutputConfig output = config_.output;
    output.resumable = false;
    Outputs whole(output, config_.market.shape(), std::ssize(periods_), identity_, threads);
    for (int64_t i = 0; i < shard_.count; ++i) {
      const Shard one{i, shard_.count};
      if (one.begin(std::ssize(periods_)) == one.end(std::ssize(periods_))) continue;
      if (stop_signal::requested()) return {};
      whole.append_part(folder(one));
    }
    const std::vector<std::string> files = whole.commit();
    write_file(merged_path(), identity_ + files_text());
    remove_parts();
    return files;
  }

  // What shards have left that are put together; a process that did that may have been killed before this.
  void remove_parts() const {
    for (int64_t i = 0; i < shard_.count; ++i) remove_all_but_settings(folder({i, shard_.count}));
  }

 private:
  std::string folder(Shard one) const { return folder_of(config_.output.dir, one); }
  std::string merged_path() const { return config_.output.dir + "/shards/merged.yaml"; }
  std::string identity_of(Shard one) const {
    const SimulateConfig config = config_of(one);
    return (config.market.periods.values.empty() ? "periods: []\n" : run_identity(config, population_)) + files_text();
  }
  // Which files are asked for, which a run's identity does not say.
  std::string files_text() const {
    const auto line = [](const char* name, bool value) {
      return std::string("  ") + name + ": " + (value ? "true" : "false") + "\n";
    };
    const OutputConfig& output = config_.output;
    return "files:\n" + line("ticks", output.ticks) + line("raw_log", output.raw_log) +
           line("trajectories", output.trajectories) +
           line("trajectories_csv", output.trajectories && output.trajectories_csv) + line("tape", output.tape);
  }
  static void remove_all_but_settings(const std::string& folder) {
    if (!fs::exists(folder)) return;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename() != kSettings) fs::remove_all(entry.path());
    }
  }

  SimulateConfig config_;
  const Population& population_;
  const std::vector<int64_t>& periods_;
  Shard shard_;
  std::string identity_;
};

}  // namespace

std::string playing_folder(const OutputConfig& output) {
  const auto shard = parse_shard(output.shard);
  return shard ? folder_of(output.dir, *shard) : output.dir;
}

std::optional<SimulateSummary> simulate_shard(const SimulateConfig& config, const Population& population,
                                              const std::vector<int64_t>& periods, Shard shard, const PlayPeriods& play,
                                              Threads& threads) {
  const ShardedRun run(config, population, periods, shard);
  SimulateSummary summary;
  summary.shard = shard;
  summary.num_played_before = shard.end(std::ssize(periods)) - shard.begin(std::ssize(periods));
  if (run.is_merged()) {
    run.remove_parts();
    summary.merged = true;
    return summary;
  }
  if (!run.is_played(shard)) {
    const SimulateConfig own = run.config_of(shard);
    if (!own.market.periods.values.empty()) {
      auto played = play(own);
      if (!played) return std::nullopt;
      summary.periods = std::move(played->periods);
      summary.num_played_before = played->num_played_before;
    }
    run.played(shard);
  }
  summary.missing_shards = run.missing();
  if (!summary.missing_shards.empty()) return summary;
  summary.files = run.merge(threads);
  if (stop_signal::requested()) return std::nullopt;
  summary.merged = !summary.files.empty();
  return summary;
}

}  // namespace genbid::play
