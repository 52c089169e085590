#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/shown.h"
#include "serve/bundle.h"

namespace genbid::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 64;  // of JSON; what is deeper is no bundle, and would end the stack
constexpr int64_t kMaxCount = int64_t{1} << 32;
constexpr int64_t kMaxWindow = 4096;
constexpr int64_t kMaxNoise = int64_t{1} << 24;
constexpr const char* kHashKey = "hash";

Json parse(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
      if (depth > kMaxDepth) {
        throw Error(name + ": found JSON nested deeper than " + std::to_string(kMaxDepth) + ", expected a bundle's");
      }
      return true;
    });
  } catch (const Json::parse_error& error) {
    throw Error(name + ": found a text that is no JSON (byte " + std::to_string(error.byte) + " is wrong)");
  } catch (const Json::exception& error) {
    throw Error(name + ": found a text that is no JSON: " + shown(error.what()));
  }
}

// An object of the file, which knows where it stands in it.
class Part {
 public:
  Part(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) fail(where_, json, "an object");
  }

  const std::string& where() const { return where_; }
  std::string place(const std::string& key) const { return where_ + ": " + key; }

  const Json& find(const std::string& key, const char* expected) const {
    const auto found = json_.find(key);
    if (found == json_.end()) throw Error(place(key) + ": found nothing, expected " + expected);
    return *found;
  }
  std::string text(const std::string& key) const {
    const Json& value = find(key, "a text");
    if (!value.is_string()) fail(place(key), value, "a text");
    return value.get<std::string>();
  }
  int64_t count(const std::string& key, int64_t low, int64_t high) const {
    return count_of(find(key, "a count"), place(key), low, high);
  }
  double number(const std::string& key) const {
    const Json& value = find(key, "a number");
    if (!value.is_number() || !std::isfinite(value.get<double>())) fail(place(key), value, "a number");
    return value.get<double>();
  }
  // null: it is not known.
  std::optional<double> number_or_null(const std::string& key) const {
    if (find(key, "a number or null").is_null()) return {};
    return number(key);
  }
  Part part(const std::string& key) const { return {find(key, "an object"), place(key)}; }
  const Json& list(const std::string& key) const {
    const Json& value = find(key, "a list");
    if (!value.is_array()) fail(place(key), value, "a list");
    return value;
  }
  // Each entry of a list of objects.
  template <typename Read>
  auto all(const std::string& key, const Read& read) const {
    std::vector<decltype(read(*this))> made;
    for (const Json& entry : list(key)) {
      made.push_back(read(Part(entry, place(key) + "[" + std::to_string(made.size()) + "]")));
    }
    return made;
  }
  std::string object_text(const std::string& key) const {
    const Json& value = find(key, "an object");
    if (!value.is_object()) fail(place(key), value, "an object");
    return value.dump();
  }

  static int64_t count_of(const Json& value, const std::string& where, int64_t low, int64_t high) {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) &&
                      value.get<int64_t>() >= low && value.get<int64_t>() <= high;
    if (!fits) fail(where, value, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return value.get<int64_t>();
  }
  [[noreturn]] static void fail(const std::string& where, const Json& found, const std::string& expected) {
    throw Error(where + ": found " + shown(found.dump()) + ", expected " + expected);
  }

 private:
  const Json& json_;
  std::string where_;
};

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

template <typename T, typename Make>
Json list_json(const std::vector<T>& all, const Make& make) {
  Json json = Json::array();
  for (const T& one : all) json.push_back(make(one));
  return json;
}

// Error where a name stands twice in the list.
template <typename T>
void check_once(const std::vector<T>& all, const std::string& where) {
  std::set<std::string> seen;
  for (const T& one : all) {
    if (!seen.insert(one.name).second) throw Error(where + ": found '" + shown(one.name) + "' twice, expected it once");
  }
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

bool is_hash(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A name of a file that lies in the folder itself.
bool is_plain(const std::string& name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return !name.empty() && name.size() < 256 && printable && name.find('/') == std::string::npos &&
         name.find("..") == std::string::npos && name != ".";
}

void check_files(const BundleInfo& info, const std::string& name) {
  const std::string where = name + ": files";
  check_once(info.files, where);
  for (const BundleFile& file : info.files) {
    if (!is_plain(file.name) || file.name == kBundleFile) {
      throw Error(where + ": found the name '" + shown(file.name) + "', expected one of a file beside " + kBundleFile);
    }
    if (!is_hash(file.hash)) {
      throw Error(where + ": " + file.name + ": found the hash '" + shown(file.hash) +
                  "', expected 32 hexadecimal digits");
    }
  }
  for (const char* needed : {kGraphFile, kWeightsFile}) {
    const auto is_it = [&](const BundleFile& file) { return file.name == needed; };
    if (std::any_of(info.files.begin(), info.files.end(), is_it)) continue;
    throw Error(where + ": found no " + needed + ", expected it");
  }
}

SeenOptions read_observation(const Part& part) {
  SeenOptions options;
  try {
    options.feature_set = parse_feature_set(part.text("features"));
  } catch (const Error& error) {
    throw Error(part.where() + ": " + shown(error.what()));
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

void check_schema(const Part& root) {
  const std::string format = root.text("format");
  if (format != kBundleFormat) {
    throw Error(root.place("format") + ": found '" + shown(format) + "', expected " + kBundleFormat);
  }
  const int64_t schema = root.count("schema", 0, std::numeric_limits<int64_t>::max());
  if (schema != kBundleSchema) {
    throw Error(root.place("schema") + ": found " + std::to_string(schema) + ", expected " +
                std::to_string(kBundleSchema) + ", which this program reads");
  }
}

// A hash of all that stands there, but for the hash and white space.
std::string hash_of(Json json) {
  json.erase(kHashKey);
  return content_hash(json.dump());
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
  json["training"] = parse(info.training, "training");
  json["results"] = parse(info.results, "results");
  json["config"] = parse(info.config, "config");
  json["files"] = list_json(info.files, [](const BundleFile& file) -> Json {
    return {{"name", file.name}, {"bytes", file.bytes}, {"hash", file.hash}};
  });
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

std::string bundle_json(const BundleInfo& info) {
  Json json = described(info);
  json[kHashKey] = hash_of(json);
  return json.dump(2) + "\n";
}

BundleInfo read_bundle_info(std::string_view text, const std::string& name) {
  const Json json = parse(text, name);
  const Part root(json, name);
  check_schema(root);
  BundleInfo info;
  info.version = root.text("version");
  info.model = root.text("model");
  info.program = root.text("program");
  info.ticks = root.count("ticks", 1, kMaxTicks);
  read_policy(root, info);
  info.training = root.object_text("training");
  info.results = root.object_text("results");
  info.config = root.object_text("config");
  info.files = root.all("files", [](const Part& part) {
    return BundleFile{part.text("name"), part.count("bytes", 0, std::numeric_limits<int64_t>::max()),
                      part.text("hash")};
  });
  check_features(info, name);
  check_tensors(info, name);
  check_files(info, name);
  const std::string expected = hash_of(json);
  if (root.text(kHashKey) != expected) {
    throw Error(root.place(kHashKey) + ": found '" + shown(root.text(kHashKey)) + "', expected " + expected +
                ": the file was changed after it was written");
  }
  return info;
}

void check_graph(const BundleInfo& info, const graph::Graph& graph, const std::string& name) {
  check_listed(inputs_of(graph), info.inputs, name + ": inputs");
  check_listed(outputs_of(graph), info.outputs, name + ": outputs");
}

}  // namespace genbid::serve
