#include "play/planner_file.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"

namespace genbid::play {
namespace {

using bidders::PlannerKnowledge;

using Part = std::pair<const char*, std::vector<float> PlannerKnowledge::*>;
constexpr std::array<Part, 8> kParts = {{{"value_share", &PlannerKnowledge::value_share},
                                         {"cost", &PlannerKnowledge::cost},
                                         {"price", &PlannerKnowledge::price},
                                         {"num_pv", &PlannerKnowledge::num_pv},
                                         {"mean_pvalue", &PlannerKnowledge::mean_pvalue},
                                         {"num_pv_stays", &PlannerKnowledge::num_pv_stays},
                                         {"mean_pvalue_stays", &PlannerKnowledge::mean_pvalue_stays},
                                         {"price_stays", &PlannerKnowledge::price_stays}}};

class Metadata {
 public:
  Metadata(const SafetensorsFile& file, const std::string& name) : all_(file.metadata()), name_(name) {}

  const std::string& text(const std::string& key) const {
    const auto found = all_.find(key);
    if (found == all_.end()) {
      throw Error(name_ + ": found no '" + key + "' in its metadata, expected what was fitted for a planner");
    }
    return found->second;
  }
  template <typename Number>
  Number number(const std::string& key) const {
    const std::string& found = text(key);
    Number value{};
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc() || end != found.data() + found.size()) {
      throw Error(name_ + ": " + key + ": found " + shown(found) + ", expected a number");
    }
    return value;
  }

 private:
  const std::map<std::string, std::string>& all_;
  const std::string& name_;
};

std::vector<float> floats(const SafetensorsFile& file, const std::string& part, const std::string& name) {
  const TensorBytes* const found = file.find(part);
  if (found == nullptr || found->dtype != "F32") throw Error(name + ": " + part + ": found no numbers of type F32");
  std::vector<float> values(found->data.size() / sizeof(float));
  std::memcpy(values.data(), found->data.data(), found->data.size());
  return values;
}

}  // namespace

void write_planner_knowledge(const PlannerKnowledge& knowledge, const std::string& path) {
  std::vector<TensorBytes> tensors;
  for (const auto& [name, member] : kParts) {
    const std::vector<float>& values = knowledge.*member;
    tensors.push_back({name, "F32", {std::ssize(values)}, std::as_bytes(std::span(values))});
  }
  std::vector<float> periods;
  for (const int64_t period : knowledge.periods) periods.push_back(as_float(period));
  tensors.push_back({"periods", "F32", {std::ssize(periods)}, std::as_bytes(std::span(periods))});
  write_safetensors(path, std::move(tensors),
                    {{"num_ticks", std::to_string(knowledge.num_ticks)},
                     {"lowest_level", shortest(knowledge.lowest_level)},
                     {"levels_per_octave", std::to_string(knowledge.levels_per_octave)},
                     {"num_levels", std::to_string(knowledge.num_levels)},
                     {"volume_spread", shortest(knowledge.volume_spread)}});
}

PlannerKnowledge read_planner_knowledge(const SafetensorsFile& file, const std::string& name) {
  const Metadata metadata(file, name);
  PlannerKnowledge knowledge;
  knowledge.name = name;
  knowledge.num_ticks = metadata.number<int64_t>("num_ticks");
  knowledge.lowest_level = metadata.number<double>("lowest_level");
  knowledge.levels_per_octave = metadata.number<int64_t>("levels_per_octave");
  knowledge.num_levels = metadata.number<int64_t>("num_levels");
  knowledge.volume_spread = metadata.number<double>("volume_spread");
  for (const auto& [part, member] : kParts) knowledge.*member = floats(file, part, name);
  for (const float period : floats(file, "periods", name)) knowledge.periods.push_back(static_cast<int64_t>(period));
  knowledge.check();
  return knowledge;
}

}  // namespace genbid::play
