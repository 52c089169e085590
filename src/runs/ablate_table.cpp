#include "runs/ablate_table.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/terminal.h"
#include "eval/summary.h"
#include "runs/result_file.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

// What was judged under one scenario, on the same days and seats.
struct Block {
  std::string name;  // of the market; may be empty
  eval::EvaluationContext context;
  std::vector<eval::Contender> contenders;  // by variant
};

bool is_same_block(const eval::EvaluationContext& a, const eval::EvaluationContext& b) {
  return a.scenario == b.scenario && a.periods == b.periods && a.seats == b.seats;
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
                              [&](const Block& one) { return is_same_block(one.context, file.context); });
    if (block == blocks.end()) block = blocks.insert(blocks.end(), {judged->market, file.context, {}});
    if (block->contenders.empty() || block->contenders.back().name != cell->variant) {
      block->contenders.push_back({cell->variant, file.evaluation.kind, {}});
    }
    block->contenders.back().runs.push_back({cell->seed, std::move(file.evaluation.cells)});
  }
  return blocks;
}

std::string reference_in(const Block& block, const std::string& wanted) {
  const auto found = std::find_if(block.contenders.begin(), block.contenders.end(),
                                  [&](const eval::Contender& one) { return one.name == wanted; });
  return found != block.contenders.end() ? wanted : eval::usual_reference(block.contenders);
}

}  // namespace

AblateTable ablate_table(const AblateResults& results) {
  AblateTable table;
  table.markdown = "# " + results.name + "\n";
  Json blocks = Json::array();
  for (const Block& block : blocks_of(results.cells)) {
    const std::string reference = reference_in(block, results.reference);
    const eval::SummaryTable one = {block.context, eval::summarise(block.contenders, reference)};
    if (!block.name.empty()) {
      table.text += block.name + "\n";
      table.markdown += "\n## " + block.name + "\n";
    }
    table.text += eval::table_text(one, terminal::width(STDOUT_FILENO)) + "\n";
    table.markdown += "\n" + eval::table_markdown(one);
    Json json = {{"name", block.name}};
    json.update(eval::table_json(one));
    blocks.push_back(std::move(json));
  }
  const Json json = {{"name", results.name}, {"seeds", results.seeds}, {"blocks", blocks}};
  table.json = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return table;
}

}  // namespace genbid::runs
