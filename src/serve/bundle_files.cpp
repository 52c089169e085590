#include "serve/bundle_files.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <span>
#include <system_error>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/paths.h"
#include "base/files/safetensors.h"
#include "base/shown.h"
#include "graph/graph_json.h"

namespace genbid::serve {
namespace {

namespace fs = std::filesystem;

// The one line of CURRENT: the name of a folder beside it.
std::string current_name(const std::string& path) {
  std::string name = read_regular(path);
  if (name.ends_with('\n')) name.pop_back();
  bool plain = !name.empty() && name != "." && name.find("..") == std::string::npos;
  for (const char c : name) plain = plain && c >= ' ' && c <= '~' && c != '/';
  if (!plain) {
    throw Error(path + ": found '" + shown(name) + "', expected one line with the name of a folder beside it");
  }
  return name;
}

void check_hash(const std::string& path, const BundleFile& expected, const std::string& found) {
  if (found == expected.hash) return;
  throw Error(path + ": found the hash " + found + ", expected " + expected.hash + ", as " + kBundleFile +
              " says: the file is damaged, or of another bundle");
}

void check_size(const std::string& path, const BundleFile& expected) {
  require_regular_file(path);
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  if (error) throw Error(path + ": cannot read: " + error.message());
  if (size == static_cast<uintmax_t>(expected.bytes)) return;
  throw Error(path + ": found " + std::to_string(size) + " bytes, expected " + std::to_string(expected.bytes) +
              ", as " + kBundleFile + " says");
}

bool is_hash(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A name of a file that lies in the folder itself.
bool is_plain(const std::string& name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return !name.empty() && name.size() < 256 && printable && name.find('/') == std::string::npos &&
         name.find("..") == std::string::npos && name != ".";
}

}  // namespace

std::string read_regular(const std::string& path) {
  require_regular_file(path);
  return read_file(path);
}

Json files_json(const std::vector<BundleFile>& files) {
  return list_json(files, [](const BundleFile& file) -> Json {
    return {{"name", file.name}, {"bytes", file.bytes}, {"hash", file.hash}};
  });
}

std::vector<BundleFile> read_files(const Part& root) {
  return root.all("files", [](const Part& part) {
    return BundleFile{part.text("name"), part.count("bytes", 0, std::numeric_limits<int64_t>::max()),
                      part.text("hash")};
  });
}

void check_files(const std::vector<BundleFile>& files, const std::vector<std::string>& needed,
                 const std::string& name) {
  const std::string where = name + ": files";
  check_once(files, where);
  for (const BundleFile& file : files) {
    if (!is_plain(file.name) || file.name == kBundleFile) {
      throw Error(where + ": found the name '" + shown(file.name) + "', expected one of a file beside " + kBundleFile);
    }
    if (!is_hash(file.hash)) {
      throw Error(where + ": " + file.name + ": found the hash '" + shown(file.hash) +
                  "', expected 32 hexadecimal digits");
    }
  }
  for (const std::string& one : needed) {
    const auto is_it = [&](const BundleFile& file) { return file.name == one; };
    if (std::any_of(files.begin(), files.end(), is_it)) continue;
    throw Error(where + ": found no " + one + ", expected it");
  }
}

bool is_bundle(const std::string& path) {
  return is_there(path + "/" + kBundleFile) || is_there(path + "/" + kCurrentFile);
}

std::string bundle_folder(const std::string& path) {
  if (is_there(path + "/" + kBundleFile)) return path;
  const std::string current = path + "/" + kCurrentFile;
  if (!is_there(current)) {
    throw Error(path + ": found neither " + kBundleFile + " nor " + kCurrentFile + ", expected a bundle");
  }
  const std::string folder = path + "/" + current_name(current);
  if (is_there(folder + "/" + kBundleFile)) return folder;
  throw Error(current + ": found the name of " + folder + ", where there is no " + kBundleFile + ", expected a bundle");
}

std::map<std::string, std::string> checked_files(const std::string& folder, const std::vector<BundleFile>& files,
                                                 const std::set<std::string>& wanted) {
  std::map<std::string, std::string> content;  // as it was hashed: nothing is read again
  for (const BundleFile& file : files) {
    const std::string place = folder + "/" + file.name;
    check_size(place, file);
    if (wanted.contains(file.name)) {
      std::string& text = content[file.name];
      text = read_regular(place);
      check_hash(place, file, content_hash(text));
    } else {
      check_hash(place, file, file_content_hash(place));
    }
  }
  return content;
}

graph::Graph graph_of(const std::map<std::string, std::string>& content, const std::string& folder,
                      const std::string& graph_file, const std::string& weights_file) {
  const std::string& weights = content.at(weights_file);
  const auto tensors =
      SafetensorsFile::from_bytes(std::as_bytes(std::span<const char>(weights)), folder + "/" + weights_file);
  return graph::read_graph(content.at(graph_file), tensors, folder + "/" + graph_file);
}

}  // namespace genbid::serve
