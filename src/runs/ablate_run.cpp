#include "runs/ablate_run.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>

#include "base/shard.h"
#include "base/child_process.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop_signal.h"
#include "data/replaceable.h"
#include "report/comparison.h"
#include "report/read_table.h"
#include "report/row_chart.h"
#include "runs/ablate_cells.h"
#include "runs/ablate_state.h"
#include "runs/ablate_table.h"
#include "runs/evaluate_candidates.h"
#include "runs/program.h"
#include "train/rank_place.h"

namespace genbid::runs {
namespace {

// The training, or the number of an evaluation.
using Part = int;
constexpr Part kTrain = -1;

// The last line that a process wrote behind this place of its file, for people.
std::string last_line(const std::string& path, std::streamoff begin) {
  std::ifstream in(path);
  in.seekg(begin);
  std::string line;
  std::string last;
  while (std::getline(in, line)) {
    if (!line.empty()) last = line;
  }
  return shown(last);
}

// A cell whose process runs.
struct Running {
  size_t cell;
  Part part;
  ChildProcess process;
  CellLock lock;
  std::streamoff output_begin;  // of what it writes, in the cell's file
};

// Each cell reads the configs that the experiment's names.
void check_configs(const AblateConfig& config) {
  std::vector<std::string> files = {config.evaluate, config.train};
  for (const VariantConfig& variant : config.variants) files.push_back(variant.train);
  for (const std::string& file : files) {
    try {
      require_regular_file(file);
    } catch (const Error& error) {
      throw ConfigError(error.what());
    }
  }
}

// Results replace only their like.
void check_replaceable_results(const std::string& folder) {
  const auto check = [&folder](const std::string& name, const std::string& kind, bool (*is_one)(const std::string&)) {
    data::check_replaceable_output(
        folder + "/" + name, kind, [is_one](const std::string& path) { return is_one(read_file(path)); }, "name");
  };
  check("table.md", "an experiment's table", is_ablate_markdown);
  check("table.json", "an experiment's table", is_ablate_json);
  check("plot.svg", "an experiment's plot", report::is_row_svg_file);
}

class Experiment {
 public:
  Experiment(const AblateConfig& config, std::vector<AblateCell> cells) : config_(config), cells_(std::move(cells)) {}

  AblateSummary run() {
    const stop_signal::Cooperative cooperative;
    find_waiting();
    int64_t processes = 1;  // of the largest training
    for (const AblateCell& cell : cells_) processes = std::max(processes, cell.train ? cell.train->train.ranks : 1);
    const int64_t processors = std::max(1U, std::thread::hardware_concurrency());
    const int64_t limit = config_.jobs > 0 ? config_.jobs : std::max<int64_t>(1, processors / processes);
    Progress progress("ablate", std::ssize(waiting_), "cells");
    while (!stopping() && (!running_.empty() || !waiting_.empty())) {
      while (std::ssize(running_) < limit && begin_next()) {
      }
      if (running_.empty()) break;
      look_after(progress);
    }
    if (stop_signal::requested()) stop_all();
    while (!running_.empty()) look_after(progress);  // after a failure: what is under way is finished
    progress.finish();
    return summary();
  }

 private:
  bool stopping() const { return stop_signal::requested() || (config_.fail_fast && !failures_.empty()); }

  // Finds the cells of this shard that are not done.
  void find_waiting() {
    const Shard shard = parse_shard(config_.shard).value_or(Shard());
    for (size_t i = 0; i < cells_.size(); ++i) {
      const CellRecord record = read_record(cells_[i]);
      if (record.state == CellState::kDone) {
        for (const JudgedMarket& market : cells_[i].markets) warm_markets_.insert(market.market);
        note_program(record.program);
        continue;
      }
      if (static_cast<int64_t>(i) % shard.count == shard.index) waiting_.push_back({i, first_part(i)});
    }
  }

  void note_program(const std::string& program) {
    if (noted_ || program.empty() || program == program_name()) return;
    noted_ = true;
    log_info("cells that are kept were made by " + shown(program) + "; this is " + program_name());
  }

  Part first_part(size_t cell) const { return cells_[cell].train ? kTrain : 0; }
  const JudgedMarket& market(size_t cell, Part part) const { return cells_[cell].markets[static_cast<size_t>(part)]; }

  // Begins the first that may begin. Of evaluations in a market whose optima nobody has found yet one goes ahead.
  bool begin_next() {
    for (size_t i = 0; i < waiting_.size(); ++i) {
      const auto [cell, part] = waiting_[i];
      if (part != kTrain && !may_evaluate(cell, part)) continue;
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      begin(cell, part, std::nullopt);
      return true;
    }
    return false;
  }

  bool may_evaluate(size_t cell, Part part) const {
    const std::string& wanted = market(cell, part).market;
    if (warm_markets_.contains(wanted)) return true;
    return std::none_of(running_.begin(), running_.end(), [&](const Running& one) {
      return one.part != kTrain && market(one.cell, one.part).market == wanted;
    });
  }

  void begin(size_t number, Part part, std::optional<CellLock> lock) {
    const AblateCell& cell = cells_[number];
    if (!lock) lock = CellLock::take(cell);
    if (!lock) {
      elsewhere_.push_back(cell.label());
      return;
    }
    if (read_record(cell).state == CellState::kDone) return;  // another process was faster
    write_record(cell, {CellState::kRunning, "", cell.identity});
    const std::string verb = part == kTrain ? "train" : "evaluate";
    const std::string market_name = part == kTrain ? "" : market(number, part).name;
    const std::string file =
        cell.folder + "/" + verb + (market_name.empty() ? "" : "-" + folder_name(market_name)) + ".yaml";
    write_file(file,
               part == kTrain ? print_config(*cell.train, verb) : print_config(market(number, part).evaluate, verb));
    std::error_code missing;
    const auto written = std::filesystem::file_size(output_of(cell), missing);
    running_.push_back({number, part,
                        ChildProcess({own_program(), verb, file}, output_of(cell), train::no_rank_variables()),
                        std::move(*lock), missing ? 0 : static_cast<std::streamoff>(written)});
  }

  static std::string output_of(const AblateCell& cell) { return cell.folder + "/output.txt"; }

  // Waits a moment, and goes on with what has ended.
  void look_after(Progress& progress) {
    constexpr auto kMoment = std::chrono::milliseconds(20);
    std::this_thread::sleep_for(kMoment);
    for (size_t i = 0; i < running_.size();) {
      const std::optional<ChildEnd> end = running_[i].process.poll();
      if (!end) {
        ++i;
        continue;
      }
      Running one = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      ended(std::move(one), *end);
    }
    std::string note = std::to_string(running_.size()) + " running";
    if (!running_.empty()) note += ": " + cells_[running_.front().cell].label();
    progress.update(num_ended_, note);
  }

  void ended(Running one, const ChildEnd& end) {
    const AblateCell& cell = cells_[one.cell];
    if (end.status == 0) {
      if (one.part != kTrain) warm_markets_.insert(market(one.cell, one.part).market);
      const Part next = one.part + 1;
      if (next == std::ssize(cell.markets)) {
        write_record(cell, {CellState::kDone, "", cell.identity});
        ++num_ended_;
        return;
      }
      if (!stop_signal::requested()) {
        if (may_evaluate(one.cell, next)) {
          begin(one.cell, next, std::move(one.lock));  // the lock stays held between the parts of a cell
        } else {
          waiting_.insert(waiting_.begin(), {one.cell, next});
        }
        return;
      }
    }
    if (stop_signal::requested()) {
      write_record(cell, {CellState::kInterrupted, "", cell.identity});
      return;
    }
    std::string error = one.part == kTrain ? "train: " : "evaluate: ";
    constexpr int kCannotRun = 127;
    error += end.by_signal              ? "ended by signal " + std::to_string(end.status - 128)
             : end.status == kCannotRun ? std::string("the program cannot be run")
                                        : last_line(output_of(cell), one.output_begin);
    write_record(cell, {CellState::kFailed, error, cell.identity});
    failures_.push_back(cell.label() + ": " + error + " (" + output_of(cell) + ")");
    log_warning(failures_.back());
    ++num_ended_;
  }

  // Each saves what it has, in its own time.
  void stop_all() {
    const stop_signal::Unhurried unhurried;
    for (Running& one : running_) one.process.send(SIGTERM);
    for (Running& one : running_) {
      one.process.wait();
      write_record(cells_[one.cell], {CellState::kInterrupted, "", cells_[one.cell].identity});
    }
    running_.clear();
  }

  AblateSummary summary() {
    AblateSummary summary;
    summary.folder = config_.folder();
    summary.num_cells = std::ssize(cells_);
    std::vector<AblateCell> done;
    for (const AblateCell& cell : cells_) {
      const CellRecord record = read_record(cell);
      if (record.state == CellState::kDone) done.push_back(cell);
      if (record.state != CellState::kFailed) continue;  // another shard's too
      summary.failures.push_back(cell.label() + ": " + record.error + " (" + output_of(cell) + ")");
    }
    summary.num_done = std::ssize(done);
    summary.elsewhere = elsewhere_;
    summary.stopped = stop_signal::requested();
    // A table of what there is, where the rest will not come by itself.
    const bool all = summary.num_done == summary.num_cells;
    if (all || (!summary.failures.empty() && !summary.stopped && elsewhere_.empty() && !done.empty())) {
      const AblateTable table = ablate_table({config_.name, config_.seeds.values, reference_of(config_, cells_),
                                              places_of(done), summary.num_cells - summary.num_done});
      const std::string folder = config_.folder();
      write_file(folder + "/table.json", table.json);
      write_file(folder + "/table.md", table.markdown);
      const std::vector<report::TableBlock> blocks = report::read_table(table.json, folder + "/table.json");
      write_file(folder + "/plot.svg", report::differences_svg(config_.name, blocks));
      summary.table = table.text;
      summary.files = {folder + "/table.md", folder + "/table.json", folder + "/plot.svg"};
    }
    return summary;
  }

  struct Waiting {
    size_t cell;
    Part part;
  };

  const AblateConfig& config_;
  std::vector<AblateCell> cells_;
  bool noted_ = false;
  std::vector<Waiting> waiting_;
  std::vector<Running> running_;
  std::set<std::string> warm_markets_;  // whose optima are kept
  std::vector<std::string> failures_;
  std::vector<std::string> elsewhere_;
  int64_t num_ended_ = 0;
};

}  // namespace

std::string AblateSummary::text() const {
  std::string text = table;
  for (const std::string& failure : failures) text += "failed: " + failure + "\n";
  for (const std::string& label : elsewhere) text += "in another process: " + label + "\n";
  if (num_done < num_cells) {
    text += std::to_string(num_done) + " of " + std::to_string(num_cells) + " cells are done";
    text += failures.empty() && !stopped ? "; the table is written by whoever finds all of them\n"
                                         : "; the same command goes on with the others\n";
  }
  for (const std::string& file : files) text += file + "\n";
  return text;
}

std::string AblateSummary::json() const {
  nlohmann::ordered_json json = {{"folder", folder},   {"cells", num_cells},     {"done", num_done},
                                 {"failed", failures}, {"elsewhere", elsewhere}, {"stopped", stopped},
                                 {"files", files}};
  if (!files.empty()) json["table"] = nlohmann::ordered_json::parse(read_file(folder + "/table.json"));
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

int AblateSummary::exit_status() const {
  constexpr int kSomeFailed = 3;
  if (stopped) return stop_signal::exit_status();
  return failures.empty() && elsewhere.empty() ? 0 : kSomeFailed;
}

AblateSummary ablate(const AblateConfig& config) {
  check_configs(config);
  std::vector<AblateCell> cells = ablate_cells(config);
  check_replaceable_results(config.folder());
  open_experiment(config, cells);
  return Experiment(config, std::move(cells)).run();
}

}  // namespace genbid::runs
