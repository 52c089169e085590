#include "serve/bundle.h"

#include "base/files/content_hash.h"

namespace genbid::serve {

std::shared_ptr<const Bundle> load_bundle(const std::string& path, graph::Carries carries) {
  auto bundle = std::make_shared<Bundle>();
  bundle->folder = bundle_folder(path);
  const auto in_folder = [&](const std::string& name) { return bundle->folder + "/" + name; };
  bundle->json = read_regular(in_folder(kBundleFile));
  bundle->hash = content_hash(bundle->json);
  bundle->info = read_bundle_info(bundle->json, in_folder(kBundleFile));
  const auto content = checked_files(bundle->folder, bundle->info.files, {kGraphFile, kWeightsFile});
  graph::Graph graph = graph_of(content, bundle->folder, kGraphFile, kWeightsFile);
  check_graph(bundle->info, graph, in_folder(kGraphFile));
  bundle->program = std::make_shared<const graph::Program>(std::move(graph), graph::best_target(), carries);
  return bundle;
}

}  // namespace genbid::serve
