#include "report/read_results.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/paths.h"
#include "base/shown.h"

namespace genbid::report {
namespace {

using Json = nlohmann::ordered_json;

// What candidates must share to be compared. Of the other keys those below have places of their own, and the rest is
// told as it is.
bool is_condition(const std::string& key) {
  static const std::set<std::string> kConditions = {"protocol", "rules", "population", "log",      "periods",
                                                    "seats",    "seed",  "campaign",   "scenario", "platform"};
  return kConditions.contains(key) || key.starts_with("scenario_");
}
bool has_its_place(const std::string& key) {
  static const std::set<std::string> kPlaced = {
      "name", "kind", "asked", "mean", "by_period", "cells", "metrics", "metrics_by_group", "metrics_by_period"};
  return kPlaced.contains(key);
}

[[noreturn]] void fail(const std::string& where, const Json& found, const std::string& expected) {
  throw Error(where + ": found " + shown(found.dump(-1, ' ', false, Json::error_handler_t::replace)) + ", expected " +
              expected);
}

const Json& member(const Json& json, const std::string& key, const std::string& path) {
  const auto found = json.find(key);
  if (found == json.end()) throw Error(path + ": found no key '" + key + "', expected a result of `genbid evaluate`");
  return *found;
}

std::string text_of(const Json& json, const std::string& key, const std::string& path) {
  const Json& value = member(json, key, path);
  if (!value.is_string()) fail(path + ": key '" + key + "'", value, "a text");
  return value.get<std::string>();
}

double number_of(const Json& cell, const std::string& key, const std::string& where) {
  const Json& value = member(cell, key, where);
  if (!value.is_number()) fail(where + ": key '" + key + "'", value, "a number");
  return value.get<double>();
}

// Not known where the file leaves it out or says null.
double optional_number(const Json& cell, const std::string& key, const std::string& where, double otherwise) {
  if (!cell.contains(key) || cell[key].is_null()) return otherwise;
  return number_of(cell, key, where);
}

CellOutcome read_cell(const Json& json, const std::string& where) {
  if (!json.is_object()) fail(where, json, "an object");
  CellOutcome cell;
  cell.period = static_cast<int64_t>(number_of(json, "period", where));
  cell.seat = static_cast<int64_t>(number_of(json, "seat", where));
  cell.budget = number_of(json, "budget", where);
  cell.cpa_limit = number_of(json, "cpa_limit", where);
  cell.expected_score = number_of(json, "expected_score", where);
  cell.expected_conversions = number_of(json, "expected_conversions", where);
  cell.cost = number_of(json, "cost", where);
  cell.market_seed = static_cast<int64_t>(optional_number(json, "market_seed", where, 1.0));
  cell.policy_seed = static_cast<int64_t>(optional_number(json, "policy_seed", where, 1.0));
  // What is computed in hindsight has nothing realised.
  cell.drawn = json.contains("score") && !json["score"].is_null();
  cell.score = optional_number(json, "score", where, cell.expected_score);
  cell.conversions = optional_number(json, "conversions", where, cell.expected_conversions);
  cell.optimum = optional_number(json, "optimum", where, std::nan(""));
  return cell;
}

std::optional<double> asked_of(const Json& json, const std::string& key, const std::string& path) {
  const auto asked = json.find("asked");
  if (asked == json.end() || !asked->is_object() || !asked->contains(key) || (*asked)[key].is_null()) return {};
  return number_of(*asked, key, path + ": asked");
}

ReportCandidate read_candidate(const Json& json, const std::string& path) {
  ReportCandidate candidate;
  candidate.name = text_of(json, "name", path);
  candidate.kind = text_of(json, "kind", path);
  candidate.target_return = asked_of(json, "target_return", path);
  candidate.target_cpa = asked_of(json, "target_cpa", path);
  const Json& cells = member(json, "cells", path);
  if (!cells.is_array() || cells.empty()) fail(path + ": key 'cells'", cells, "a list with at least one cell");
  for (size_t i = 0; i < cells.size(); ++i) {
    // Under protocol platform some seats may be somebody else's.
    if (cells[i].is_object() && cells[i].contains("group") && cells[i]["group"] == "opponent") continue;
    candidate.cells.push_back(read_cell(cells[i], path + ": cell " + std::to_string(i)));
  }
  return candidate;
}

// [22, 23, 24, 30] as "22..24, 30".
std::string ranges(const Json& list) {
  std::string text;
  for (size_t i = 0; i < list.size();) {
    size_t last = i;
    while (last + 1 < list.size() && list[last + 1].get<int64_t>() == list[last].get<int64_t>() + 1) ++last;
    text += (text.empty() ? "" : ", ") + list[i].dump();
    if (last > i) text += ".." + list[last].dump();
    i = last + 1;
  }
  return text;
}

std::string words(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  const bool numbers = value.is_array() &&
                       std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_number_integer(); });
  if (numbers && !value.empty()) return ranges(value);
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (!value.is_object()) return text;
  std::string list;
  for (const auto& [key, one] : value.items()) list += (list.empty() ? "" : ", ") + key + " " + words(one);
  return list;
}

Json conditions_of(const Json& json) {
  Json conditions = Json::object();
  for (const auto& [key, value] : json.items()) {
    if (is_condition(key)) conditions[key] = value;
  }
  return conditions;
}

// The scenario is many settings: its hash stands with the other conditions, the settings have a place of their own.
void add_conditions(const Json& conditions, Judgement& judgement) {
  for (const auto& [name, value] : conditions.items()) {
    if (value.is_object() && value.contains("hash")) {
      judgement.conditions.push_back({name, words(value["hash"])});
      judgement.scenario = words(value["hash"]);
      if (value.contains("settings")) {
        judgement.settings = value["settings"].dump(2, ' ', false, Json::error_handler_t::replace);
      }
    } else {
      judgement.conditions.push_back({name, words(value)});
    }
  }
}

std::string heading_of(const Json& conditions) {
  std::string text;
  for (const char* key : {"protocol", "rules", "population", "log"}) {
    if (conditions.contains(key)) text += (text.empty() ? "" : ", ") + words(conditions[key]);
  }
  return "Judged: " + text;
}

Json read_result(const std::string& path) {
  Json json = Json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    throw Error(path + ": found a file that is no JSON object, expected a result of `genbid evaluate`");
  }
  text_of(json, "protocol", path);
  return json;
}

// What results say beside their numbers, each text once with the candidates that it belongs to.
class Remarks {
 public:
  void add(const std::string& key, const std::string& text, const std::string& candidate) {
    const auto known = std::find_if(remarks_.begin(), remarks_.end(),
                                    [&](const Remark& one) { return one.key == key && one.text == text; });
    if (known == remarks_.end()) {
      remarks_.push_back({key, text, {candidate}});
    } else {
      known->candidates.push_back(candidate);
    }
  }

  std::vector<Fact> facts(size_t num_results) const {
    std::vector<Fact> facts;
    for (const Remark& one : remarks_) {
      const bool of_all = one.candidates.size() == num_results;
      facts.push_back({of_all ? one.key : one.key + " of " + listed(one.candidates), one.text});
    }
    return facts;
  }

 private:
  struct Remark {
    std::string key;
    std::string text;
    std::vector<std::string> candidates;
  };
  std::vector<Remark> remarks_;
};

}  // namespace

std::vector<std::string> result_files(const std::string& folder) {
  namespace fs = std::filesystem;
  if (is_there(fs::path(folder) / "result.json")) return {folder + "/result.json"};
  std::vector<std::string> files;
  std::error_code why;
  for (fs::directory_iterator entry(folder, why); !why && entry != fs::directory_iterator(); entry.increment(why)) {
    const std::string path = folder + "/" + entry->path().filename().string() + "/result.json";
    if (is_there(path)) files.push_back(path);
  }
  if (why) throw Error(folder + ": cannot read: " + why.message());
  std::sort(files.begin(), files.end());
  return files;
}

Results read_results(const std::vector<std::string>& files) {
  Results results;
  std::vector<std::string> conditions;  // of each judgement
  Remarks remarks;
  for (const std::string& path : files) {
    const Json json = read_result(path);
    const Json shared = conditions_of(json);
    const std::string key = shared.dump(-1, ' ', false, Json::error_handler_t::replace);
    const auto place = to_size(std::find(conditions.begin(), conditions.end(), key) - conditions.begin());
    if (place == conditions.size()) {
      conditions.push_back(key);
      Judgement judgement;
      judgement.heading = heading_of(shared);
      add_conditions(shared, judgement);
      results.judgements.push_back(std::move(judgement));
    }
    results.judgements[place].candidates.push_back(read_candidate(json, path));
    for (const auto& [name, value] : json.items()) {
      if (!is_condition(name) && !has_its_place(name)) {
        remarks.add(name, words(value), results.judgements[place].candidates.back().name);
      }
    }
  }
  results.versions = remarks.facts(files.size());
  return results;
}

}  // namespace genbid::report
