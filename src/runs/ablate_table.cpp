#include "runs/ablate_table.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/config/period_text.h"
#include "base/shown.h"
#include "base/terminal.h"
#include "eval/platform_summary.h"
#include "eval/summary.h"
#include "runs/result_file.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

// What was judged under one scenario, on the same days and seats.
struct Block {
  std::string name;  // of the market; may be empty
  eval::EvaluationContext context;
  std::vector<eval::Contender> contenders;        // by variant
  std::vector<eval::PlatformContender> platform;  // protocol platform: in their place
};

bool is_same_block(const Block& block, const std::string& name, const eval::EvaluationContext& other) {
  const eval::EvaluationContext& context = block.context;
  return block.name == name && context.scenario == other.scenario && context.periods == other.periods &&
         context.seats == other.seats && context.seed == other.seed && context.market_seeds == other.market_seeds;
}

template <typename Contender, typename Run>
void add_run(std::vector<Contender>& contenders, const std::string& variant, const std::string& kind, Run run) {
  if (contenders.empty() || contenders.back().name != variant) contenders.push_back({variant, kind, {}});
  contenders.back().runs.push_back(std::move(run));
}

// By market, then by variant and seed.
std::vector<std::pair<const CellPlace*, const JudgedPlace*>> judged_in_order(const std::vector<CellPlace>& cells) {
  size_t markets = 0;
  for (const CellPlace& cell : cells) markets = std::max(markets, cell.judged.size());
  std::vector<std::pair<const CellPlace*, const JudgedPlace*>> all;
  for (size_t m = 0; m < markets; ++m) {
    for (const CellPlace& cell : cells) {
      if (m < cell.judged.size()) all.emplace_back(&cell, &cell.judged[m]);
    }
  }
  return all;
}

// What a market is, by name: "budget_scale" to "0.5".
using Settings = std::map<std::string, std::string>;

void add_settings(const Json& json, const std::string& name, Settings& settings) {
  if (!json.is_object()) {
    settings[name] = json.is_string() ? json.get<std::string>() : json.dump();
    return;
  }
  for (const auto& [key, value] : json.items()) add_settings(value, name.empty() ? key : name + "." + key, settings);
}

Settings settings_of(const eval::EvaluationContext& context) {
  Settings settings;
  const Json json = Json::parse(context.settings, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) add_settings(json, "", settings);
  settings.erase("population_seats");  // what the population's name stands for
  settings["periods"] = period_ranges(context.periods);
  settings["seats"] = std::to_string(context.seats.size());
  settings["seed"] = std::to_string(context.seed);
  return settings;
}

// In what one differs from another: "budget_scale 0.5, seed 2". A key that only the other has is left out.
std::string difference_of(const Settings& settings, const Settings& other) {
  constexpr int kMostNamed = 3;
  std::string text;
  int count = 0;
  for (const auto& [key, value] : settings) {
    const auto found = other.find(key);
    if (found != other.end() && found->second == value) continue;
    if (++count <= kMostNamed) text += (text.empty() ? "" : ", ") + key + " " + value;
  }
  if (count > kMostNamed) text += " and " + std::to_string(count - kMostNamed) + " more";
  return text;
}

// The variants that were judged in a block, where its settings do not tell it from another.
std::string variants_of(const Block& block) {
  std::vector<std::string> names;
  for (const eval::Contender& one : block.contenders) names.push_back(one.name);
  for (const eval::PlatformContender& one : block.platform) names.push_back(one.name);
  return listed(names);
}

// Variants may change the market, so that one name stands for several blocks: the first is the market as it was named
// (or the base's), and the others say in what they differ from it.
void name_blocks(std::vector<Block>& blocks) {
  std::map<std::string, size_t> firsts;
  std::map<std::string, size_t> counts;
  for (const Block& block : blocks) ++counts[block.name];
  for (size_t i = 0; i < blocks.size(); ++i) {
    const std::string name = blocks[i].name;
    if (counts[name] == 1) continue;
    const auto [first, is_first] = firsts.try_emplace(name, i);
    if (is_first) {
      if (name.empty()) blocks[i].name = "base market";
      continue;
    }
    const Settings settings = settings_of(blocks[i].context);
    std::string difference = difference_of(settings, settings_of(blocks[first->second].context));
    if (difference.empty()) difference = variants_of(blocks[i]);
    blocks[i].name = (name.empty() ? "" : name + ", ") + difference;
  }
}

std::vector<Block> blocks_of(const std::vector<CellPlace>& cells) {
  std::vector<Block> blocks;
  for (const auto& [cell, judged] : judged_in_order(cells)) {
    ResultFile file = read_result(judged->folder + "/result.json");
    auto block = std::find_if(blocks.begin(), blocks.end(),
                              [&](const Block& one) { return is_same_block(one, judged->market, file.context); });
    if (block == blocks.end()) block = blocks.insert(blocks.end(), {judged->market, file.context, {}, {}});
    const std::string& kind = file.evaluation.kind;
    if (file.context.on_platform()) {
      add_run(block->platform, cell->variant, kind, eval::PlatformRun{cell->seed, std::move(file.platform)});
    } else {
      add_run(block->contenders, cell->variant, kind, eval::Run{cell->seed, std::move(file.evaluation.cells)});
    }
  }
  name_blocks(blocks);
  return blocks;
}

template <typename Contender>
std::string reference_in(const std::vector<Contender>& contenders, const std::string& wanted) {
  const auto found =
      std::find_if(contenders.begin(), contenders.end(), [&](const Contender& one) { return one.name == wanted; });
  return found != contenders.end() ? wanted : eval::usual_reference(contenders);
}

// A table of either kind.
template <typename Table>
void add_block(const std::string& name, const Table& block, AblateTable& table, Json& blocks) {
  if (!name.empty()) {
    table.text += name + "\n";
    table.markdown += "\n## " + name + "\n";
  }
  table.text += eval::table_text(block, terminal::width(STDOUT_FILENO)) + "\n";
  table.markdown += "\n" + eval::table_markdown(block);
  Json json = {{"name", name}};
  json.update(eval::table_json(block));
  blocks.push_back(std::move(json));
}

}  // namespace

AblateTable ablate_table(const AblateResults& results) {
  AblateTable table;
  table.markdown = "# " + results.name + "\n";
  if (results.missing > 0) {
    const std::string note = std::to_string(results.missing) + " cells are missing here.\n";
    table.text = note + "\n";
    table.markdown += "\n" + note;
  }
  Json blocks = Json::array();
  for (const Block& block : blocks_of(results.cells)) {
    const std::string wanted = results.reference;
    if (block.context.on_platform()) {
      const std::string reference = reference_in(block.platform, wanted);
      const eval::PlatformTable one = {block.context, eval::summarise_platform(block.platform, reference)};
      add_block(block.name, one, table, blocks);
    } else {
      const std::string reference = reference_in(block.contenders, wanted);
      const eval::SummaryTable one = {block.context, eval::summarise(block.contenders, reference)};
      add_block(block.name, one, table, blocks);
    }
  }
  Json json = {{"name", results.name}, {"seeds", results.seeds}, {"blocks", blocks}};
  if (results.missing > 0) json["missing_cells"] = results.missing;
  table.json = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return table;
}

bool is_ablate_markdown(const std::string& text) {
  return text.starts_with("# ") && text.find("\nprotocol ") != std::string::npos;
}

bool is_ablate_json(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("name") && json.contains("blocks");
}

std::vector<BlockCells> cells_by_block(const std::vector<CellPlace>& cells) {
  std::vector<BlockCells> all;
  for (const Block& block : blocks_of(cells)) {
    BlockCells& one = all.emplace_back(BlockCells{block.name, block.context.scenario, {}});
    for (const eval::Contender& contender : block.contenders) one.variants.push_back(eval::shares_of(contender));
  }
  return all;
}

}  // namespace genbid::runs
