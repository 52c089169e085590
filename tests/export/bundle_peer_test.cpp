#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/temporary_folder.h"
#include "export/bundle_sources.h"

// What other people's tools make of bundles of every model (peer.py).

namespace genbid::exporting {
namespace {

constexpr int kNoPython = 77;

TEST(BundlePeers, OnnxRuntimeAndTorchDecideAsThePolicy) {
  const test::TemporaryFolder folder;
  for (const std::string& variant : test::policy_variants()) {
    write_bundle(test::bundle_source(variant), {folder.path(test::variant_name(variant)), ""});
  }
  const std::string here = std::filesystem::current_path();
  const std::string command =
      "bash '" + here + "/tests/peer_torch.sh' '" + here + "/tests/export/peer.py' '" + folder.path() + "'";
  const int status = std::system(command.c_str());
  // With scripts/test.sh --peers a tool that is missing is a failure.
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoPython && std::getenv("GENBID_PEERS") == nullptr) {
    GTEST_SKIP() << "found no Python with onnx, onnxruntime and torch";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace genbid::exporting
