#include "data/input_files.h"

#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "base/convert.h"
#include "base/error.h"
#include "data/table_reader.h"

namespace genbid::data {
namespace {

constexpr std::string_view kEnding = ".parquet";

// `below` is a path within a folder.
bool is_part(std::string_view below) {
  if (!below.ends_with(kEnding)) return false;
  for (size_t at = 0; at < below.size();) {
    if (below[at] == '_' || below[at] == '.') return false;
    const size_t slash = below.find('/', at);
    if (slash == std::string_view::npos) break;
    at = slash + 1;
  }
  return true;
}

std::vector<std::string> in_folder(const std::string& folder) {
  std::vector<std::string> files;
  try {
    constexpr auto kThroughLinks = std::filesystem::directory_options::follow_directory_symlink;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, kThroughLinks)) {
      const std::string below = entry.path().lexically_relative(folder).string();
      if (is_part(below) && !entry.is_directory()) files.push_back(entry.path().string());
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(folder + ": cannot be read: " + error.code().message());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) throw Error(folder + ": found no files that end in .parquet in this folder or below it");
  return files;
}

std::vector<std::string> by_pattern(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> paths;
  if (status == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (paths.empty()) throw Error(pattern + ": found no files of such names");
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Error for an address that cannot be one, or that has secrets in it, which messages and stores would tell on.
void check_address(const std::string& uri) {
  constexpr std::string_view kScheme = "s3://";
  const size_t end = std::min(uri.find_first_of("/?", kScheme.size()), uri.size());
  const std::string bucket = uri.substr(kScheme.size(), end - kScheme.size());
  const std::string options = uri.substr(std::min(uri.find('?'), uri.size()));
  for (const char* const secret : {"access_key", "secret_key", "session_token"}) {
    if (bucket.find('@') == std::string::npos && options.find(secret) == std::string::npos) continue;
    throw Error(
        "s3://...: found a key or password in the address, expected them in AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN");
  }
  if (bucket.empty() || bucket.find_first_of("*?[") != std::string::npos) {
    throw Error(uri + ": found no bucket, expected s3://BUCKET/KEY, with patterns in KEY alone");
  }
}

std::vector<std::string> objects(const std::string& uri) {
  check_address(uri);
  const size_t options = std::min(uri.find('?'), uri.size());
  const std::string name = uri.substr(0, options);
  const size_t wild = name.find_first_of("*[");
  const bool pattern = wild != std::string::npos;
  if (!pattern && name.ends_with(kEnding)) return {uri};
  std::string folder = pattern ? name.substr(0, name.rfind('/', wild)) : name;
  while (folder.ends_with('/')) folder.pop_back();
  std::vector<std::string> found;
  for (const TableObject& object : table_plugin(uri).list(folder + uri.substr(options))) {
    const std::string key = object.uri.substr(0, object.uri.size() - (uri.size() - options));
    const bool wanted =
        pattern ? ::fnmatch(name.c_str(), key.c_str(), FNM_PATHNAME) == 0 : is_part(key.substr(folder.size() + 1));
    if (wanted) found.push_back(object.uri);
  }
  if (found.empty()) {
    throw Error(uri +
                (pattern ? ": found no objects of such names" : ": found no objects below it that end in .parquet"));
  }
  return found;
}

}  // namespace

bool is_many(const std::string& input) {
  std::error_code ignored;
  if (is_remote(input)) return true;
  if (std::filesystem::is_directory(input, ignored)) return true;
  return input.find_first_of("*?[") != std::string::npos && !std::filesystem::exists(input, ignored);
}

std::vector<std::string> input_files(const std::vector<std::string>& inputs) {
  std::vector<std::string> files;
  const auto append = [&](const std::vector<std::string>& more) {
    files.insert(files.end(), more.begin(), more.end());
  };
  std::error_code ignored;
  for (const std::string& input : inputs) {
    if (!is_many(input)) {
      files.push_back(input);
    } else if (is_remote(input)) {
      append(objects(input));
    } else if (std::filesystem::is_directory(input, ignored)) {
      append(in_folder(input));
    } else {
      append(by_pattern(input));
    }
  }
  return files;
}

}  // namespace genbid::data
