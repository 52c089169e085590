#include "data/replaceable.h"

#include <filesystem>

#include "base/error.h"
#include "data/hdf5_file.h"
#include "data/hdf5_trial.h"
#include "data/market_log.h"
#include "data/trajectory_store_layout.h"

namespace genbid::data {
namespace {

std::function<bool(const std::string&)> is_hdf5_of(const std::string& format) {
  return [format](const std::string& path) {
    const auto read = [&] { return Hdf5File::open(path).read_text_attribute("format"); };
    try {
      try_hdf5(path, [&] { read(); });
      return read() == format;
    } catch (const Error&) {
      return false;
    }
  };
}

}  // namespace

void check_replaceable(const std::string& key, const std::string& path, const std::string& kind,
                       const std::function<bool(const std::string&)>& is_one) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (path.empty() || !fs::exists(status)) return;
  std::string found;
  if (fs::is_directory(status)) {
    found = "a folder";
  } else if (!fs::is_regular_file(status)) {
    found = "no file that can be replaced";
  } else if (fs::file_size(path, ignored) != 0 && !is_one(path)) {
    found = "a file that is not " + kind;
  } else {
    return;
  }
  throw ConfigError(key + ": found '" + path + "', " + found + "; expected a new name, or " + kind + " to replace");
}

void check_replaceable_store(const std::string& key, const std::string& path) {
  check_replaceable(key, path, "a trajectory store", is_hdf5_of(kTrajectoryStoreFormat));
}

void check_replaceable_market_log(const std::string& key, const std::string& path) {
  check_replaceable(key, path, "a market log", is_hdf5_of(kMarketLogFormat));
}

}  // namespace genbid::data
