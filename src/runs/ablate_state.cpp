#include "runs/ablate_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/config/settings_difference.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/file_lock.h"
#include "base/files/content_hash.h"
#include "data/replaceable.h"
#include "runs/program.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kCellFormat = "genbid-cell-1";
constexpr const char* kExperimentFormat = "genbid-experiment-1";
constexpr std::array<const char*, 5> kStates = {"new", "running", "interrupted", "failed", "done"};

std::string record_path(const std::string& cell_folder) { return cell_folder + "/cell.json"; }

Json read_json(const std::string& path, const char* format, const char* what) {
  const Json json = Json::parse(read_file(path), nullptr, false);
  if (!json.is_object() || json.value("format", "") != format) {
    throw Error(path + ": found a file that is not " + what + " of this program's, expected one or none");
  }
  return json;
}

std::string text_of(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

// The cell whose settings the experiment was begun with: of the base, or of the first variant where no base is trained.
// Whom a table compares with is no part of that: it may be made anew with another reference.
const AblateCell& base_of(const AblateConfig& config, const std::vector<AblateCell>& cells) {
  const std::string name = config.train.empty() ? cells.front().variant : config.base;
  return *std::find_if(cells.begin(), cells.end(), [&](const AblateCell& cell) { return cell.variant == name; });
}

// What the base is, without what variants change, and which cells there are.
Json experiment(const AblateConfig& config, const std::vector<AblateCell>& cells) {
  const AblateCell& base = base_of(config, cells);
  Json places = Json::array();
  const auto relative = [&](const std::string& folder) { return folder.substr(config.folder().size() + 1); };
  for (const CellPlace& cell : places_of(cells)) {
    Json place = {{"variant", cell.variant}, {"seed", cell.seed ? Json(*cell.seed) : Json()}};
    place["folder"] = relative(cell.folder);
    place["judged"] = Json::array();
    for (const JudgedPlace& one : cell.judged) {
      place["judged"].push_back({{"market", one.market}, {"folder", relative(one.folder)}});
    }
    places.push_back(std::move(place));
  }
  return {{"format", kExperimentFormat},
          {"name", config.name},
          {"base", base.variant},
          {"identity", base.identity},
          {"xxh3_128", content_hash(base.identity)},
          {"reference", reference_of(config, cells)},
          {"cells", std::move(places)}};
}

CellPlace place_of(const Json& json) {
  CellPlace place{json.at("variant"), std::nullopt, json.at("folder"), {}};
  if (!json.at("seed").is_null()) place.seed = json.at("seed").get<int64_t>();
  for (const Json& one : json.at("judged")) place.judged.push_back({one.at("market"), one.at("folder")});
  return place;
}

void check_same(const std::string& where, const std::string& was, const AblateCell& cell, const std::string& again) {
  if (was == cell.earlier_identity) return;
  const std::string difference = settings_difference(cell.identity, was, cell.lean_identity);
  if (!difference.empty()) throw Error(where + ": found " + difference + " (" + again + ")");
}

}  // namespace

const char* state_name(CellState state) { return kStates[static_cast<size_t>(state)]; }

CellRecord read_record(const std::string& cell_folder) {
  const std::string path = record_path(cell_folder);
  if (!std::filesystem::exists(path)) return {};
  const Json json = read_json(path, kCellFormat, "a cell's state");
  const auto found = std::find(kStates.begin(), kStates.end(), json.value("state", ""));
  if (found == kStates.end()) throw Error(path + ": damaged: found state '" + json.value("state", "") + "'");
  return {static_cast<CellState>(found - kStates.begin()), json.value("error", ""), json.value("identity", ""),
          json.value("program", "")};
}

void write_record(const AblateCell& cell, const CellRecord& record) {
  Json json = {{"format", kCellFormat}, {"cell", cell.label()}, {"state", state_name(record.state)}};
  if (!record.error.empty()) json["error"] = record.error;
  json["program"] = program_name();
  json["identity"] = record.identity;
  write_file(record_path(cell.folder), text_of(json));
}

std::optional<CellLock> CellLock::take(const AblateCell& cell) {
  std::filesystem::create_directories(cell.folder);
  const std::string path = cell.folder + "/.cell.lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) throw Error(path + ": cannot be opened: " + std::strerror(errno));
  if (!lock_file(file, path, {})) {
    ::close(file);
    return std::nullopt;
  }
  return CellLock(file);
}

CellLock::~CellLock() {
  if (file_ >= 0) ::close(file_);
}

CellLock::CellLock(CellLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

CellLock& CellLock::operator=(CellLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

std::string CellPlace::label() const { return seed ? variant + ", seed " + std::to_string(*seed) : variant; }

std::vector<CellPlace> places_of(const std::vector<AblateCell>& cells) {
  std::vector<CellPlace> places;
  for (const AblateCell& cell : cells) {
    CellPlace place{cell.variant, cell.seed, cell.folder, {}};
    for (const JudgedMarket& market : cell.markets) place.judged.push_back({market.name, market.evaluate.output.dir});
    places.push_back(std::move(place));
  }
  return places;
}

ExperimentRecord read_experiment(const std::string& path) {
  const Json json = read_json(path, kExperimentFormat, "an experiment's");
  try {
    ExperimentRecord record{json.at("name"), json.at("reference"), {}};
    for (const Json& cell : json.at("cells")) record.cells.push_back(place_of(cell));
    return record;
  } catch (const Json::exception& why) {
    throw Error(path + ": damaged: " + why.what() + "; genbid ablate writes it anew");
  }
}

void open_experiment(const AblateConfig& config, const std::vector<AblateCell>& cells) {
  const std::string path = config.folder() + "/experiment.json";
  AblateConfig whole = config;
  whole.shard.clear();
  const std::string yaml = print_config(whole, "ablate");
  const std::string yaml_path = config.folder() + "/config.yaml";
  // Beside no experiment.json, which is written first, it is somebody's own.
  data::check_replaceable_output(
      yaml_path, "the config of an experiment that began",
      [&](const std::string& file) {
        const std::string text = read_file(file);
        return text == yaml || (text.starts_with("kind: ablate\n") && std::filesystem::exists(path));
      },
      "name");
  const Json now = experiment(config, cells);
  if (std::filesystem::exists(path)) {
    const Json seen = read_json(path, kExperimentFormat, "an experiment's");
    const std::string again = "take another name for the experiment";
    if (seen.value("base", "") != base_of(config, cells).variant) {
      throw Error(path + ": found base '" + base_of(config, cells).variant + "', expected '" + seen.value("base", "") +
                  "' (" + again + ")");
    }
    check_same(path + ": the base", seen.value("identity", ""), base_of(config, cells), again);
  }
  for (const AblateCell& cell : cells) {
    const CellRecord record = read_record(cell);
    if (record.state != CellState::kDone) continue;  // what is not done is run as it is now
    check_same(record_path(cell.folder) + ": variant '" + cell.variant + "'", record.identity, cell,
               "give the variant another name, or remove " + cell.folder);
  }
  write_file(path, text_of(now));
  write_file(yaml_path, yaml);
}

}  // namespace genbid::runs
