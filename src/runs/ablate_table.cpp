#include "runs/ablate_table.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/terminal.h"
#include "eval/summary.h"
#include "runs/result_file.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

// What was judged under one scenario, on the same days and seats.
struct Block {
  eval::EvaluationContext context;
  std::vector<eval::Contender> contenders;  // by variant
};

bool is_same_block(const eval::EvaluationContext& a, const eval::EvaluationContext& b) {
  return a.scenario == b.scenario && a.periods == b.periods && a.seats == b.seats;
}

std::vector<Block> blocks_of(const std::vector<AblateCell>& cells) {
  std::vector<Block> blocks;
  for (const AblateCell& cell : cells) {
    ResultFile file = read_result(cell.evaluate.output.dir + "/result.json");
    auto block = std::find_if(blocks.begin(), blocks.end(),
                              [&](const Block& one) { return is_same_block(one.context, file.context); });
    if (block == blocks.end()) block = blocks.insert(blocks.end(), {file.context, {}});
    if (block->contenders.empty() || block->contenders.back().name != cell.variant) {
      block->contenders.push_back({cell.variant, file.evaluation.kind, {}});
    }
    block->contenders.back().runs.push_back({cell.seed, std::move(file.evaluation.cells)});
  }
  return blocks;
}

std::string reference_in(const Block& block, const std::string& wanted) {
  const auto found = std::find_if(block.contenders.begin(), block.contenders.end(),
                                  [&](const eval::Contender& one) { return one.name == wanted; });
  return found != block.contenders.end() ? wanted : eval::usual_reference(block.contenders);
}

}  // namespace

AblateTable ablate_table(const AblateConfig& config, const std::vector<AblateCell>& cells) {
  AblateTable table;
  table.markdown = "# " + config.name + "\n";
  Json blocks = Json::array();
  for (const Block& block : blocks_of(cells)) {
    const std::string reference = reference_in(block, reference_of(config, cells));
    const eval::SummaryTable one = {block.context, eval::summarise(block.contenders, reference)};
    table.text += eval::table_text(one, terminal::width(STDOUT_FILENO)) + "\n";
    table.markdown += "\n" + eval::table_markdown(one);
    blocks.push_back(eval::table_json(one));
  }
  const Json json = {{"name", config.name}, {"seeds", config.seeds.values}, {"blocks", blocks}};
  table.json = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return table;
}

}  // namespace genbid::runs
