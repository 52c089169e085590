#include "serve/bundle.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "serve/small_bundle.h"

namespace genbid::test {
namespace {

using Json = nlohmann::ordered_json;

std::string message(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// A folder with a small bundle.
class BundleFolder : public testing::Test {
 protected:
  BundleFolder() { write_bundle(small_recurrent(), path_); }

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string load() const {
    return message([&] { serve::load_bundle(path_); });
  }
  // Loads it after a change of bundle.json.
  std::string load_with(const std::function<void(Json&)>& change) const {
    Json json = Json::parse(read_file(file("bundle.json")));
    change(json);
    json.erase("hash");
    json["hash"] = content_hash(json.dump());
    write_file(file("bundle.json"), json.dump());
    return load();
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path("bundle");
};

TEST_F(BundleFolder, IsReadAsItWasWritten) {
  const auto bundle = serve::load_bundle(path_);
  EXPECT_EQ(bundle->info.model, "small");
  EXPECT_EQ(bundle->info.window, 4);
  EXPECT_EQ(bundle->info.files.size(), 3U);
  EXPECT_EQ(serve::bundle_json(bundle->info), bundle->json);
  EXPECT_EQ(bundle->program->graph().outputs().size(), 2U);
}

TEST_F(BundleFolder, IsFoundByItsCurrent) {
  write_file(folder_.path("CURRENT"), "bundle\n");
  EXPECT_EQ(serve::load_bundle(folder_.path())->folder, path_);
  for (const char* name : {"../bundle\n", "a/b\n", "\n", "", "..", "bundle\nother\n", "."}) {
    write_file(folder_.path("CURRENT"), name);
    const std::string error = message([&] { serve::load_bundle(folder_.path()); });
    EXPECT_NE(error.find("expected one line with the name of a folder beside it"), std::string::npos) << error;
  }
  write_file(folder_.path("CURRENT"), "gone\n");
  EXPECT_NE(message([&] { serve::load_bundle(folder_.path()); }).find("where there is no bundle.json"),
            std::string::npos);
  EXPECT_EQ(message([] { serve::load_bundle("/nowhere"); }),
            "/nowhere: found neither bundle.json nor CURRENT, expected a bundle");
}

// Every bit of every file, of small files; of the weights a few.
TEST_F(BundleFolder, AFlippedBitIsAnErrorWhereverItIs) {
  for (const char* name : {"bundle.json", "graph.json", "weights.safetensors", "README.md"}) {
    const std::string whole = read_file(file(name));
    const size_t step = 1 + whole.size() / 150;
    for (size_t i = 0; i < whole.size(); i += step) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
      std::ofstream(file(name), std::ios::binary) << damaged;
      const std::string error = load();
      if (error == "no error") {
        // White space of JSON alone may be another white space.
        EXPECT_TRUE(std::string(name) == "bundle.json" && std::isspace(whole[i]) && std::isspace(damaged[i]))
            << name << " " << i;
      } else {
        EXPECT_NE(error.find(name), std::string::npos) << error;
      }
    }
    std::ofstream(file(name), std::ios::binary) << whole;
  }
  EXPECT_EQ(load(), "no error");
}

TEST_F(BundleFolder, AFileThatIsMissingOrCutIsAnErrorThatNamesIt) {
  for (const char* name : {"graph.json", "weights.safetensors", "README.md"}) {
    const std::string whole = read_file(file(name));
    std::filesystem::remove(file(name));
    EXPECT_NE(load().find(name), std::string::npos) << load();
    std::ofstream(file(name), std::ios::binary) << whole.substr(1);
    EXPECT_EQ(load(), file(name) + ": found " + std::to_string(whole.size() - 1) + " bytes, expected " +
                          std::to_string(whole.size()) + ", as bundle.json says");
    std::ofstream(file(name), std::ios::binary) << whole;
  }
}

TEST_F(BundleFolder, AForeignSchemaIsRefusedByBothNumbers) {
  EXPECT_EQ(load_with([](Json& json) { json["schema"] = 2; }),
            file("bundle.json") + ": schema: found 2, expected 1, which this program reads");
}

TEST_F(BundleFolder, UnknownKeysAreAllowed) {
  EXPECT_EQ(load_with([](Json& json) { json["later"] = {1, 2}; }), "no error");
}

TEST_F(BundleFolder, AChangeByHandIsSeen) {
  std::string text = read_file(file("bundle.json"));
  text.replace(text.find("0.9"), 3, "0.8");
  write_file(file("bundle.json"), text);
  EXPECT_NE(load().find("the file was changed after it was written"), std::string::npos) << load();
}

struct Claim {
  const char* name;
  void (*change)(Json& json);
  std::string error;  // after the file's name
};

void PrintTo(const Claim& claim, std::ostream* out) { *out << claim.name; }

const Claim kClaims[] = {
    {"format", [](Json& j) { j["format"] = "x"; }, "format: found 'x', expected genbid-bundle"},
    {"no_version", [](Json& j) { j.erase("version"); }, "version: found nothing, expected a text"},
    {"ticks", [](Json& j) { j["ticks"] = 97; }, "ticks: found 97, expected a whole number from 1 to 96"},
    {"ticks_huge", [](Json& j) { j["ticks"] = 18446744073709551615ULL; },
     "ticks: found 18446744073709551615, expected a whole number from 1 to 96"},
    {"feature_set", [](Json& j) { j["observation"]["features"] = "x"; },
     "observation: feature set: found 'x', expected auctionnet16, auctionnet16_frozen or constraint"},
    {"no_feature_set", [](Json& j) { j["observation"].erase("features"); },
     "observation: features: found nothing, expected a text"},
    {"long_feature_set", [](Json& j) { j["observation"]["features"] = std::string(130, 'x'); },
     "observation: feature set: found '" + std::string(100, 'x') +
         "... (30 more bytes)', expected auctionnet16, auctionnet16_frozen or constraint"},
    {"reward", [](Json& j) { j["observation"]["reward"] = "x"; },
     "observation: reward: found 'x', expected expected or realised"},
    {"other_features", [](Json& j) { j["observation"]["features"] = "auctionnet16"; },
     "features: found 22, expected the 16 of auctionnet16"},
    {"feature_order", [](Json& j) { std::swap(j["features"][0], j["features"][1]); },
     "features[0]: found 'budget_left', expected 'time_left'"},
    {"range", [](Json& j) { j["features"][3]["low"] = "0"; }, "features[3]: low: found \"0\", expected a number"},
    {"wish_huge", [](Json& j) { j["wishes"][0]["usual"] = 1e300; },
     "wishes[0]: usual: found 1e+300, expected what a 32-bit float can hold"},
    {"carry_unread", [](Json& j) { j["inputs"].erase(j["inputs"].size() - 1); },
     "inputs: found no carry.0, expected it, since the policy carries it"},
    {"output_of_an_input", [](Json& j) { j["outputs"].push_back(j["inputs"][0]); },
     "outputs: found 'states', which is an input too, expected that of a carry alone"},
    {"window", [](Json& j) { j["window"] = 5; }, "inputs: states: found f32 [R, 4, 22], expected f32 [R, 5, 22]"},
    {"coefficients", [](Json& j) { j["coefficients"] = 1; },
     "outputs: coefficients: found f32 [R, 2], expected f32 [R, 1]"},
    {"noise", [](Json& j) { j["noise"]["size"] = 7; }, "inputs: noise: found f32 [R, 6], expected f32 [R, 7]"},
    {"stream", [](Json& j) { j["noise"]["stream"] = "x"; }, "noise: stream: found 'x', expected evaluate.noise"},
    {"carry", [](Json& j) { j["carry"][0]["shape"][1] = 9; }, "inputs: carry.0: found f32 [R, 8], expected f32 [R, 9]"},
    {"carry_gone", [](Json& j) { j["carry"] = Json::array(); },
     "inputs: found 'carry.0', expected some of states, actions, before, ticks, mask, constraint, wishes, noise"},
    {"carry_more",
     [](Json& j) {
       j["carry"].push_back({{"name", "carry.1"}, {"shape", {"R", 2}}});
     },
     "outputs: found no carry.1, expected f32 [R, 2]"},
    {"carry_shape", [](Json& j) { j["carry"][0]["shape"] = {8}; },
     "carry: carry.0: found f32 [8], expected the name carry.N and f32 [R, ..]"},
    {"shape", [](Json& j) { j["inputs"][0]["shape"][0] = "Q"; },
     "inputs[0]: shape: found [\"Q\",4,22], expected \"R\" or extents"},
    {"extent", [](Json& j) { j["inputs"][0]["shape"][1] = 0; },
     "inputs[0]: shape: found 0, expected a whole number from 1 to 4294967296"},
    {"type", [](Json& j) { j["inputs"][0]["type"] = "f64"; },
     "inputs[0]: type of a tensor: found 'f64', expected one of f32, i64, bool"},
    {"twice", [](Json& j) { j["inputs"][1]["name"] = "states"; }, "inputs: found 'states' twice, expected it once"},
    {"wish", [](Json& j) { j["wishes"][0]["name"] = "fame"; },
     "wishes[0]: outcome of a day: found 'fame', expected one of return, value, budget_use, cpa, share_of_optimum"},
    {"training", [](Json& j) { j["training"] = 3; }, "training: found 3, expected an object"},
    {"file_name", [](Json& j) { j["files"][2]["name"] = "../README.md"; },
     "files: found the name '../README.md', expected one of a file beside bundle.json"},
    {"file_hash", [](Json& j) { j["files"][2]["hash"] = "beef"; },
     "files: README.md: found the hash 'beef', expected 32 hexadecimal digits"},
    {"no_weights", [](Json& j) { j["files"].erase(1); }, "files: found no weights.safetensors, expected it"},
    {"list", [](Json& j) { j["files"] = "x"; }, "files: found \"x\", expected a list"},
};

class EveryClaim : public BundleFolder, public testing::WithParamInterface<Claim> {};

TEST_P(EveryClaim, OfBundleJsonIsChecked) {
  EXPECT_EQ(load_with(GetParam().change), file("bundle.json") + ": " + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(Claims, EveryClaim, testing::ValuesIn(kClaims),
                         [](const auto& claim) { return claim.param.name; });

TEST_F(BundleFolder, ItsGraphIsTheOneThatItDescribes) {
  write_file(file("graph.json"), graph::graph_json(small_perceptron()));
  write_weights(small_perceptron(), file("weights.safetensors"));
  const std::string error = load_with([&](Json& json) {
    for (Json& entry : json["files"]) {
      const serve::BundleFile now = file_entry(path_, entry["name"].get<std::string>());
      entry["bytes"] = now.bytes;
      entry["hash"] = now.hash;
    }
  });
  EXPECT_EQ(error, file("graph.json") +
                       ": inputs: found 1 (states), expected 9 (states, actions, before, ticks, mask, constraint, "
                       "wishes, noise, carry.0), as bundle.json says");
}

TEST(BundleJson, OfNoBundleIsAnError) {
  EXPECT_EQ(message([] { serve::read_bundle_info("[1]", "b"); }), "b: found [1], expected an object");
  EXPECT_EQ(message([] { serve::read_bundle_info("{", "b"); }), "b: found a text that is no JSON (byte 2 is wrong)");
  EXPECT_EQ(message([] { serve::read_bundle_info(std::string(10000, '['), "b"); }),
            "b: found JSON nested deeper than 64, expected a bundle's");
}

}  // namespace
}  // namespace genbid::test
