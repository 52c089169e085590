#include "runs/ablate_table.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/config/period_text.h"
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

std::string heading(const eval::EvaluationContext& context, const std::string& mark) {
  std::string text = "protocol " + context.protocol + ", rules " + mark + context.rules + mark + ", ";
  text += context.protocol == "market" ? "population " + mark + context.population + mark : "log " + mark + context.log + mark;
  text += ", periods " + period_ranges(context.periods) + ", " + std::to_string(context.seats.size()) + " seats";
  return text + ", scenario " + context.scenario.substr(0, 8);
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
    const eval::Summary summary = eval::summarise(block.contenders, reference);
    const std::string axes = summary.rows.front().expected_score.axes.text();
    table.text += heading(block.context, "") + "\n\n" + eval::summary_text(summary, terminal::width(STDOUT_FILENO)) +
                  "\n± is half of a 95 % interval over " + axes + "; p is Holm's\n\n";
    table.markdown += "\nProtocol" + heading(block.context, "`").substr(8) + ". ± is half of a 95 % interval over " +
                      axes + "; p is adjusted by Holm.\n\n" + eval::summary_markdown(summary);
    blocks.push_back({{"scenario", block.context.scenario},
                      {"protocol", block.context.protocol},
                      {"rules", block.context.rules},
                      {"population", block.context.population},
                      {"periods", block.context.periods},
                      {"seats", block.context.seats.size()},
                      {"reference", reference},
                      {"rows", eval::summary_json(summary)}});
  }
  const Json json = {{"name", config.name}, {"seeds", config.seeds.values}, {"blocks", blocks}};
  table.json = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return table;
}

}  // namespace genbid::runs
