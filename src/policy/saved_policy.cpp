#include "policy/saved_policy.h"

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/paths.h"
#include "base/shown.h"
#include "bidding/state_features.h"
#include "policy/tensor_file.h"

namespace genbid::policy {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int64_t kMostNumber = std::numeric_limits<int64_t>::max();
constexpr int64_t kMostSteps = 1'000'000'000;  // as train.steps
constexpr int64_t kMostCoefficients = 2;       // of a bid
constexpr int64_t kMostDaySlots = 1440;        // of campaigns that pay by the click: minutes
constexpr int64_t kMostWorkers = 1'000'000;    // threads or processes
constexpr const char* kModelFile = "model.safetensors";

// An object of state.json. An Error says where in it something is missing, of another kind or out of range.
class StatePart {
 public:
  StatePart(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) fail(where_, json, "an object");
  }

  const Json& json() const { return json_; }
  std::string place(const std::string& key) const { return where_ + ": " + key; }
  bool has(const std::string& key) const { return json_.contains(key); }

  const Json& find(const std::string& key, const std::string& expected) const {
    const auto found = json_.find(key);
    if (found == json_.end()) throw Error(place(key) + ": found nothing, expected " + expected);
    return *found;
  }
  std::string text(const std::string& key) const {
    const Json& value = find(key, "a text");
    if (!value.is_string()) fail(place(key), value, "a text");
    return value.get<std::string>();
  }
  std::string text(const std::string& key, const std::string& otherwise) const {
    return has(key) ? text(key) : otherwise;
  }
  int64_t count(const std::string& key, int64_t low, int64_t high) const {
    return count_of(find(key, "a whole number"), place(key), low, high);
  }
  int64_t count(const std::string& key, int64_t low, int64_t high, int64_t otherwise) const {
    return has(key) ? count(key, low, high) : otherwise;
  }
  const Json& list(const std::string& key) const {
    const Json& value = find(key, "a list");
    if (!value.is_array()) fail(place(key), value, "a list");
    return value;
  }
  std::vector<int64_t> counts(const std::string& key) const {
    std::vector<int64_t> all;
    for (const Json& one : list(key)) {
      all.push_back(count_of(one, entry(key, all.size()), std::numeric_limits<int64_t>::min(), kMostNumber));
    }
    return all;
  }
  StatePart part(const std::string& key) const { return {find(key, "an object"), place(key)}; }
  std::string entry(const std::string& key, size_t i) const { return place(key) + "[" + std::to_string(i) + "]"; }

  [[noreturn]] static void fail(const std::string& where, const Json& found, const std::string& expected) {
    throw Error(where + ": found " + shown(found.dump()) + ", expected " + expected);
  }

 private:
  static int64_t count_of(const Json& value, const std::string& where, int64_t low, int64_t high) {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<uint64_t>() <= static_cast<uint64_t>(kMostNumber)) &&
                      value.get<int64_t>() >= low && value.get<int64_t>() <= high;
    if (fits) return value.get<int64_t>();
    const bool any = low == std::numeric_limits<int64_t>::min() && high == kMostNumber;
    fail(where, value,
         any ? "a whole number" : "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }

  const Json& json_;
  std::string where_;
};

Json parse_state(const std::string& file) {
  const std::string text = read_file(file);
  const std::string damaged = file + ": damaged: found a text that is no JSON";
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(damaged + " (byte " + std::to_string(error.byte) + " is wrong), expected what a training writes");
  } catch (const Json::exception&) {  // a number that no double can hold
    throw Error(damaged + " that can be read, expected what a training writes");
  }
}

void check_format(const StatePart& state, const std::string& file) {
  const std::string format = state.text("format");
  if (format != kCheckpointFormat) {
    throw Error(file + ": found format '" + shown(format) + "', expected " + kCheckpointFormat);
  }
  const Json& version = state.find("version", "a whole number");
  if (version == Json(kCheckpointVersion)) return;
  throw Error(file + ": found a checkpoint of version " + shown(version.dump()) + ", expected version " +
              std::to_string(kCheckpointVersion) + " (made by " + shown(state.text("program", "another program")) +
              "; train it again)");
}

// Opening a pipe would wait for its writer, and a device has no end.
void require_regular_files(const std::string& path) {
  for (const char* name : {kModelFile, "trainer.safetensors", "config.yaml"}) require_regular_file(path + "/" + name);
}

void check_files(const std::string& path, const StatePart& files) {
  for (const auto& entry : files.json().items()) {
    const std::string file = path + "/" + entry.key();
    const StatePart written = files.part(entry.key());
    const int64_t size = written.count("size", 0, kMostNumber);
    const std::string hash = written.text("xxh3_128");
    const auto damaged = [&](const std::string& found) {
      throw Error(file + ": damaged: found " + found + ", expected the " + std::to_string(size) +
                  " bytes that were written");
    };
    require_regular_file(file);
    std::error_code error;
    const uintmax_t found = fs::file_size(file, error);
    if (error) damaged("no such file");
    if (found != static_cast<uintmax_t>(size)) damaged(std::to_string(found) + " bytes");
    if (file_content_hash(file) != hash) damaged("other bytes");
  }
}

SeenStore seen_store(const StatePart& part) {
  SeenStore store;
  store.days = part.text("days", "");
  store.train_periods = part.counts("train_periods");
  store.held_out_periods = part.counts("held_out_periods");
  store.sources = part.text("sources");
  store.data = part.text("data_xxh3_128", "");
  return store;
}

// Before there could be several, what is said of a store stood beside the rest.
std::vector<SeenStore> seen_stores(const StatePart& state) {
  if (!state.has("stores")) return {seen_store(state)};
  std::vector<SeenStore> stores;
  for (const Json& one : state.list("stores")) {
    stores.push_back(seen_store(StatePart(one, state.entry("stores", stores.size()))));
  }
  return stores;
}

std::string one_of(const StatePart& state, const std::string& key, const std::vector<std::string>& names) {
  std::string name = state.text(key);
  for (const std::string& known : names) {
    if (name == known) return name;
  }
  throw Error(state.place(key) + ": found '" + shown(name) + "', expected one of " + listed(names));
}

// A shape is a claim: it is checked before a policy of that shape asks for memory.
PolicyShape read_shape(const StatePart& state, const std::string& feature_set, const std::string& path) {
  PolicyShape shape;
  if (feature_set.empty()) {  // of a policy that reads no states; each of its numbers would have a weight at least
    std::error_code error;
    const uintmax_t bytes = fs::file_size(path + "/" + kModelFile, error);
    const auto most = error ? 0 : static_cast<int64_t>(bytes / sizeof(float));
    shape.num_features = state.count("num_features", 0, most);
  } else {
    shape = shape_for(feature_names(parse_feature_set(feature_set)));
    const std::string expected = "the " + std::to_string(shape.num_features) + " of " + feature_set;
    const Json& found = state.find("num_features", expected);
    if (found != Json(shape.num_features)) StatePart::fail(state.place("num_features"), found, expected);
  }
  shape.num_actions = state.count("num_actions", 1, kMostCoefficients);
  return shape;
}

std::vector<std::pair<double, double>> read_ranges(const StatePart& state, int64_t num_features) {
  std::vector<std::pair<double, double>> ranges;
  if (!state.has("feature_ranges")) return ranges;
  const Json& list = state.list("feature_ranges");
  for (const Json& one : list) {
    const bool is_range = one.is_array() && one.size() == 2 && one[0].is_number() && one[1].is_number() &&
                          one[0].get<double>() <= one[1].get<double>();
    if (!is_range) StatePart::fail(state.entry("feature_ranges", ranges.size()), one, "a lowest and a highest number");
    ranges.emplace_back(one[0].get<double>(), one[1].get<double>());
  }
  if (!ranges.empty() && std::ssize(ranges) != num_features) {
    throw Error(state.place("feature_ranges") + ": found " + std::to_string(ranges.size()) +
                ", expected one for each of " + std::to_string(num_features) + " features, or none");
  }
  return ranges;
}

}  // namespace

CheckpointInfo read_checkpoint_info(const std::string& path) {
  const std::string file = path + "/state.json";
  if (!is_there(file)) {
    throw Error(
        path +
        ": not a checkpoint: found no state.json, expected a folder such as runs/NAME/checkpoints/step-00000100");
  }
  require_regular_file(file);
  const Json json = parse_state(file);
  const StatePart state(json, file + ": damaged");
  check_format(state, file);
  require_regular_files(path);
  CheckpointInfo info;
  info.step = state.count("step", 0, kMostSteps);
  const bool reads_states = !state.text("feature_set").empty();  // none: of campaigns that pay by the click
  if (reads_states) info.observation.feature_set = one_of(state, "feature_set", feature_set_names());
  info.shape = read_shape(state, info.observation.feature_set, path);
  // Days had one length before it was recorded.
  info.ticks = state.count("ticks", 1, reads_states ? kMaxTicks : kMostDaySlots, kTicksPerPeriod);
  info.observation.reward = one_of(state, "reward", {"expected", "realised"});
  info.stores = seen_stores(state);
  info.feature_ranges = read_ranges(state, info.shape.num_features);
  info.labels = state.text("labels", "logged");
  info.observation.returns = state.text("returns", "score of the mean");
  info.judged_days = state.text("judged_days", "");
  if (state.has("judged_periods")) info.judged_periods = state.counts("judged_periods");
  info.judge = state.text("judge_xxh3_128", "");
  info.initial = state.text("initial_xxh3_128", "");
  info.program = state.text("program", "");
  info.threads = state.count("threads", 0, kMostWorkers, 0);
  info.ranks = state.count("ranks", 1, kMostWorkers, 1);
  if (state.has("files")) check_files(path, state.part("files"));
  return info;
}

void load_policy(const std::string& path, Policy& policy, Weights weights) {
  const std::string file = path + "/model.safetensors";
  read_tensors(file, saved_weights(policy), [](const std::string& name) { return name.starts_with("ema."); });
  if (weights == Weights::kRaw) return;
  read_tensors(file, trained_weights(policy), [](const std::string& name) { return name.starts_with("policy."); });
}

}  // namespace genbid::policy
