#include "play/official_assets.h"

#include <cassert>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/config/config.h"
#include "base/error.h"
#include "base/files/safetensors.h"
#include "base/shown.h"
#include "data/csv_reader.h"
#include "data/tape_store.h"
#include "play/planner_file.h"
#include "play/planner_fit.h"

// official_files.S
extern "C" {
extern const std::byte kGenbidOfficialAgents[];
extern const std::byte kGenbidOfficialAgentsEnd[];
extern const std::byte kGenbidOnlineLpTables[];
extern const std::byte kGenbidOnlineLpTablesEnd[];
extern const std::byte kGenbidPlannerKnowledge[];
extern const std::byte kGenbidPlannerKnowledgeEnd[];
}

namespace genbid::play {
namespace {

constexpr int kNumTables = 7;
constexpr int kNumCategories = kNumSeats / kSeatsPerCategory;
constexpr const char* kOwnCategory = "own_category";
constexpr const char* kOfficialKnowledge = "official";

const TensorBytes& tensor(const SafetensorsFile& file, const std::string& name) {
  const TensorBytes* const found = file.find(name);
  assert(found != nullptr);
  return *found;
}

template <typename T>
std::vector<T> values(const TensorBytes& tensor) {
  std::vector<T> all(tensor.data.size() / sizeof(T));
  std::memcpy(all.data(), tensor.data.data(), tensor.data.size());
  return all;
}

bidders::DenseLayer read_layer(const SafetensorsFile& file, const std::string& name) {
  const TensorBytes& weight = tensor(file, name + ".weight");  // [outputs, inputs]
  bidders::DenseLayer layer;
  layer.num_outputs = to_int(weight.shape[0]);
  layer.num_inputs = to_int(weight.shape[1]);
  layer.bias = values<float>(tensor(file, name + ".bias"));
  const std::vector<float> rows = values<float>(weight);
  layer.weights.resize(rows.size());
  const auto inputs = to_size(layer.num_inputs);
  const auto outputs = to_size(layer.num_outputs);
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t i = 0; i < inputs; ++i) layer.weights[i * outputs + o] = rows[o * inputs + i];
  }
  return layer;
}

std::string table_name(int episode) { return "episode-" + std::to_string(episode); }

void add_category(const SafetensorsFile& file, const std::string& episode, int category,
                  bidders::OnlineLpTable& table) {
  const std::string name = episode + ".category-" + std::to_string(category) + ".";
  if (file.find(name + "tick_begin") == nullptr) return;
  const std::vector<int64_t> begin = values<int64_t>(tensor(file, name + "tick_begin"));
  const std::vector<double> real_cpa = values<double>(tensor(file, name + "real_cpa"));
  const std::vector<double> cum_cost = values<double>(tensor(file, name + "cum_cost"));
  for (size_t tick = 0; tick < kTicksPerPeriod; ++tick) {
    table.set(category, to_int(tick), {real_cpa.begin() + begin[tick], real_cpa.begin() + begin[tick + 1]},
              {cum_cost.begin() + begin[tick], cum_cost.begin() + begin[tick + 1]});
  }
}

std::shared_ptr<const bidders::OnlineLpTable> shipped_table(const std::string& name, const SafetensorsFile& file) {
  auto table = std::make_shared<bidders::OnlineLpTable>(name);
  for (int category = 0; category < kNumCategories; ++category) {
    add_category(file, name == kOwnCategory ? table_name(category) : name, category, *table);
  }
  return table;
}

bidders::PlannerKnowledge read_knowledge(const std::string& name_or_path) {
  if (name_or_path == kOfficialKnowledge) {
    const auto file = SafetensorsFile::from_bytes({kGenbidPlannerKnowledge, kGenbidPlannerKnowledgeEnd},
                                                  "planner/official.safetensors");
    return read_planner_knowledge(file, "planner/official.safetensors");
  }
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(name_or_path, ignored)) {
    throw Error("knowledge: found '" + name_or_path +
                "', expected official, the path of a response tape (.h5), or of " +
                "what was fitted from one (.safetensors)");
  }
  if (std::filesystem::path(name_or_path).extension() == ".safetensors") {
    return read_planner_knowledge(SafetensorsFile(name_or_path), name_or_path);
  }
  return fit_planner(data::TapeStore(name_or_path).read(), name_or_path);
}

}  // namespace

bool is_shipped_asset(const std::string& name) { return name == kOfficialKnowledge || is_shipped_table(name); }

bool is_shipped_table(const std::string& name) {
  if (name == kOwnCategory) return true;
  for (int episode = 0; episode < kNumTables; ++episode) {
    if (name == table_name(episode)) return true;
  }
  return false;
}

struct OfficialAssets::State {
  SafetensorsFile agents_file = SafetensorsFile::from_bytes({kGenbidOfficialAgents, kGenbidOfficialAgentsEnd},
                                                            "official_population/agents.safetensors");
  SafetensorsFile tables_file = SafetensorsFile::from_bytes({kGenbidOnlineLpTables, kGenbidOnlineLpTablesEnd},
                                                            "official_population/onlinelp_tables.safetensors");
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const bidders::OnlineLpTable>> tables;
  std::map<std::string, std::shared_ptr<const bidders::OfficialAgent>> agents;
  std::map<std::string, std::shared_ptr<const bidders::PlannerKnowledge>> knowledge;
};

OfficialAssets::OfficialAssets() : state_(std::make_unique<State>()) {}
OfficialAssets::~OfficialAssets() = default;

std::shared_ptr<const bidders::OnlineLpTable> OfficialAssets::online_lp_table(const std::string& name_or_path) const {
  const std::lock_guard lock(state_->mutex);
  auto& table = state_->tables[name_or_path];
  if (table) return table;
  if (is_shipped_table(name_or_path)) return table = shipped_table(name_or_path, state_->tables_file);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(name_or_path, ignored)) {
    throw Error("table: found '" + name_or_path + "', expected episode-0 to episode-6, " + kOwnCategory +
                ", or the path of a CSV file");
  }
  return table = read_online_lp_table(name_or_path);
}

std::shared_ptr<const bidders::OfficialAgent> OfficialAssets::official_agent(const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  auto& agent = state_->agents[name];
  if (agent) return agent;
  for (const bidders::OfficialAgentLayout& layout : bidders::official_agent_layouts()) {
    if (layout.name != name) continue;
    bidders::OfficialAgent made;
    made.name = name;
    made.head = layout.head;
    for (const std::string& layer : layout.layers) {
      made.layers.push_back(read_layer(state_->agents_file, std::string(name).append(".").append(layer)));
      made.layers.back().relu = to_int(made.layers.size()) <= layout.num_relu;
    }
    return agent = std::make_shared<const bidders::OfficialAgent>(std::move(made));
  }
  throw Error("agent: found '" + name + "', expected one of " + listed(bidders::official_agent_names()));
}

std::shared_ptr<const bidders::PlannerKnowledge> OfficialAssets::planner_knowledge(
    const std::string& name_or_path) const {
  const std::lock_guard lock(state_->mutex);
  auto& knowledge = state_->knowledge[name_or_path];
  if (!knowledge) knowledge = std::make_shared<const bidders::PlannerKnowledge>(read_knowledge(name_or_path));
  return knowledge;
}

std::shared_ptr<const bidders::OnlineLpTable> read_online_lp_table(const std::string& path) {
  enum : size_t { kCategory, kRealCpa, kCumCost, kTick };
  data::CsvFile file(path);
  const data::CsvColumns columns(file, {"advertiserCategoryIndex", "realCPA", "cum_cost", "timeStepIndex"});
  std::map<std::pair<int, int>, bidders::OnlineLpTable::Rows> blocks;  // by category and tick
  std::pair<int, int> last = {-1, -1};
  data::CsvBlock block;
  while (file.next(block)) {
    data::CsvRows row(block, columns);
    while (row.next()) {
      const auto category = to_int(row.whole(kCategory, 0, 1'000'000));
      const auto tick = to_int(row.whole(kTick, 0, kMaxTicks - 1));
      if (const std::pair place(category, tick); place != last) {
        if (blocks.contains(place)) {
          throw Error(row.where() + ": found category " + std::to_string(category) + ", tick " + std::to_string(tick) +
                      " again, expected its rows one behind the other: the table of one period");
        }
        last = place;
      }
      bidders::OnlineLpTable::Rows& rows = blocks[{category, tick}];
      for (const size_t column : {kRealCpa, kCumCost}) {
        if (row.missing(column)) row.fail(column, "a number");
      }
      rows.real_cpa.push_back(row.number(kRealCpa));
      rows.cum_cost.push_back(row.number(kCumCost));
      const size_t count = rows.cum_cost.size();
      if (count > 1 && rows.cum_cost[count - 1] < rows.cum_cost[count - 2]) {
        row.fail(kCumCost, "rows with ascending cum_cost, so at least " + shortest(rows.cum_cost[count - 2]));
      }
    }
  }
  auto table = std::make_shared<bidders::OnlineLpTable>(path);
  for (auto& [place, rows] : blocks) {
    table->set(place.first, place.second, std::move(rows.real_cpa), std::move(rows.cum_cost));
  }
  return table;
}

void write_online_lp_table(const bidders::OnlineLpTable& table, int64_t period, const std::string& path) {
  std::string text = "deliveryPeriodIndex,advertiserCategoryIndex,realCPA,cum_cost,timeStepIndex\n";
  for (const int category : table.categories()) {
    const std::string begin = std::to_string(period) + "," + std::to_string(category) + ",";
    for (int tick = 0; tick < kMaxTicks; ++tick) {
      const bidders::OnlineLpTable::Rows& rows = table.rows(category, tick);
      const std::string end = "," + std::to_string(tick) + "\n";
      for (size_t i = 0; i < rows.cum_cost.size(); ++i) {
        text.append(begin)
            .append(shortest(rows.real_cpa[i]))
            .append(",")
            .append(shortest(rows.cum_cost[i]))
            .append(end);
      }
    }
  }
  write_file(path, text);
}

}  // namespace genbid::play
