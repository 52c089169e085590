#include "export/bundle_writer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "export/bundle_sources.h"
#include "export/stored_examples.h"
#include "serve/bundle.h"

namespace genbid::exporting {
namespace {

namespace fs = std::filesystem;

class Bundles : public ::testing::Test {
 protected:
  static BundleSource source(const std::string& variant) { return test::bundle_source(variant); }
  std::string out(const std::string& name) { return folder_.path(name); }
  template <typename Call>
  static std::string error_of(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(Bundles, AreThereWholeAndCurrent) {
  const BundleSource policy = source("perceptron.wishes");
  const BundleSummary summary = write_bundle(policy, {out("bundles"), ""});
  EXPECT_EQ(summary.folder, out("bundles/") + summary.version);
  EXPECT_EQ(read_file(out("bundles/CURRENT")), summary.version + "\n");
  for (const char* name : {"bundle.json", "graph.json", "weights.safetensors", "policy.onnx", "policy.py", "policy.pt2",
                           "examples.safetensors", "README.md"}) {
    EXPECT_TRUE(fs::is_regular_file(summary.folder + "/" + name)) << name;
  }
  const auto bundle = serve::load_bundle(out("bundles"));
  EXPECT_EQ(bundle->info.version, summary.version);
  EXPECT_EQ(bundle->info.files.size(), 7);
  EXPECT_FALSE(bundle->info.wishes.empty());
}

// The same policy makes the same bundle; another one of that name is refused, and the old one stays.
TEST_F(Bundles, AreNeverOverwritten) {
  const BundleSummary first = write_bundle(source("perceptron"), {out("bundles"), "one"});
  EXPECT_FALSE(first.was_there);
  const std::string before = read_file(first.folder + "/bundle.json");
  EXPECT_TRUE(write_bundle(source("perceptron"), {out("bundles"), "one"}).was_there);
  const std::string error = error_of([&] { write_bundle(source("perceptron.code"), {out("bundles"), "one"}); });
  EXPECT_EQ(error, first.folder +
                       ": found a bundle with another content, expected no such version; a version is never "
                       "overwritten: give another one (version=NAME), or none");
  EXPECT_EQ(read_file(first.folder + "/bundle.json"), before);
  const BundleSummary other = write_bundle(source("perceptron.code"), {out("bundles"), "two"});
  EXPECT_EQ(read_file(out("bundles/CURRENT")), "two\n");
  EXPECT_TRUE(fs::exists(first.folder + "/bundle.json"));
  EXPECT_NE(write_bundle(source("perceptron"), {out("bundles"), ""}).version,
            write_bundle(source("perceptron.code"), {out("bundles"), ""}).version);
}

TEST_F(Bundles, ReplaceNoCurrentThatIsAnothers) {
  const std::string current = out("bundles/CURRENT");
  fs::create_directories(out("bundles"));
  write_file(out("bundles/MANIFEST-000005"), "of a data base");
  for (const std::string text : {"my thesis\n", "MANIFEST-000005\n", "two\nlines\n"}) {
    write_file(current, text);
    EXPECT_EQ(error_of([&] {
                write_bundle(source("perceptron"), {out("bundles"), "one"});
              }),
              current +
                  ": found a file that names no bundle beside it, expected nothing, or one that does to replace "
                  "(move it away, or take another output)");
    EXPECT_EQ(read_file(current), text);
    EXPECT_FALSE(fs::exists(out("bundles/one")));
  }
  // Empty, or of a version that was removed.
  for (const std::string text : {"", "0123456789abcdef\n", "v1\n"}) {
    write_file(current, text);
    write_bundle(source("perceptron"), {out("bundles"), "one"});
    EXPECT_EQ(read_file(current), "one\n");
  }
}

// Whoever is given the folder of a training would find the bundle in its place.
TEST_F(Bundles, LieInNoTraining) {
  fs::create_directories(out("run/checkpoints"));
  write_file(out("step-00000100/config.yaml"), "kind: train\nrun: runs/mine\n");
  for (const std::string name : {"run", "step-00000100"}) {
    const std::string error = error_of([&] { write_bundle(source("perceptron"), {out(name), ""}); });
    EXPECT_EQ(error, "output: found " + out(name) + ", which is the folder of a training; expected another folder");
    EXPECT_FALSE(fs::exists(out(name) + "/CURRENT"));
  }
  write_bundle(source("perceptron"), {out("bundles"), "checkpoints"});  // a version's name, like others
  EXPECT_EQ(write_bundle(source("perceptron"), {out("bundles"), "next"}).version, "next");
}

TEST_F(Bundles, RefuseVersionsThatAreNoNames) {
  for (const std::string version :
       {"..", ".hidden", "a/b", "CURRENT", "-x", "a b", "v1..2", "bundle.json", "x.tmp-1-1"}) {
    EXPECT_NE(error_of([&] {
                write_bundle(source("perceptron"), {out("bundles"), version});
              }).find("version: found '" + version + "', expected a name of letters"),
              std::string::npos)
        << version;
  }
  EXPECT_FALSE(fs::exists(out("bundles")));
}

// Of every model: bundle_peer_test.cpp.
TEST_F(Bundles, ExamplesAreWhatTheRuntimeSays) {
  for (const std::string variant : {"perceptron", "decision_transformer"}) {
    test::expect_stored_examples(write_bundle(source(variant), {out(variant), ""}).folder);
  }
}

TEST_F(Bundles, LieAsTritonWantsThem) {
  const BundleSummary first = write_bundle(source("decision_transformer"), {out("models"), "", Layout::kTriton});
  EXPECT_EQ(first.folder, out("models/decision_transformer/1"));
  const BundleSummary second = write_bundle(source("decision_transformer"), {out("models"), "", Layout::kTriton});
  EXPECT_EQ(second.version, "2");
  EXPECT_TRUE(fs::is_regular_file(out("models/decision_transformer/1/model.onnx")));
  const std::string config = read_file(out("models/decision_transformer/config.pbtxt"));
  EXPECT_NE(config.find("{ name: \"carry.0_out\" data_type: TYPE_FP32 dims: [ 2, 17, 128 ] }"), std::string::npos);
  EXPECT_NE(config.find("{ name: \"ticks\" data_type: TYPE_INT64 dims: [ 2 ] }"), std::string::npos);
  EXPECT_NE(error_of([&] {
              write_bundle(source("perceptron"), {out("models"), "new", Layout::kTriton});
            }).find("expected a whole number from 1 on"),
            std::string::npos);
  // What an operator has changed in the config stays; a network of other shapes has no place in it.
  const std::string path = out("models/decision_transformer/config.pbtxt");
  write_file(path, config + "# mine\n");
  write_bundle(source("decision_transformer"), {out("models"), "", Layout::kTriton});
  EXPECT_EQ(read_file(path), config + "# mine\n");
  const std::string other =
      read_file(out("models/decision_transformer/config.pbtxt")).replace(config.find("17, 128"), 7, "17, 64");
  write_file(path, other);
  const std::string error = error_of([&] {
    write_bundle(source("decision_transformer"), {out("models"), "", Layout::kTriton});
  });
  EXPECT_NE(error.find("config.pbtxt: found other inputs or outputs"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(out("models/decision_transformer/4")));
  EXPECT_EQ(read_file(path), other);
}

}  // namespace
}  // namespace genbid::exporting
