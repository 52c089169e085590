#include "data/replaceable.h"

#include <filesystem>
#include <fstream>

#include "base/convert.h"
#include "base/error.h"
#include "data/campaign_store.h"
#include "data/hdf5_file.h"
#include "data/hdf5_trial.h"
#include "data/market_log.h"
#include "data/tape_store_layout.h"
#include "data/trajectory_store_layout.h"

namespace genbid::data {
namespace {

bool is_hdf5_of(const std::string& path, const std::string& format) {
  const auto read = [&] { return Hdf5File::open(path).read_text_attribute("format"); };
  try {
    try_hdf5(path, [&] { read(); });
    return read() == format;
  } catch (const Error&) {
    return false;
  }
}

// What lies at `path` and must not be replaced; empty if nothing does.
std::string irreplaceable(const std::string& path, const std::string& kind,
                          const std::function<bool(const std::string&)>& is_one) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (path.empty() || !fs::exists(status)) return {};
  if (fs::is_directory(status)) return "a folder";
  if (!fs::is_regular_file(status)) return "no file that can be replaced";
  if (fs::file_size(path, ignored) != 0 && !is_one(path)) return "a file that is not " + kind;
  return {};
}

}  // namespace

bool is_trajectory_store(const std::string& path) { return is_hdf5_of(path, kTrajectoryStoreFormat); }

bool is_market_log(const std::string& path) { return is_hdf5_of(path, kMarketLogFormat); }

bool is_tape(const std::string& path) { return is_hdf5_of(path, kTapeFormat); }

bool is_campaign_store(const std::string& path) { return is_hdf5_of(path, kCampaignStoreFormat); }

bool begins_with(const std::string& path, const std::string& text) {
  std::ifstream file(path, std::ios::binary);
  std::string start(text.size(), '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  return to_size(file.gcount()) == text.size() && start == text;
}

std::string format_of_hdf5(const std::string& path) {
  if (!begins_with(path, "\x89HDF\r\n\x1a\n")) return {};
  const auto read = [&] {
    const Hdf5File file = Hdf5File::open(path);
    return file.has_attribute("format") ? file.read_text_attribute("format") : std::string();
  };
  try_hdf5(path, [&] { read(); });
  return read();
}

void check_replaceable_output(const std::string& path, const std::string& kind,
                              const std::function<bool(const std::string&)>& is_one, const std::string& folder) {
  const std::string found = irreplaceable(path, kind, is_one);
  if (found.empty()) return;
  throw Error(path + ": found " + found + ", expected nothing, or " + kind +
              " to replace (move it away, or take another " + folder + ")");
}

void check_replaceable(const std::string& key, const std::string& path, const std::string& kind,
                       const std::function<bool(const std::string&)>& is_one) {
  const std::string found = irreplaceable(path, kind, is_one);
  if (found.empty()) return;
  throw ConfigError(key + ": found '" + path + "', " + found + "; expected a new name, or " + kind + " to replace");
}

void check_replaceable_store(const std::string& key, const std::string& path) {
  check_replaceable(key, path, "a trajectory store", is_trajectory_store);
}

void check_replaceable_market_log(const std::string& key, const std::string& path) {
  check_replaceable(key, path, "a market log", is_market_log);
}

}  // namespace genbid::data
