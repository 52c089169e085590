#include "runs/ablate_table.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

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

}  // namespace genbid::runs
