#include "runs/inspect_run.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "base/config/config_json.h"
#include "base/config/period_text.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/shown.h"
#include "base/terminal.h"
#include "base/text_table.h"
#include "data/campaign_store.h"
#include "data/market_log.h"
#include "data/replaceable.h"
#include "data/tape_store.h"
#include "data/trajectory_store.h"
#include "graph/operators.h"
#include "runs/load_policy.h"
#include "serve/bundle.h"
#include "serve/click_bundle.h"

namespace genbid::runs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t kNameWidth = 14;

std::string size_of_file(const std::string& path) {
  return grouped(static_cast<long long>(fs::file_size(path))) + " bytes, XXH3-128 " + file_content_hash(path);
}

std::string tensors_text(const std::vector<serve::BundleTensor>& tensors) {
  std::string text;
  for (const serve::BundleTensor& tensor : tensors) {
    text += (text.empty() ? "" : ", ") + tensor.name + " " + graph::type_name(tensor.type) + " " +
            graph::shown_shape(tensor.shape);
  }
  return text.empty() ? "none" : text;
}

std::string wishes_text(const Wishes& wishes) {
  std::string text;
  for (const auto& [outcome, usual] : wishes) {
    text += (text.empty() ? "" : ", ") + outcome_name(outcome) + " (by itself " + number_text("%.4g", usual) + ")";
  }
  return text.empty() ? "none" : text;
}

std::string days_text(const std::vector<int64_t>& periods) { return periods.empty() ? "none" : period_ranges(periods); }

// What a bundle says for people is of no fixed form: "?" for what is not there or of another type.
std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return "?";
  return found->is_string() ? found->get<std::string>() : found->is_number() ? found->dump() : "?";
}

std::string days_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  std::vector<int64_t> periods;
  if (found == json.end() || !found->is_array()) return "?";
  for (const Json& period : *found) {
    if (!period.is_number_integer()) return "?";
    periods.push_back(period.get<int64_t>());
  }
  return days_text(periods);
}

void add_training(Inspection& made, const std::string& text) {
  const Json training = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!training.is_object()) return;
  made.facts.emplace_back("training", "step " + text_at(training, "step") + ", labels " + text_at(training, "labels") +
                                          ", weights " + text_at(training, "weights"));
  const auto stores = training.find("stores");
  if (stores != training.end() && stores->is_array()) {
    for (const Json& store : *stores) {
      if (!store.is_object()) continue;
      made.facts.emplace_back("trained on", days_at(store, "trained_on") + " of " + text_at(store, "days"));
    }
  }
  const std::string judged = days_at(training, "judged_periods");
  if (judged != "?" && judged != "none") made.facts.emplace_back("judged on", judged);
}

void add_results(Inspection& made, const std::string& text) {
  const Json results = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!results.is_object() || results.empty()) return;
  for (const auto& [name, result] : results.items()) {
    std::string shown_result;
    if (!result.is_object()) continue;
    for (const auto& [key, value] : result.items()) {
      if (value.is_number())
        shown_result +=
            (shown_result.empty() ? "" : ", ") + shown(key) + " " + number_text("%.6g", value.get<double>());
    }
    if (!shown_result.empty()) made.facts.emplace_back("result", shown(name) + ": " + shown_result);
  }
}

// --- Bundles ---------------------------------------------------------------------------------------------------------

std::string operator_text(const graph::Graph& graph, const graph::Node& node) {
  const graph::OpInfo& info = graph::info_of(node.op);
  const graph::Value& value = graph.value(node.output);
  std::string text = "%" + std::to_string(node.output) + " " + graph::type_name(value.type) + " " +
                     graph::shown_shape(value.shape) + " = " + info.name + "(";
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const graph::Value& input = graph.value(node.inputs[i]);
    const auto index = to_size(input.index);
    text += i > 0 ? ", " : "";
    text += input.source == graph::Value::Source::kInput      ? graph.inputs()[index].name
            : input.source == graph::Value::Source::kConstant ? graph.constants()[index].name
                                                              : "%" + std::to_string(node.inputs[i]);
  }
  for (const int64_t setting : node.ints) text += "; " + std::to_string(setting);
  for (const double setting : node.reals) text += "; " + number_text("%g", setting);
  return text + ")";
}

Inspection inspect_bundle(const std::string& path, bool operators) {
  const auto bundle = serve::load_bundle(path);
  const serve::BundleInfo& info = bundle->info;
  const graph::Graph& graph = bundle->program->graph();
  Inspection made = {"bundle", {}, {}};
  const auto add = [&made](const std::string& name, const std::string& text) { made.facts.emplace_back(name, text); };
  Wishes wishes;
  for (const serve::BundleWish& wish : info.wishes) wishes[parse_outcome(wish.name)] = wish.usual;
  int64_t weights = 0;
  std::set<std::string> used;
  for (const graph::Constant& constant : graph.constants()) weights += std::ssize(constant.bytes);
  for (const graph::Node& node : graph.nodes()) used.insert(graph::info_of(node.op).name);
  add("folder", bundle->folder);
  add("model", info.model + ", version " + info.version);
  add("made by", info.program);
  add("days", std::to_string(info.ticks) + " ticks; history of " + std::to_string(info.window) +
                  (info.carry.empty() ? "" : ", the rest is carried"));
  add("features", feature_set_name(info.observation.feature_set) + ", " + std::to_string(info.features.size()) +
                      "; what was won counts " + (info.observation.realised ? "conversions" : "p-values"));
  add("wishes", wishes_text(wishes));
  add("noise", info.noise_size == 0 ? "none" : grouped(info.noise_size) + " normal numbers a decision");
  add("inputs", tensors_text(info.inputs));
  add("outputs", tensors_text(info.outputs));
  add("graph", grouped(std::ssize(graph.nodes())) + " operators of " + std::to_string(used.size()) + " kinds, " +
                   grouped(weights) + " bytes of weights");
  add_training(made, info.training);
  add_results(made, info.results);
  for (const serve::BundleFile& file : info.files)
    add(file.name, grouped(file.bytes) + " bytes, XXH3-128 " + file.hash);
  if (operators) {
    for (const graph::Node& node : graph.nodes()) made.operators.push_back(operator_text(graph, node));
  }
  return made;
}

// --- Checkpoints -----------------------------------------------------------------------------------------------------

void add_files(Inspection& made, const std::string& checkpoint) {
  for (const char* name : {"model.safetensors", "trainer.safetensors", "config.yaml"}) {
    const std::string file = checkpoint + "/" + name;
    if (fs::exists(file)) made.facts.emplace_back(name, size_of_file(file));
  }
}

std::string program_text(const policy::CheckpointInfo& info) {
  return info.program.empty() ? "a program that does not say" : info.program;
}

// Whether its config says so, be the checkpoint whole or not.
bool is_of_campaigns(const std::string& checkpoint) {
  const std::string file = checkpoint + "/config.yaml";
  return fs::is_regular_file(file) && read_file(file).starts_with("kind: train\nprotocol: campaigns\n");
}

// An object of the config of a training of campaigns; an empty one where there is none.
Json section_of(const Json& config, const char* key) {
  const auto found = config.find(key);
  return found != config.end() && found->is_object() ? *found : Json::object();
}

std::string campaign_days_text(const Json& config, const policy::CheckpointInfo& info) {
  if (const std::string store = text_at(config, "store"); !store.empty()) {
    const std::string days = info.stores.front().days;  // its first line says how many
    return store + ", " + days.substr(0, days.find('\n'));
  }
  const Json samples = section_of(config, "samples");
  return "made campaigns, seed " + text_at(section_of(config, "campaigns"), "seed") + ": " + text_at(samples, "train") +
         " samples to train on, " + text_at(samples, "validation") + " to validate, " + text_at(samples, "test") +
         " to test";
}

// Agents of campaigns, or their network of profiles. Weights are checked by their hash alone: agents could be loaded
// only beside the network of profiles that they were trained with.
Inspection inspect_campaign_checkpoint(const std::string& checkpoint) {
  const policy::CheckpointInfo info = policy::read_checkpoint_info(checkpoint);
  const Json config = Json::parse(config_json(read_file(checkpoint + "/config.yaml")), nullptr,
                                  /*allow_exceptions=*/false);
  if (!config.is_object()) throw Error(checkpoint + "/config.yaml: found no config of a training, expected one");
  Inspection made = {"checkpoint of a training of campaigns", {}, {}};
  const auto add = [&made](const std::string& name, const std::string& text) { made.facts.emplace_back(name, text); };
  const std::string model = text_at(config, "model");
  add("folder", checkpoint);
  add("model", model == "profile" ? "profile, a network of profiles of campaigns"
               : model == "drlb"  ? "drlb, an agent of campaigns"
                                  : model + ", " + text_at(section_of(config, "episodes"), "agents") + " of campaigns");
  add("step", grouped(info.step));
  add("made by", program_text(info));
  add("days", std::to_string(info.ticks) + " slots");
  if (model == "agents") {
    const bool conditions = config.value("conditions", Json(false)) == Json(true);
    const std::string profiles = config.contains("profile_run") ? text_at(config, "profile_run") : "";
    add("reads", !profiles.empty()
                     ? "what it spent, profiles of " + profiles + " (weights XXH3-128 " + info.initial + ")"
                 : conditions ? "what it spent, how tight limits are"
                              : "what it spent");
  }
  add("trained on", campaign_days_text(config, info));
  if (!info.judged_days.empty()) add("judged on", "the validation set of these days");
  add_files(made, checkpoint);
  return made;
}

Inspection inspect_checkpoint(const std::string& path) {
  if (const std::string checkpoint = checkpoint_folder(path); is_of_campaigns(checkpoint)) {
    try {
      return inspect_campaign_checkpoint(checkpoint);
    } catch (const Error& error) {
      const std::string before = one_before(path, checkpoint);
      if (before.empty()) throw;
      throw Error(error.what() + before);
    }
  }
  const LoadedPolicy loaded = load_checkpoint(path, policy::Weights::kEma);
  Inspection made = {"checkpoint", {}, {}};
  const auto add = [&made](const std::string& name, const std::string& text) { made.facts.emplace_back(name, text); };
  const policy::Policy& policy = *loaded.policy;
  add("folder", loaded.checkpoint);
  add("model", loaded.model + ", " + grouped(policy::num_parameters(policy)) + " parameters");
  add("step", grouped(loaded.info.step));
  add("made by", program_text(loaded.info));
  add("days", std::to_string(loaded.info.ticks) + " ticks; history of " + std::to_string(policy.window()));
  add("features", loaded.info.observation.feature_set + ", " + std::to_string(loaded.info.shape.num_features) +
                      "; what was won counts " +
                      (loaded.info.observation.reward == "realised" ? "conversions" : "p-values"));
  add("labels", loaded.info.labels);
  add("wishes", wishes_text(policy.wishes()));
  add("noise", policy.noise_size() == 0 ? "none" : grouped(policy.noise_size()) + " normal numbers a decision");
  for (const policy::SeenStore& store : loaded.info.stores) {
    add("trained on", days_text(store.train_periods) + " of " + (store.days.empty() ? "?" : store.days));
    add("held out", days_text(store.held_out_periods));
  }
  if (!loaded.info.judged_periods.empty()) add("judged on", days_text(loaded.info.judged_periods));
  add_files(made, loaded.checkpoint);
  return made;
}

Inspection inspect_agents(const std::string& path) {
  const auto bundle = serve::load_click_bundle(path);
  const serve::ClickBundleInfo& info = bundle->info;
  Inspection made = {"bundle of agents of campaigns", {}, {}};
  const auto add = [&made](const std::string& name, const std::string& text) { made.facts.emplace_back(name, text); };
  add("folder", bundle->folder);
  add("version", info.version);
  add("made by", info.program);
  add("agents", std::to_string(info.num_agents));
  add("days", std::to_string(info.slots) + " slots, begun with " +
                  (info.starts_with_yesterday ? "yesterday's best bid, where it is known, else with " : "") +
                  number_text("alpha %.4g", info.start_alpha) + number_text(" and beta %.4g", info.start_beta));
  add("reads", info.read == serve::ClickRead::kNothing ? "what it spent"
               : info.read == serve::ClickRead::kConditions
                   ? "what it spent, how tight limits are"
                   : "what it spent, a profile of " + std::to_string(info.read_size) + " numbers");
  add("noise", std::to_string(info.noise_size) + " numbers a slot");
  if (info.num_agents > 1) {
    add("matched",
        grouped(std::ssize(bundle->agent_of)) + " campaigns; others get agent " + std::to_string(info.default_agent));
  }
  return made;
}

// --- Stores ----------------------------------------------------------------------------------------------------------

void add_sources(Inspection& made, const std::string& sources) {
  const Json list = Json::parse(sources, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return;
  for (const Json& source : list) {
    if (source.is_object())
      made.facts.emplace_back("made from", source.value("name", "?") + ", XXH3-128 " + source.value("xxh3_128", "?"));
  }
}

Inspection inspect_trajectories(const std::string& path) {
  const data::TrajectoryStore store(path);
  const data::TrajectoryColumns columns = store.read();
  const std::set<int64_t> periods(columns.period.begin(), columns.period.end());
  Inspection made = {"trajectory store", {}, {}};
  const auto add = [&made](const std::string& name, const std::string& text) { made.facts.emplace_back(name, text); };
  add("file", path);
  add("holds", grouped(store.num_trajectories()) + " trajectories, " + grouped(store.num_rows()) + " ticks");
  add("periods", days_text({periods.begin(), periods.end()}));
  add("days", std::to_string(store.info().ticks) + " ticks, " + std::to_string(store.info().seats) + " advertisers");
  add("features", (store.info().feature_set.empty() ? "its own" : store.info().feature_set) + ", " +
                      std::to_string(store.info().features.size()));
  add("labels", store.info().labels ? "asked, best_rest, rest_constant, best_constant, optimum" : "none");
  add_sources(made, store.info().sources);
  add("content", size_of_file(path));
  return made;
}

Inspection inspect_tape(const std::string& path) {
  const data::TapeStore tape(path);
  for (const int64_t period : tape.periods()) tape.read(std::span(&period, 1));  // checks it
  const data::TapeInfo& info = tape.info();
  Inspection made = {"tape", {}, {}};
  const auto add = [&made](const std::string& name, const std::string& text) { made.facts.emplace_back(name, text); };
  add("file", path);
  add("holds", grouped(tape.num_days()) + " days of a seat");
  add("periods", days_text(tape.periods()));
  add("days", std::to_string(info.ticks) + " ticks, " + std::to_string(info.seats) + " seats");
  add("curves", std::to_string(info.num_knots()) + " knots, " + std::to_string(info.knots_per_octave) + " an octave");
  add("content", size_of_file(path));
  return made;
}

Inspection inspect_campaign_days(const std::string& path) {
  const data::StoredSamples store(path);
  for (int64_t sample = 0; sample < std::ssize(store.all()); ++sample) {
    for (int64_t back = 0; back <= at(store.all(), sample).days_before; ++back) store.day(sample, back);  // checks it
  }
  Inspection made = {"store of campaigns' days", {}, {}};
  const auto add = [&made](const std::string& name, const std::string& text) { made.facts.emplace_back(name, text); };
  std::string sets;
  for (size_t i = 0; i < campaigns::kSetNames.size(); ++i) {
    const auto [first, end] = store.range(static_cast<campaigns::SetOfSamples>(i));
    sets += (i > 0 ? ", " : "") + std::string(campaigns::kSetNames[i]) + " " + grouped(end - first);
  }
  const auto begins = [](const campaigns::Sample& sample) { return sample.days_before == 0; };
  const int64_t alone = std::count_if(store.all().begin(), store.all().end(), begins);
  add("file", path);
  add("samples", sets + "; without a day before " + grouped(alone));
  add("holds", grouped(store.num_days()) + " days of " + grouped(store.num_impressions()) + " impressions");
  add("days", std::to_string(store.num_slots()) + " slots");
  add("content", size_of_file(path));
  return made;
}

Inspection inspect_market_log(const std::string& path) {
  const data::MarketLog log(path);
  std::vector<int64_t> periods;
  int64_t impressions = 0;
  data::MarketLogTick<double> checked;
  for (const data::MarketLogPeriod& period : log.periods()) {
    periods.push_back(period.period);
    impressions += period.num_pv();
    for (int tick = 0; tick < log.info().ticks; ++tick) log.read_tick(period, tick, checked);
  }
  Inspection made = {"market log", {}, {}};
  const auto add = [&made](const std::string& name, const std::string& text) { made.facts.emplace_back(name, text); };
  add("file", path);
  add("holds", grouped(impressions) + " impressions, " + std::to_string(log.info().seats) + " seats");
  add("periods", days_text(periods));
  add("days", std::to_string(log.info().ticks) + " ticks");
  add("p-values", log.info().precision);
  add_sources(made, log.info().sources);
  add("content", size_of_file(path));
  return made;
}

}  // namespace

Inspection inspect(const std::string& path, bool operators) {
  if (!fs::exists(path)) throw Error(path + ": no such file or folder");
  const bool is_bundle = serve::is_bundle(path);
  if (operators && !is_bundle) throw ConfigError("--operators: found " + path + ", expected a bundle");
  if (is_bundle && serve::is_click_bundle(path)) {
    if (operators) throw ConfigError("--operators: found " + path + ", a bundle of agents, expected one of a policy");
    return inspect_agents(path);
  }
  if (is_bundle) return inspect_bundle(path, operators);
  if (fs::exists(path + "/state.json") || fs::is_directory(path + "/checkpoints")) return inspect_checkpoint(path);
  std::string found = "something else";
  if (fs::is_regular_file(path)) {
    const std::string format = data::format_of_hdf5(path);
    if (data::is_trajectory_store(path)) return inspect_trajectories(path);
    if (data::is_tape(path)) return inspect_tape(path);
    if (data::is_market_log(path)) return inspect_market_log(path);
    if (data::is_campaign_store(path)) return inspect_campaign_days(path);
    if (!format.empty()) found = "an HDF5 file of the format '" + shown(format) + "'";
    if (format.empty() && data::begins_with(path, "\x89HDF")) found = "an HDF5 file without the attribute 'format'";
  }
  throw Error(path + ": found " + found +
              ", expected a bundle, a checkpoint, the folder of a training, a trajectory store, a tape, a market log "
              "or a store of campaigns' days");
}

std::string Inspection::text() const {
  std::string text = what + "\n";
  for (const auto& [name, value] : facts) {
    std::string head = "  " + name;
    head.resize(std::max(head.size() + 1, kNameWidth + 2), ' ');
    text += wrapped(head, value, terminal::width(STDOUT_FILENO));
  }
  for (const std::string& line : operators) text += "  " + line + "\n";
  return text;
}

std::string Inspection::json() const {
  Json json = {{"what", what}};
  for (const auto& [name, value] : facts) {
    if (!json.contains(name)) {
      json[name] = value;
    } else {
      if (!json[name].is_array()) json[name] = Json::array({json[name]});
      json[name].push_back(value);
    }
  }
  if (!operators.empty()) json["operators"] = operators;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace genbid::runs
