#include "runs/report_experiment.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/files/atomic_file.h"
#include "base/files/paths.h"
#include "report/comparison.h"
#include "report/palette.h"
#include "report/read_metrics.h"
#include "report/read_table.h"
#include "runs/ablate_state.h"
#include "runs/ablate_table.h"

namespace genbid::runs {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostRuns = 20;     // of a variant, in charts
constexpr size_t kMostMissing = 12;  // that are named

// A cell of the experiment, and what is known of it.
struct KnownCell {
  CellPlace place;
  CellRecord record;

  bool is_done() const { return record.state == CellState::kDone; }
  std::string state() const {
    if (is_done()) return {};
    if (record.state == CellState::kNew) return "not begun";
    return state_name(record.state) + (record.error.empty() ? std::string() : ": " + record.error);
  }
};

std::string missing_text(const std::vector<KnownCell>& cells, const std::string& command) {
  size_t count = 0;
  std::string names;
  for (const KnownCell& cell : cells) {
    if (cell.is_done() || ++count > kMostMissing) continue;
    names += (names.empty() ? "" : "; ") + cell.place.label() + " (" + cell.state() + ")";
  }
  if (count == 0) return {};
  if (count > kMostMissing) names += "; and " + std::to_string(count - kMostMissing) + " more";
  return std::to_string(count) + " of " + std::to_string(cells.size()) + " cells are not done: " + names + ". " +
         command + " goes on with them; tables are of the others.";
}

// Whether the blocks are of these variants and no others.
bool is_of(const std::vector<report::TableBlock>& blocks, const std::vector<KnownCell>& cells) {
  std::set<std::string> in_table;
  std::set<std::string> in_cells;
  for (const report::TableBlock& block : blocks) {
    for (const report::TableLine& line : block.lines) in_table.insert(line.name);
  }
  for (const KnownCell& cell : cells) in_cells.insert(cell.place.variant);
  return in_table == in_cells;
}

// Cells that are done, from where the program runs.
std::vector<CellPlace> done_places(const std::string& folder, const std::vector<KnownCell>& cells) {
  std::vector<CellPlace> done;
  for (const KnownCell& cell : cells) {
    if (!cell.is_done()) continue;
    CellPlace place = cell.place;
    for (JudgedPlace& judged : place.judged) judged.folder = folder + "/" + judged.folder;
    done.push_back(std::move(place));
  }
  return done;
}

std::vector<report::TableBlock> tables_of(const std::string& folder, const ExperimentRecord& record,
                                          const std::vector<KnownCell>& cells) {
  const std::string path = folder + "/table.json";
  const bool all_done = std::all_of(cells.begin(), cells.end(), [](const KnownCell& one) { return one.is_done(); });
  if (all_done && is_there(path)) {
    std::vector<report::TableBlock> blocks = report::read_table(read_file(path), path);
    if (is_of(blocks, cells)) return blocks;
  }
  const std::vector<CellPlace> done = done_places(folder, cells);
  if (done.empty()) return {};
  return report::read_table(ablate_table({record.name, {}, record.reference, done}).json, folder);
}

// Tables with the cells of those lines that charts show.
std::vector<report::TableBlock> blocks_of(const std::string& folder, const ExperimentRecord& record,
                                          const std::vector<KnownCell>& cells) {
  std::vector<report::TableBlock> blocks = tables_of(folder, record, cells);
  if (blocks.empty()) return blocks;
  std::vector<BlockCells> found = cells_by_block(done_places(folder, cells));
  for (report::TableBlock& block : blocks) {
    const auto same = std::find_if(found.begin(), found.end(), [&](const BlockCells& one) {
      return one.name == block.name && one.scenario == block.scenario;
    });
    if (same == found.end()) continue;
    const std::vector<const report::TableLine*> best = report::best_first(block);
    for (size_t i = 0; i < std::min<size_t>(best.size(), report::kNumStyles); ++i) {
      const auto of_line = std::find_if(same->variants.begin(), same->variants.end(),
                                        [&](const auto& one) { return one.name == best[i]->name; });
      if (of_line != same->variants.end()) block.cells.push_back(std::move(*of_line));
    }
  }
  return blocks;
}

// Variants as the first table has them, the best first, then the others.
std::vector<std::string> variants_in_order(const std::vector<report::TableBlock>& blocks,
                                           const std::vector<KnownCell>& cells) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const report::TableBlock& block : blocks) {
    for (const report::TableLine* line : report::best_first(block)) add(line->name);
  }
  for (const KnownCell& cell : cells) add(cell.place.variant);
  return names;
}

// The curves that charts of several variants show.
std::vector<report::MetricCurve> charted_metrics(const std::string& path) {
  std::vector<report::MetricCurve> metrics = report::read_metrics(path);
  std::erase_if(metrics, [](const report::MetricCurve& one) {
    return one.name != "train/loss" && !one.name.starts_with("held_out/");
  });
  return metrics;
}

std::vector<report::VariantTrainings> trainings_of(const std::string& folder, const std::vector<std::string>& variants,
                                                   const std::vector<KnownCell>& cells) {
  std::vector<report::VariantTrainings> trainings;
  for (const std::string& variant : variants) {
    report::VariantTrainings one{variant, {}};
    bool trains = false;
    for (const KnownCell& cell : cells) {
      if (cell.place.variant != variant || !cell.place.seed) continue;
      trains = true;
      const std::string path = folder + "/" + cell.place.folder + "/metrics.jsonl";
      const bool wanted = trainings.size() < report::kNumStyles && one.runs.size() < kMostRuns;
      if (wanted && is_there(path)) one.runs.push_back(charted_metrics(path));
    }
    if (trains) trainings.push_back(std::move(one));
  }
  return trainings;
}

// Where `folder` lies from the page's folder, with a slash behind it; empty where it is the same.
std::string way_to(const std::string& folder, const std::string& page) {
  const fs::path from = fs::absolute(page).lexically_normal().parent_path();
  const fs::path way = fs::absolute(folder).lexically_normal().lexically_relative(from);
  return way.empty() || way == "." ? "" : way.string() + "/";
}

report::ExperimentCell shown_cell(const KnownCell& cell, const std::string& folder, const std::string& way) {
  report::ExperimentCell shown{cell.place.variant, "", cell.state(), {}};
  if (cell.place.seed) shown.seed = "seed " + std::to_string(*cell.place.seed);
  const auto link = [&](const std::string& text, const std::string& place) {
    const std::string page = place + "/report.html";
    if (is_there(folder + "/" + page)) shown.links.push_back({text, way + page});
  };
  if (cell.place.seed) link("training", cell.place.folder);
  for (const JudgedPlace& judged : cell.place.judged) {
    link(judged.market.empty() ? "evaluation" : judged.market, judged.folder);
  }
  return shown;
}

// Which programs have made how many cells.
std::vector<report::Fact> programs_of(const std::vector<KnownCell>& cells) {
  std::map<std::string, int64_t> counts;
  for (const KnownCell& cell : cells) {
    if (cell.is_done() && !cell.record.program.empty()) ++counts[cell.record.program];
  }
  std::vector<report::Fact> facts;
  for (const auto& [program, count] : counts) {
    facts.push_back({"program", counts.size() == 1 ? program : program + " (" + std::to_string(count) + " cells)"});
  }
  return facts;
}

}  // namespace

bool is_experiment(const std::string& folder) { return is_there(folder + "/experiment.json"); }

report::ReportInput experiment_input(const std::string& folder, const std::string& page) {
  const ExperimentRecord record = read_experiment(folder + "/experiment.json");
  std::vector<KnownCell> cells;
  for (const CellPlace& place : record.cells) cells.push_back({place, read_record(folder + "/" + place.folder)});
  const auto done = std::count_if(cells.begin(), cells.end(), [](const KnownCell& one) { return one.is_done(); });

  report::ReportInput input;
  input.title = "Experiment " + record.name;
  const std::string command = "genbid ablate " + folder + "/config.yaml";
  input.summary = {{"folder", folder},
                   {"cells", std::to_string(done) + " of " + std::to_string(cells.size()) + " are done"},
                   {"command", command}};
  report::Experiment experiment;
  experiment.missing = missing_text(cells, command);
  experiment.blocks = blocks_of(folder, record, cells);
  experiment.trainings = trainings_of(folder, variants_in_order(experiment.blocks, cells), cells);
  const std::string way = way_to(folder, page);
  for (const KnownCell& cell : cells) experiment.cells.push_back(shown_cell(cell, folder, way));
  input.experiment = std::move(experiment);
  if (is_there(folder + "/config.yaml")) input.config_yaml = read_file(folder + "/config.yaml");
  input.versions = programs_of(cells);
  return input;
}

}  // namespace genbid::runs
