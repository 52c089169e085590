#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/program.h"
#include "serve/json_part.h"

// The files of a bundle of any kind, and where bundles lie: a folder with bundle.json, or one whose file CURRENT, one
// line, names such a folder inside it.

namespace genbid::serve {

inline constexpr const char* kBundleFile = "bundle.json";
inline constexpr const char* kCurrentFile = "CURRENT";

struct BundleFile {
  std::string name;
  int64_t bytes = 0;
  std::string hash;  // base/files/content_hash.h
};

Json files_json(const std::vector<BundleFile>& files);
std::vector<BundleFile> read_files(const Part& root);
// Error where a name or a hash is none, a name stands twice or one that is needed is missing. `name`: of bundle.json.
void check_files(const std::vector<BundleFile>& files, const std::vector<std::string>& needed, const std::string& name);

// Whether there is a bundle, or a folder of them.
bool is_bundle(const std::string& path);
// The folder of the bundle that `path` names: itself, or the one that its CURRENT names.
std::string bundle_folder(const std::string& path);
// Error for what is no regular file.
std::string read_regular(const std::string& path);

// Compares every file with its size and hash, and keeps the content of those that are wanted.
std::map<std::string, std::string> checked_files(const std::string& folder, const std::vector<BundleFile>& files,
                                                 const std::set<std::string>& wanted);
// The graph of two of them.
graph::Graph graph_of(const std::map<std::string, std::string>& content, const std::string& folder,
                      const std::string& graph_file, const std::string& weights_file);

}  // namespace genbid::serve
