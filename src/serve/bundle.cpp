#include "serve/bundle.h"

#include <filesystem>
#include <system_error>

#include "base/convert.h"
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

std::string read_regular(const std::string& path) {
  require_regular_file(path);
  return read_file(path);
}

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

}  // namespace

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

std::shared_ptr<const Bundle> load_bundle(const std::string& path, graph::Carries carries) {
  auto bundle = std::make_shared<Bundle>();
  bundle->folder = bundle_folder(path);
  const auto in_folder = [&](const std::string& name) { return bundle->folder + "/" + name; };
  bundle->json = read_regular(in_folder(kBundleFile));
  bundle->hash = content_hash(bundle->json);
  bundle->info = read_bundle_info(bundle->json, in_folder(kBundleFile));

  // Graph and weights are kept as they were hashed, and not read again.
  std::string graph_text;
  std::string weights;
  for (const BundleFile& file : bundle->info.files) {
    const std::string place = in_folder(file.name);
    check_size(place, file);
    if (file.name == kGraphFile || file.name == kWeightsFile) {
      std::string& text = file.name == kGraphFile ? graph_text : weights;
      text = read_regular(place);
      check_hash(place, file, content_hash(text));
    } else {
      check_hash(place, file, file_content_hash(place));
    }
  }
  const auto tensors =
      SafetensorsFile::from_bytes(std::as_bytes(std::span<const char>(weights)), in_folder(kWeightsFile));
  graph::Graph graph = graph::read_graph(graph_text, tensors, in_folder(kGraphFile));
  check_graph(bundle->info, graph, in_folder(kGraphFile));
  bundle->program = std::make_shared<const graph::Program>(std::move(graph), graph::best_target(), carries);
  return bundle;
}

}  // namespace genbid::serve
