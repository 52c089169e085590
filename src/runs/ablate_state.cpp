#include "runs/ablate_state.h"

#include <fcntl.h>
#include <sys/file.h>
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
#include "base/files/content_hash.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kCellFormat = "genbid-cell-1";
constexpr const char* kExperimentFormat = "genbid-experiment-1";
constexpr std::array<const char*, 5> kStates = {"new", "running", "interrupted", "failed", "done"};

std::string record_path(const AblateCell& cell) { return cell.folder + "/cell.json"; }

Json read_json(const std::string& path, const char* format, const char* what) {
  const Json json = Json::parse(read_file(path), nullptr, false);
  if (!json.is_object() || json.value("format", "") != format) {
    throw Error(path + ": found a file that is not " + what + " of this program's, expected one or none");
  }
  return json;
}

std::string text_of(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

// The cell that everything is compared with: of the base, or of the reference where no base is trained.
const AblateCell& base_of(const AblateConfig& config, const std::vector<AblateCell>& cells) {
  const std::string name = config.train.empty() ? reference_of(config, cells) : config.base;
  return *std::find_if(cells.begin(), cells.end(), [&](const AblateCell& cell) { return cell.variant == name; });
}

// What the base is, without what variants change.
Json experiment(const AblateConfig& config, const std::vector<AblateCell>& cells) {
  const AblateCell& base = base_of(config, cells);
  return {{"format", kExperimentFormat},
          {"name", config.name},
          {"base", base.variant},
          {"identity", base.identity()},
          {"xxh3_128", content_hash(base.identity())}};
}

void check_same(const std::string& where, const std::string& was, const std::string& is, const std::string& again) {
  const std::string difference = settings_difference(is, was);
  if (!difference.empty()) throw Error(where + ": found " + difference + " (" + again + ")");
}

}  // namespace

const char* state_name(CellState state) { return kStates[static_cast<size_t>(state)]; }

CellRecord read_record(const AblateCell& cell) {
  const std::string path = record_path(cell);
  if (!std::filesystem::exists(path)) return {};
  const Json json = read_json(path, kCellFormat, "a cell's state");
  const auto found = std::find(kStates.begin(), kStates.end(), json.value("state", ""));
  if (found == kStates.end()) throw Error(path + ": damaged: found state '" + json.value("state", "") + "'");
  return {static_cast<CellState>(found - kStates.begin()), json.value("error", ""), json.value("identity", "")};
}

void write_record(const AblateCell& cell, const CellRecord& record) {
  Json json = {{"format", kCellFormat}, {"cell", cell.label()}, {"state", state_name(record.state)}};
  if (!record.error.empty()) json["error"] = record.error;
  json["identity"] = record.identity;
  write_file(record_path(cell), text_of(json));
}

std::optional<CellLock> CellLock::take(const AblateCell& cell) {
  std::filesystem::create_directories(cell.folder);
  const std::string path = cell.folder + "/.cell.lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) throw Error(path + ": cannot be opened: " + std::strerror(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
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

void open_experiment(const AblateConfig& config, const std::vector<AblateCell>& cells) {
  const std::string path = config.folder() + "/experiment.json";
  const Json now = experiment(config, cells);
  if (std::filesystem::exists(path)) {
    const Json seen = read_json(path, kExperimentFormat, "an experiment's");
    const std::string again = "take another name for the experiment";
    if (seen.value("base", "") != base_of(config, cells).variant) {
      throw Error(path + ": found base '" + base_of(config, cells).variant + "', expected '" + seen.value("base", "") +
                  "' (" + again + ")");
    }
    check_same(path + ": the base", seen.value("identity", ""), base_of(config, cells).identity(), again);
  } else {
    write_file(path, text_of(now));
  }
  for (const AblateCell& cell : cells) {
    const CellRecord record = read_record(cell);
    if (record.state == CellState::kNew) continue;
    check_same(record_path(cell) + ": variant '" + cell.variant + "'", record.identity, cell.identity(),
               "give the variant another name, or remove " + cell.folder);
  }
}

}  // namespace genbid::runs
