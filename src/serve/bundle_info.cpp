#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"
#include "serve/bundle.h"
#include "serve/json_part.h"

namespace genbid::serve {
namespace {

constexpr int64_t kMaxCount = int64_t{1} << 32;
constexpr int64_t kMaxWindow = 4096;
constexpr int64_t kMaxNoise = int64_t{1} << 24;

Json shape_json(const graph::Shape& shape) {
  Json json = Json::array();
  if (shape.rows > 0) json.push_back((shape.rows == 1 ? "" : std::to_string(shape.rows)) + "R");
  for (const int64_t extent : shape.rest) json.push_back(extent);
  return json;
}

// "R", "2R", ... as a number; 0 for another text.
int64_t rows_of(const std::string& text) {
  if (text == "R") return 1;
  if (text.size() < 2 || text.size() > 10 || text.back() != 'R' || text.front() == '0') return 0;
  int64_t rows = 0;
  for (const char c : std::string_view(text).substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return 0;
    rows = 10 * rows + (c - '0');
  }
  return rows;
}

graph::Shape read_shape(const Part& part) {
  const Json& list = part.list("shape");
  graph::Shape shape;
  for (const Json& extent : list) {
    if (&extent == &list.front() && extent.is_string()) {
      shape.rows = rows_of(extent.get<std::string>());
      if (shape.rows < 1) Part::fail(part.place("shape"), list, "\"R\" or extents");
    } else {
      shape.rest.push_back(Part::count_of(extent, part.place("shape"), 1, kMaxCount));
    }
  }
  return shape;
}

BundleTensor read_tensor(const Part& part) {
  BundleTensor tensor;
  tensor.name = part.text("name");
  const std::string type = part.text("type");
  try {
    tensor.type = graph::parse_type(type);
  } catch (const Error& error) {
    throw Error(part.where() + ": " + error.what());
  }
  tensor.shape = read_shape(part);
  return tensor;
}

Json tensor_json(const BundleTensor& tensor) {
  return {{"name", tensor.name}, {"type", graph::type_name(tensor.type)}, {"shape", shape_json(tensor.shape)}};
}

const BundleTensor* find(const std::vector<BundleTensor>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const BundleTensor& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string shown_tensor(const BundleTensor& tensor) {
  return graph::type_name(tensor.type) + " " + graph::shown_shape(tensor.shape);
}

void check_same(const BundleTensor& found, const BundleTensor& expected, const std::string& where) {
  if (found == expected) return;
  throw Error(where + ": " + shown(found.name) + ": found " + shown_tensor(found) + ", expected " +
              shown_tensor(expected));
}

// What the inputs must be where the graph reads them.
std::vector<BundleTensor> readable(const BundleInfo& info) {
  using graph::Type;
  const int64_t window = info.window;
  std::vector<BundleTensor> all = {{"states", Type::kFloat, {1, {window, std::ssize(info.features)}}},
                                   {"actions", Type::kFloat, {1, {window, 1}}},
                                   {"before", Type::kFloat, {1, {window, kNumOutcomes}}},
                                   {"ticks", Type::kInt, {1, {window}}},
                                   {"mask", Type::kFloat, {1, {window}}},
                                   {"constraint", Type::kFloat, {1, {2}}},
                                   {"wishes", Type::kFloat, {1, {kNumOutcomes}}}};
  if (info.noise_size > 0) all.push_back({"noise", Type::kFloat, {1, {info.noise_size}}});
  all.insert(all.end(), info.carry.begin(), info.carry.end());
  return all;
}

std::vector<std::string> names_of(const std::vector<BundleTensor>& all) {
  std::vector<std::string> names;
  for (const BundleTensor& one : all) names.push_back(one.name);
  return names;
}

void check_tensors(const BundleInfo& info, const std::string& name) {
  const std::string inputs = name + ": inputs";
  const std::string outputs = name + ": outputs";
  check_once(info.inputs, inputs);
  check_once(info.outputs, outputs);
  check_once(info.carry, name + ": carry");
  for (const BundleTensor& one : info.carry) {
    const bool fits = one.name.starts_with("carry.") && one.type == graph::Type::kFloat && one.shape.rows == 1;
    if (fits) continue;
    throw Error(name + ": carry: " + shown(one.name) + ": found " + shown_tensor(one) +
                ", expected the name carry.N and f32 [R, ..]");
  }
  const std::vector<BundleTensor> may = readable(info);
  for (const BundleTensor& input : info.inputs) {
    const BundleTensor* const expected = find(may, input.name);
    if (expected == nullptr) {
      throw Error(inputs + ": found '" + shown(input.name) + "', expected some of " + listed(names_of(may)));
    }
    check_same(input, *expected, inputs);
  }
  std::vector<BundleTensor> must = {{"coefficients", graph::Type::kFloat, {1, {info.num_coefficients}}}};
  must.insert(must.end(), info.carry.begin(), info.carry.end());
  for (const BundleTensor& expected : must) {
    const BundleTensor* const output = find(info.outputs, expected.name);
    if (output == nullptr) {
      throw Error(outputs + ": found no " + shown(expected.name) + ", expected " + shown_tensor(expected));
    }
    check_same(*output, expected, outputs);
  }
  for (const BundleTensor& one : info.carry) {
    if (find(info.inputs, one.name) == nullptr) {
      throw Error(inputs + ": found no " + shown(one.name) + ", expected it, since the policy carries it");
    }
  }
  for (const BundleTensor& output : info.outputs) {
    if (find(info.inputs, output.name) == nullptr || find(info.carry, output.name) != nullptr) continue;
    throw Error(outputs + ": found '" + shown(output.name) +
                "', which is an input too, expected that of a carry alone");
  }
}

void check_features(const BundleInfo& info, const std::string& name) {
  const std::vector<std::string>& expected = feature_names(info.observation.feature_set);
  const std::string where = name + ": features";
  if (info.features.size() != expected.size()) {
    throw Error(where + ": found " + std::to_string(info.features.size()) + ", expected the " +
                std::to_string(expected.size()) + " of " + feature_set_name(info.observation.feature_set));
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    if (info.features[i].name == expected[i]) continue;
    throw Error(where + "[" + std::to_string(i) + "]: found '" + shown(info.features[i].name) + "', expected '" +
                expected[i] + "'");
  }
}

SeenOptions read_observation(const Part& part) {
  SeenOptions options;
  const std::string features = part.text("features");
  try {
    options.feature_set = parse_feature_set(features);
  } catch (const Error& error) {
    throw Error(part.where() + ": " + error.what());
  }
  const std::string reward = part.text("reward");
  if (reward != "expected" && reward != "realised") {
    throw Error(part.place("reward") + ": found '" + shown(reward) + "', expected expected or realised");
  }
  options.realised = reward == "realised";
  return options;
}

BundleWish read_wish(const Part& part) {
  const BundleWish wish = {part.text("name"), part.number("usual")};
  if (!std::isfinite(as_float(wish.usual))) {
    throw Error(part.place("usual") + ": found " + Json(wish.usual).dump() + ", expected what a 32-bit float can hold");
  }
  try {
    static_cast<void>(parse_outcome(wish.name));
  } catch (const Error& error) {
    throw Error(part.where() + ": " + error.what());
  }
  return wish;
}

// The graph says what the policy computes; this is what it is computed from, and where it comes from.
void read_policy(const Part& root, BundleInfo& info) {
  info.observation = read_observation(root.part("observation"));
  info.features = root.all("features", [](const Part& part) {
    return BundleFeature{part.text("name"), part.text("unit"), part.number_or_null("low"), part.number_or_null("high")};
  });
  info.window = root.count("window", 1, kMaxWindow);
  info.inputs = root.all("inputs", read_tensor);
  info.outputs = root.all("outputs", read_tensor);
  info.num_coefficients = root.count("coefficients", 1, 2);
  const Part noise = root.part("noise");
  info.noise_size = noise.count("size", 0, kMaxNoise);
  info.noise_stream = noise.text("stream");
  if (info.noise_stream != "evaluate.noise") {
    throw Error(noise.place("stream") + ": found '" + shown(info.noise_stream) + "', expected evaluate.noise");
  }
  info.carry = root.all("carry", [](const Part& part) {
    return BundleTensor{part.text("name"), graph::Type::kFloat, read_shape(part)};
  });
  info.wishes = root.all("wishes", read_wish);
  check_once(info.wishes, root.place("wishes"));
}

Json described(const BundleInfo& info) {
  Json json;
  json["format"] = kBundleFormat;
  json["schema"] = kBundleSchema;
  json["version"] = info.version;
  json["model"] = info.model;
  json["program"] = info.program;
  json["ticks"] = info.ticks;
  json["observation"] = {{"features", feature_set_name(info.observation.feature_set)},
                         {"reward", info.observation.realised ? "realised" : "expected"}};
  json["features"] = list_json(info.features, [](const BundleFeature& feature) -> Json {
    return {{"name", feature.name},
            {"unit", feature.unit},
            {"low", feature.low ? Json(*feature.low) : Json()},
            {"high", feature.high ? Json(*feature.high) : Json()}};
  });
  json["window"] = info.window;
  json["inputs"] = list_json(info.inputs, tensor_json);
  json["outputs"] = list_json(info.outputs, tensor_json);
  json["coefficients"] = info.num_coefficients;
  json["noise"] = {{"size", info.noise_size}, {"stream", info.noise_stream}};
  json["carry"] = list_json(info.carry, [](const BundleTensor& carry) -> Json {
    return {{"name", carry.name}, {"shape", shape_json(carry.shape)}};
  });
  json["wishes"] = list_json(info.wishes, [](const BundleWish& wish) -> Json {
    return {{"name", wish.name}, {"usual", wish.usual}};
  });
  json["training"] = parse_json(info.training, "training");
  json["results"] = parse_json(info.results, "results");
  json["config"] = parse_json(info.config, "config");
  json["files"] = files_json(info.files);
  return json;
}

std::vector<BundleTensor> tensors_of(const graph::Graph& graph, const std::vector<graph::Named>& named) {
  std::vector<BundleTensor> all;
  for (const graph::Named& one : named) {
    const graph::Value& value = graph.value(one.value);
    all.push_back({one.name, value.type, value.shape});
  }
  return all;
}

void check_listed(const std::vector<BundleTensor>& found, const std::vector<BundleTensor>& expected,
                  const std::string& where) {
  if (found.size() != expected.size()) {
    throw Error(where + ": found " + std::to_string(found.size()) + " (" + listed(names_of(found)) + "), expected " +
                std::to_string(expected.size()) + " (" + listed(names_of(expected)) + "), as " + kBundleFile + " says");
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].name != expected[i].name) {
      throw Error(where + ": found " + shown(found[i].name) + ", expected " + shown(expected[i].name) + ", as " +
                  kBundleFile + " says");
    }
    check_same(found[i], expected[i], where);
  }
}

}  // namespace

std::vector<BundleTensor> inputs_of(const graph::Graph& graph) { return tensors_of(graph, graph.inputs()); }
std::vector<BundleTensor> outputs_of(const graph::Graph& graph) { return tensors_of(graph, graph.outputs()); }

std::string bundle_json(const BundleInfo& info) { return hashed_text(described(info)); }

BundleInfo read_bundle_info(std::string_view text, const std::string& name) {
  const Json json = parse_json(text, name);
  const Part root(json, name);
  check_schema(root, kBundleFormat, kBundleSchema);
  BundleInfo info;
  info.version = root.text("version");
  info.model = root.text("model");
  info.program = root.text("program");
  info.ticks = root.count("ticks", 1, kMaxTicks);
  read_policy(root, info);
  info.training = root.object_text("training");
  info.results = root.object_text("results");
  info.config = root.object_text("config");
  info.files = read_files(root);
  check_features(info, name);
  check_tensors(info, name);
  check_files(info.files, {kGraphFile, kWeightsFile}, name);
  check_hash(root, json);
  return info;
}

void check_graph(const BundleInfo& info, const graph::Graph& graph, const std::string& name) {
  check_listed(inputs_of(graph), info.inputs, name + ": inputs");
  check_listed(outputs_of(graph), info.outputs, name + ": outputs");
}

}  // namespace genbid::serve
