#include "play/simulate.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/threads.h"

namespace genbid {
namespace {

// A text file written bit by bit; every failure is an Error.
class TextFile {
 public:
  explicit TextFile(std::string path) : path_(std::move(path)), out_(path_, std::ios::binary) { check(); }
  void write(const std::string& text) {
    out_ << text;
    check();
  }
  void close() {
    out_.close();
    check();
  }

 private:
  void check() {
    if (!out_) throw Error(path_ + ": cannot write: " + std::strerror(errno));
  }
  std::string path_;
  std::ofstream out_;
};

// The two tables under temporary names. A new folder appears with both in it; in a folder that is there already
// they replace only files of their own names, and at no moment do an old and a new one lie side by side.
class Output {
 public:
  explicit Output(const std::string& dir) : periods_path_(dir + "/periods.csv") {
    if (std::filesystem::exists(dir)) {
      ticks_file_.emplace(dir + "/ticks.csv");
      periods_file_.emplace(periods_path_);
    } else {
      folder_.emplace(dir);
    }
    ticks_.emplace(folder_ ? folder_->temporary() + "/ticks.csv" : ticks_file_->temporary());
    periods_.emplace(folder_ ? folder_->temporary() + "/periods.csv" : periods_file_->temporary());
    ticks_->write(PeriodTables::ticks_header());
    periods_->write(PeriodTables::periods_header());
  }

  void write(const PeriodTables& tables) {
    ticks_->write(tables.ticks_rows());
    periods_->write(tables.periods_rows());
  }

  void commit() {
    ticks_->close();
    periods_->close();
    if (folder_) {
      folder_->commit();
      return;
    }
    std::filesystem::remove(periods_path_);
    ticks_file_->commit();
    periods_file_->commit();
  }

 private:
  std::string periods_path_;
  std::optional<AtomicFolder> folder_;
  std::optional<AtomicFile> ticks_file_, periods_file_;
  std::optional<TextFile> ticks_, periods_;
};

}  // namespace

int64_t periods_together(const MarketConfig& market, std::span<Bidder* const> bidders, int num_threads) {
  if (market.official() || keep_state_between_periods(bidders)) return 1;
  constexpr double kMaxBytes = 0.5e9;
  constexpr double kLargestTickShare = 0.075;
  constexpr double kBytesPerImpression = kNumSeats * sizeof(float) + 16;
  const double bytes = static_cast<double>(market.impressions) * kLargestTickShare * kBytesPerImpression;
  const auto fitting = static_cast<int64_t>(kMaxBytes / bytes);
  return std::clamp<int64_t>(fitting, 1, std::max(8, 4 * num_threads));
}

void MarketRunConfig::fields(ConfigVisitor& v) {
  MarketConfig::fields(v);
  v.field("population", population);
  v.check(population_exists(population), "population", expected_population());
  v.required("periods", periods);
  v.check(!periods.values.empty(), "periods", "at least one period");
}

void SimulateConfig::fields(ConfigVisitor& v) {
  v.section("market", market);
  v.section("output", output);
  v.field("threads", threads, {0, 1024});
}

std::string SimulateSummary::text() const {
  std::string table =
      "  period  conversions  score/seat  expected/seat  budget use  least winning cost  clearings  seconds\n";
  for (const PeriodSummary& p : periods) {
    char line[160];
    std::snprintf(line, sizeof line, "%8lld %12.0f %11.3f %14.3f %10.1f%% %19.5f %10lld %8.3f\n",
                  static_cast<long long>(p.period), p.conversions, p.mean_score, p.mean_expected_score,
                  100.0 * p.budget_use, p.mean_least_winning_cost, static_cast<long long>(p.num_clearings), p.seconds);
    table += line;
  }
  return table;
}

std::optional<SimulateSummary> simulate(const SimulateConfig& config, const std::function<void(int64_t)>& progress) {
  const Population population = load_population(config.market.population);
  std::vector<int64_t> periods = config.market.periods.values;
  std::sort(periods.begin(), periods.end());

  Threads threads(static_cast<int>(config.threads));
  const auto market = make_market(config.market, threads);
  const auto owned = make_bidders(population, parse_rules(config.market.rules));
  std::vector<Bidder*> bidders;
  for (const auto& bidder : owned) bidders.push_back(bidder.get());

  Output output(config.output.dir);
  SimulateSummary summary;
  const auto together = static_cast<size_t>(periods_together(config.market, bidders, threads.count()));
  PeriodTables tables;
  for (size_t first = 0; first < periods.size(); first += together) {
    const auto start = std::chrono::steady_clock::now();
    const size_t last = std::min(first + together, periods.size());
    std::vector<Cell> cells;
    cells.reserve(last - first);
    std::vector<int> seat_bidder;
    for (size_t i = first; i < last; ++i) {
      cells.push_back(make_cell(population, periods[i], config.market.budget_scale));
      for (int seat = 0; seat < kNumSeats; ++seat) seat_bidder.push_back(seat);
    }
    tables.start(population, cells);
    if (!play(*market, std::move(cells), bidders, seat_bidder, tables)) return std::nullopt;
    output.write(tables);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    for (PeriodSummary& period : tables.summaries()) {
      period.seconds = wall.count() / static_cast<double>(last - first);
      summary.periods.push_back(period);
    }
    if (progress) progress(static_cast<int64_t>(last));
  }
  output.commit();
  return summary;
}

}  // namespace genbid
