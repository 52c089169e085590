#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/temporary_folder.h"
#include "export/bundle_sources.h"
#include "export/stored_examples.h"

// What the runtime and other people's tools (peer.py) make of bundles of every model.

namespace genbid::exporting {
namespace {

constexpr int kNoPython = 77;

TEST(BundlePeers, DecideAsThePolicy) {
  const test::TemporaryFolder folder;
  for (const std::string& variant : test::policy_variants()) {
    const auto summary = write_bundle(test::bundle_source(variant), {folder.path(test::variant_name(variant)), ""});
    test::expect_stored_examples(summary.folder);
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
