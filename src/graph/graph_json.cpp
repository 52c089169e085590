#include "graph/graph_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"
#include "graph/operators.h"

namespace genbid::graph {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "genbid-graph";
constexpr int64_t kSchema = 1;
// Limits that no policy comes near. They bound the memory and time that a made-up file can ask for.
constexpr size_t kMostBytes = size_t{1} << 26;   // of the text
constexpr size_t kMostEvents = size_t{1} << 22;  // values, keys and brackets
constexpr int kMostDepth = 4;
constexpr size_t kMostNamed = 16384;  // inputs, constants or outputs
constexpr size_t kMostNodes = size_t{1} << 18;

// --- Writing ---------------------------------------------------------------------------------------------------------

std::string quoted(const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const Json::exception&) {
    throw Error("graph: found the name '" + shown(text) + "', expected UTF-8");
  }
}

std::string rows_text(int64_t rows) { return "\"" + (rows == 1 ? "" : std::to_string(rows)) + "R\""; }

std::string number_list(std::span<const int64_t> numbers) {
  std::string text;
  for (const int64_t number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

std::string shape_json(const Shape& shape) {
  const std::string rest = number_list(shape.rest);
  if (shape.rows == 0) return "[" + rest + "]";
  return "[" + rows_text(shape.rows) + (rest.empty() ? "" : ", ") + rest + "]";
}

std::string real_json(double number) {
  if (std::isinf(number)) return number > 0 ? "\"inf\"" : "\"-inf\"";
  return Json(number).dump();
}

bool takes_many(const std::string& setting) { return setting.ends_with("..."); }

std::string key_of(const std::string& setting) {
  return takes_many(setting) ? setting.substr(0, setting.size() - 3) : setting;
}

// The type and shape that are written for each node are these settings, where it has them.
bool is_of_output(const std::string& setting) { return setting == "type" || setting == "shape..."; }

std::string settings_json(const Node& node) {
  const OpInfo& info = info_of(node.op);
  std::string text;
  for (size_t i = 0; i < info.ints.size(); ++i) {
    const std::string& setting = info.ints[i];
    if (is_of_output(setting)) continue;
    text += ", \"" + key_of(setting) + "\": ";
    text +=
        takes_many(setting) ? "[" + number_list(std::span(node.ints).subspan(i)) + "]" : std::to_string(node.ints[i]);
  }
  for (size_t i = 0; i < info.reals.size(); ++i) text += ", \"" + info.reals[i] + "\": " + real_json(node.reals[i]);
  return text;
}

std::string type_and_shape_json(const Value& value) {
  return "\"type\": \"" + type_name(value.type) + "\", \"shape\": " + shape_json(value.shape);
}

std::string named_json(const Graph& graph, const std::string& name, ValueId id) {
  return "{\"value\": " + std::to_string(id) + ", \"name\": " + quoted(name) + ", " +
         type_and_shape_json(graph.value(id)) + "}";
}

std::string node_json(const Graph& graph, const Node& node) {
  std::string inputs;
  for (const ValueId input : node.inputs) inputs += (inputs.empty() ? "" : ", ") + std::to_string(input);
  return "{\"value\": " + std::to_string(node.output) + ", \"op\": \"" + info_of(node.op).name + "\", \"inputs\": [" +
         inputs + "]" + settings_json(node) + ", " + type_and_shape_json(graph.value(node.output)) + "}";
}

std::string list_json(const std::string& key, const std::vector<std::string>& lines) {
  std::string text = " \"" + key + "\": [";
  for (size_t i = 0; i < lines.size(); ++i) text += (i == 0 ? "\n  " : ",\n  ") + lines[i];
  return text + (lines.empty() ? "]" : "\n ]");
}

// --- Reading ---------------------------------------------------------------------------------------------------------

const char* dtype_of(Type type) { return type == Type::kFloat ? "F32" : type == Type::kInt ? "I64" : "BOOL"; }

[[noreturn]] void fail(const std::string& place, const std::string& found, const std::string& expected) {
  throw Error(place + ": found " + found + ", expected " + expected);
}

std::string shown_json(const Json& json) { return shown(json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

// Takes the parser's events: doubled keys would be lost in the tree, and it could fill memory before it is looked at.
class EventCheck {
 public:
  explicit EventCheck(const std::string& file) : file_(file) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    using Event = Json::parse_event_t;
    if (depth > kMostDepth) fail(file_, "brackets nested deeper than " + std::to_string(kMostDepth), "a graph");
    if (++num_events_ > kMostEvents) fail(file_, "more than " + std::to_string(kMostEvents) + " entries", "a graph");
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(value.get<std::string>()).second) {
      fail(file_, "the key '" + shown(value.get<std::string>()) + "' twice in one place", "it once");
    }
    return true;
  }

 private:
  const std::string& file_;
  size_t num_events_ = 0;
  std::vector<std::set<std::string>> keys_;
};

Json parse(std::string_view text, const std::string& file) {
  if (text.size() > kMostBytes) {
    fail(file, std::to_string(text.size()) + " bytes", std::to_string(kMostBytes) + " at most");
  }
  EventCheck check(file);
  try {
    return Json::parse(
        text, [&check](int depth, Json::parse_event_t event, Json& value) { return check(depth, event, value); });
  } catch (const Json::exception& e) {
    fail(file, "no JSON (" + shown(e.what()) + ")", "the JSON of a graph");
  }
}

// A JSON object whose fields are taken one by one; what is left at the end is an error.
class Fields {
 public:
  Fields(std::string place, const Json& json) : place_(std::move(place)), json_(json) {
    if (!json.is_object()) fail(place_, shown_json(json), "an object");
  }

  void set_place(const std::string& place) { place_ = place; }
  const std::string& place() const { return place_; }
  [[noreturn]] void wrong(const std::string& key, const std::string& expected) const {
    fail(place_ + ": '" + key + "'", shown_json(json_.at(key)), expected);
  }
  const Json& take(const std::string& key) {
    const auto found = json_.find(key);
    if (found == json_.end()) fail(place_, "no field '" + key + "'", "it");
    taken_.insert(key);
    return *found;
  }
  std::string text(const std::string& key) {
    const Json& json = take(key);
    if (!json.is_string()) wrong(key, "a string");
    return json.get<std::string>();
  }
  int64_t whole(const std::string& key) { return whole_in(key, take(key)); }
  std::vector<int64_t> wholes(const std::string& key) {
    std::vector<int64_t> all;
    for (const Json& one : list(key)) all.push_back(whole_in(key, one));
    return all;
  }
  double real(const std::string& key) {
    const Json& json = take(key);
    if (json == "inf") return std::numeric_limits<double>::infinity();
    if (json == "-inf") return -std::numeric_limits<double>::infinity();
    if (!json.is_number()) wrong(key, "a number, \"inf\" or \"-inf\"");
    return json.get<double>();
  }
  const Json& list(const std::string& key, size_t most = kMostEvents) {
    const Json& json = take(key);
    if (!json.is_array()) wrong(key, "a list");
    if (json.size() > most) {
      fail(place_ + ": '" + key + "'", std::to_string(json.size()) + " entries", std::to_string(most) + " at most");
    }
    return json;
  }
  Type type() {
    const std::string name = text("type");
    for (const Type type : {Type::kFloat, Type::kInt, Type::kBool}) {
      if (type_name(type) == name) return type;
    }
    wrong("type", "\"f32\", \"i64\" or \"bool\"");
  }
  Shape shape() {
    const Json& json = list("shape");
    Shape shape;
    size_t first = 0;
    if (!json.empty() && json[0].is_string()) {
      shape.rows = rows_from(json[0].get<std::string>());
      first = 1;
    }
    for (size_t i = first; i < json.size(); ++i) shape.rest.push_back(whole_in("shape", json[i]));
    return shape;
  }
  void end() const {
    for (const auto& [key, value] : json_.items()) {
      if (!taken_.contains(key)) fail(place_, "the field '" + shown(key) + "'", "only those that belong there");
    }
  }

 private:
  int64_t whole_in(const std::string& key, const Json& json) const {
    constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (!json.is_number_integer() || (json.is_number_unsigned() && json.get<uint64_t>() > kMost)) {
      wrong(key, "whole numbers of 64 bits");
    }
    return json.get<int64_t>();
  }
  // "R" or "2R".
  int64_t rows_from(const std::string& text) const {
    const std::string digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
    const bool fits = text.ends_with('R') && digits.size() <= 9 &&
                      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    const int64_t rows = !fits || digits.empty() ? 1 : std::stoll(digits);
    if (!fits || rows < 1 || rows_text(rows) != "\"" + text + "\"") {
      wrong("shape", "\"R\", \"2R\" and the like in front");
    }
    return rows;
  }

  std::string place_;
  const Json& json_;
  std::set<std::string> taken_;
};

enum class Kind { kNone, kInput, kConstant, kNode };

// Where each value is described.
struct Place {
  Kind kind = Kind::kNone;
  size_t index = 0;
};

std::string place_of(const std::string& file, const Place& place) {
  const char* kind = place.kind == Kind::kInput ? "input" : place.kind == Kind::kConstant ? "constant" : "node";
  return file + ": " + kind + " " + std::to_string(place.index);
}

// Runs `body`, and says in its errors where they happened.
template <typename Body>
auto within(const std::string& place, Body&& body) {
  try {
    return body();
  } catch (const Error& e) {
    throw Error(place + ": " + e.what());
  }
}

void check_written(const std::string& place, const Value& inferred, Type type, const Shape& shape) {
  if (inferred.type == type && inferred.shape == shape) return;
  fail(place, type_name(type) + " " + shown_shape(shape),
       type_name(inferred.type) + " " + shown_shape(inferred.shape) + ", which follow from the inputs");
}

ValueId read_constant(Graph& graph, Fields& fields, const SafetensorsFile& weights) {
  const std::string name = fields.text("name");
  const Type type = fields.type();
  const Shape shape = fields.shape();
  const std::string place = fields.place() + " (" + shown(name) + ")";
  const std::string expected = std::string(dtype_of(type)) + " " + shape_text(shape.rest);
  if (shape.rows > 0) fail(place, "the shape " + shown_shape(shape), "one without rows");
  const TensorBytes* tensor = weights.find(name);
  if (tensor == nullptr) fail(place, "no such tensor in the weights", expected);
  if (tensor->dtype != dtype_of(type) || tensor->shape != shape.rest) {
    fail(place, "a tensor " + tensor->dtype + " " + shape_text(tensor->shape) + " in the weights", expected);
  }
  const auto is_bool = [](std::byte byte) { return byte <= std::byte{1}; };
  if (type == Type::kBool && !std::all_of(tensor->data.begin(), tensor->data.end(), is_bool)) {
    fail(place, "a byte above 1 in the weights", "0 or 1 for each bool");
  }
  return within(fields.place(), [&] { return graph.add_constant(name, type, shape.rest, tensor->data); });
}

ValueId read_node(Graph& graph, Fields& fields) {
  const std::string name = fields.text("op");
  const Op op = within(fields.place(), [&] { return parse_op(name); });
  fields.set_place(fields.place() + " (" + name + ")");
  const OpInfo& info = info_of(op);
  std::vector<ValueId> inputs;
  for (const int64_t input : fields.wholes("inputs")) {
    if (input < 0 || input >= graph.num_values()) {
      fail(fields.place(), "the input " + std::to_string(input),
           "one of the " + std::to_string(graph.num_values()) + " values before it");
    }
    inputs.push_back(static_cast<ValueId>(input));
  }
  const Type type = fields.type();
  const Shape shape = fields.shape();
  std::vector<int64_t> ints;
  for (const std::string& setting : info.ints) {
    if (setting == "type") {
      ints.push_back(static_cast<int64_t>(type));
    } else if (setting == "shape...") {
      ints.push_back(shape.rows);
      ints.insert(ints.end(), shape.rest.begin(), shape.rest.end());
    } else if (takes_many(setting)) {
      const std::vector<int64_t> many = fields.wholes(key_of(setting));
      ints.insert(ints.end(), many.begin(), many.end());
    } else {
      ints.push_back(fields.whole(setting));
    }
  }
  std::vector<double> reals;
  for (const std::string& setting : info.reals) reals.push_back(fields.real(setting));
  const ValueId id = within(fields.place(), [&] { return graph.add(op, inputs, ints, reals); });
  check_written(fields.place(), graph.value(id), type, shape);
  return id;
}

void read_value(Graph& graph, const Place& place, const Json& json, const SafetensorsFile& weights,
                const std::string& file) {
  Fields fields(place_of(file, place), json);
  fields.whole("value");  // the caller has read it already; taken here so that it counts as known
  if (place.kind == Kind::kConstant) {
    read_constant(graph, fields, weights);
  } else if (place.kind == Kind::kNode) {
    read_node(graph, fields);
  } else {
    const std::string name = fields.text("name");
    const Type type = fields.type();
    const Shape shape = fields.shape();
    within(fields.place(), [&] { return graph.add_input(name, type, shape); });
  }
  fields.end();
}

struct Lists {
  const Json& inputs;
  const Json& constants;
  const Json& nodes;

  const Json& of(Kind kind) const {
    return kind == Kind::kInput ? inputs : kind == Kind::kConstant ? constants : nodes;
  }
};

// The place of each value, in their order. They are numbered without holes, each once.
std::vector<Place> places_of(const Lists& lists, const std::string& file) {
  std::vector<Place> places(lists.inputs.size() + lists.constants.size() + lists.nodes.size());
  for (const Kind kind : {Kind::kInput, Kind::kConstant, Kind::kNode}) {
    for (size_t i = 0; i < lists.of(kind).size(); ++i) {
      const Place place = {kind, i};
      Fields fields(place_of(file, place), lists.of(kind)[i]);
      const int64_t number = fields.whole("value");
      if (number < 0 || number >= std::ssize(places)) {
        fields.wrong("value", "one of the numbers below " + std::to_string(places.size()));
      }
      if (at(places, number).kind != Kind::kNone) {
        fields.wrong("value", "a number that " + place_of(file, at(places, number)) + " does not have");
      }
      at(places, number) = place;
    }
  }
  return places;
}

void read_outputs(Graph& graph, const Json& outputs, const std::string& file) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    Fields fields(file + ": output " + std::to_string(i), outputs[i]);
    const std::string name = fields.text("name");
    const int64_t number = fields.whole("value");
    if (number < 0 || number >= graph.num_values()) fields.wrong("value", "the number of a value");
    within(fields.place(), [&] { graph.add_output(name, static_cast<ValueId>(number)); });
    fields.end();
  }
}

}  // namespace

std::string graph_json(const Graph& graph) {
  std::vector<std::string> inputs, constants, nodes, outputs;
  for (const Named& input : graph.inputs()) inputs.push_back(named_json(graph, input.name, input.value));
  for (size_t i = 0; i < graph.constants().size(); ++i) {
    const ValueId id = graph.value_of_constant(static_cast<int32_t>(i));
    constants.push_back(named_json(graph, graph.constants()[i].name, id));
  }
  for (const Node& node : graph.nodes()) nodes.push_back(node_json(graph, node));
  for (const Named& output : graph.outputs()) {
    outputs.push_back("{\"name\": " + quoted(output.name) + ", \"value\": " + std::to_string(output.value) + "}");
  }
  return "{\"format\": \"" + std::string(kFormat) + "\", \"schema\": " + std::to_string(kSchema) + ",\n" +
         list_json("inputs", inputs) + ",\n" + list_json("constants", constants) + ",\n" + list_json("nodes", nodes) +
         ",\n" + list_json("outputs", outputs) + "}\n";
}

Graph read_graph(std::string_view json, const SafetensorsFile& weights, const std::string& name_for_messages) {
  const std::string& file = name_for_messages;
  const Json whole = parse(json, file);
  Fields fields(file, whole);
  if (fields.take("format") != kFormat) fields.wrong("format", "\"" + std::string(kFormat) + "\"");
  if (fields.take("schema") != kSchema) fields.wrong("schema", std::to_string(kSchema) + ", which this genbid reads");
  const Lists lists = {fields.list("inputs", kMostNamed), fields.list("constants", kMostNamed),
                       fields.list("nodes", kMostNodes)};
  const Json& outputs = fields.list("outputs", kMostNamed);
  fields.end();
  Graph graph;
  for (const Place& place : places_of(lists, file)) {
    read_value(graph, place, lists.of(place.kind)[place.index], weights, file);
  }
  read_outputs(graph, outputs, file);
  return graph;
}

std::vector<TensorBytes> weights_of(const Graph& graph) {
  std::vector<TensorBytes> tensors;
  for (size_t i = 0; i < graph.constants().size(); ++i) {
    const Constant& constant = graph.constants()[i];
    const Value& value = graph.value(graph.value_of_constant(static_cast<int32_t>(i)));
    tensors.push_back({constant.name, dtype_of(value.type), value.shape.rest, constant.bytes});
  }
  return tensors;
}

}  // namespace genbid::graph
