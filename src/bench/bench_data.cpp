#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/convert.h"
#include "bench/bench.h"
#include "base/error.h"
#include "base/threads.h"
#include "data/ingest.h"
#include "data/raw_log_writer.h"
#include "play/simulate.h"

namespace genbid::bench {
namespace {

using Json = nlohmann::ordered_json;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// A folder that goes away again, below $TMPDIR or /tmp.
class Scratch {
 public:
  Scratch() {
    std::random_device device;
    path_ = (std::filesystem::temp_directory_path() / ("genbid-bench-" + std::to_string(device()))).string();
    std::filesystem::create_directory(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A raw log of a period that the market plays, about 0.8 GB, written at this many bytes a second.
struct WrittenLog {
  std::string path;
  double bytes = 0.0;
  double bytes_per_second = 0.0;
};

constexpr int64_t kImpressions = 100000;

WrittenLog write_raw_log(const Scratch& scratch, int num_threads) {
  play::SimulateConfig config;
  config.market.rules = "official";
  config.market.population = "pid48";
  config.market.impressions = kImpressions;
  config.market.budget_scale = 0.2;
  config.market.periods.values = {0};
  config.threads = num_threads;
  config.output.dir = scratch.file("tables");
  auto begin = std::chrono::steady_clock::now();
  if (!play::simulate(config)) throw Error("bench: stopped");
  const double without = seconds_since(begin);
  config.output.dir = scratch.file("day");
  config.output.raw_log = true;
  begin = std::chrono::steady_clock::now();
  if (!play::simulate(config)) throw Error("bench: stopped");
  const double with = seconds_since(begin);
  WrittenLog log;
  log.path = scratch.file("day/raw_log/period-0.csv");
  log.bytes = as_double(std::filesystem::file_size(log.path));
  log.bytes_per_second = log.bytes / (with - without);
  return log;
}

Json settings_of(const WrittenLog& log, int num_threads) {
  return {{"what", "bytes"}, {"file_bytes", log.bytes}, {"impressions", kImpressions}, {"threads", num_threads}};
}

data::IngestSummary ingest_log(const Scratch& scratch, const WrittenLog& log, int num_threads) {
  data::IngestConfig config;
  config.input = {log.path};
  config.output = scratch.file("trajectories.h5");
  config.output_market_log = scratch.file("market_log.h5");
  config.threads = num_threads;
  const auto summary = data::ingest(config);
  if (!summary || summary->num_rows != kTicksPerPeriod * kNumSeats) {
    throw Error("bench: the log of one period did not become " + std::to_string(kTicksPerPeriod * kNumSeats) + " rows");
  }
  return *summary;
}

void bench_raw_log_write(int num_threads) {
  const Scratch scratch;
  const WrittenLog log = write_raw_log(scratch, num_threads);
  ingest_log(scratch, log, num_threads);  // it is whole
  print_figure("raw_log.write", log.bytes_per_second, "per_s", settings_of(log, num_threads));
}

void bench_raw_log_ingest(int num_threads) {
  const Scratch scratch;
  const WrittenLog log = write_raw_log(scratch, num_threads);
  const double seconds = median_seconds([&] { ingest_log(scratch, log, num_threads); }, 3);
  Json settings = settings_of(log, num_threads);
  settings["outputs"] = {"trajectories", "market_log"};
  print_figure("ingest.raw_log", log.bytes / seconds, "per_s", settings);
}

// The sample of the repository, several times over.
void bench_trajectories(int num_threads) {
  const Scratch scratch;
  data::IngestConfig config;
  config.input = {"data/sample/trajectory_data_periods_7_8.csv"};
  if (!std::filesystem::exists(config.input[0])) {
    throw Error("bench ingest.trajectories: found no " + config.input[0] + ", expected to run in the project's root");
  }
  config.output = scratch.file("trajectories.h5");
  config.threads = num_threads;
  const auto bytes = as_double(std::filesystem::file_size(config.input[0]));
  std::optional<data::IngestSummary> summary;
  const double seconds = median_seconds([&] { summary = data::ingest(config); });
  if (!summary || summary->num_trajectories != 96) {
    throw Error("bench ingest.trajectories: the sample did not become 96 trajectories");
  }
  print_figure("ingest.trajectories", bytes / seconds, "per_s",
               {{"what", "bytes"}, {"file_bytes", bytes}, {"threads", num_threads}});
}

}  // namespace

std::vector<Benchmark> data_benchmarks() {
  return {{"ingest.raw_log", bench_raw_log_ingest},
          {"ingest.trajectories", bench_trajectories},
          {"raw_log.write", bench_raw_log_write}};
}

}  // namespace genbid::bench
