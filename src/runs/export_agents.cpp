#include "runs/export_agents.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/config/config_json.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/paths.h"
#include "base/progress.h"
#include "export/bundle_folder.h"
#include "export/click_bundle_writer.h"
#include "perbid/matching.h"
#include "perbid/served.h"
#include "runs/campaign_training.h"
#include "runs/load_policy.h"
#include "runs/program.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;
using Agents = LoadedCampaignModel<perbid::CampaignAgents>;

exporting::SampledFunction sampled(const std::shared_ptr<perbid::Served>& served) {
  const auto draw = [served](int64_t rows, int64_t seed) {
    std::vector<exporting::TraceTensor> inputs;
    for (perbid::ServedTensor& one : served->inputs(rows, seed)) inputs.push_back({one.name, one.sample});
    return inputs;
  };
  exporting::SampledFunction made;
  made.function.inputs = draw(exporting::kTracedRows, 1);
  made.function.outputs = served->outputs();
  made.function.named = served->named();
  made.function.run = [served](const std::vector<at::Tensor>& inputs) { return served->run(inputs); };
  made.draw = draw;
  return made;
}

// The newest sample of each campaign of the sets that are asked for.
std::vector<perbid::DayPlace> newest_days(const campaigns::Samples& samples, const MatchingConfig& config) {
  std::pair<int64_t, int64_t> range{0, std::ssize(samples.all())};
  if (const auto set = campaigns::set_named(config.set)) {
    check_set(samples, *set);
    range = samples.range(*set);
  }
  std::map<int64_t, int64_t> newest;  // by campaign
  for (int64_t i = range.first; i < range.second; ++i) {
    const campaigns::Sample& sample = at(samples.all(), i);
    const auto [found, is_new] = newest.emplace(sample.campaign, i);
    if (!is_new && at(samples.all(), found->second).day < sample.day) found->second = i;
  }
  std::vector<perbid::DayPlace> places;
  for (const auto& [campaign, sample] : newest) places.push_back({sample, 0});
  return places;
}

struct Matched {
  std::vector<serve::MatchedCampaign> campaigns;
  int64_t default_agent = 0;
};

Matched match(const Agents& agents, const campaigns::Samples& samples, const MatchingConfig& config, Threads& threads) {
  const auto read = [&](const perbid::PreparedDays& of) { return agents.config.read_of(of, agents.network.get()); };
  const std::vector<perbid::DayPlace> places = newest_days(samples, config);
  const int64_t first = config.of == "next" ? 0 : 1;
  perbid::check_days_back(samples, places, first, config.days_back, "matching.days_back");
  Progress progress("Matching", std::ssize(places), "campaigns");
  const perbid::Matching matching =
      perbid::match_in_pieces(*agents.model, samples, places, first, config.days_back, read, threads,
                              [&](int64_t done) { progress.update(done); });
  progress.finish();
  Matched matched;
  matched.default_agent = matching.default_agent;
  for (int64_t i = 0; i < std::ssize(places); ++i) {
    if (!matching.known_N[i].item<bool>()) continue;
    serve::MatchedCampaign one;
    one.campaign = at(samples.all(), at(places, i).sample).campaign;
    one.agent = to_int(matching.agent_N[i].item<int64_t>());
    for (int64_t k = 0; k < agents.model->num_agents(); ++k) one.res.push_back(matching.res_NM[i][k].item<double>());
    matched.campaigns.push_back(std::move(one));
  }
  return matched;
}

const perbid::ClusterAgents& clusters_of(const Agents& loaded) {
  const auto* const agents = dynamic_cast<const perbid::ClusterAgents*>(loaded.model.get());
  if (agents != nullptr) return *agents;
  throw Error(loaded.checkpoint + ": found a training of model: " + loaded.config.model +
              ", expected agents: others cannot be exported");
}

serve::ClickBundleInfo info_of(const Agents& loaded, const perbid::ClusterAgents& agents, const std::string& weights) {
  serve::ClickBundleInfo info;
  info.program = program_name();
  info.slots = loaded.info.ticks;
  info.num_agents = agents.num_agents();
  info.read = loaded.network != nullptr  ? serve::ClickRead::kProfile
              : loaded.config.conditions ? serve::ClickRead::kConditions
                                         : serve::ClickRead::kNothing;
  info.read_size = agents.profile_width();
  info.starts_with_yesterday = loaded.config.agents.start == "yesterday";
  // The smallest one is rounded to a number below it.
  info.start_alpha = std::clamp(agents.middle_alpha(), campaigns::kLeastAlpha, campaigns::kMostAlpha);
  info.noise_size = agents.draws_a_move();
  info.training = Json{{"checkpoint", std::filesystem::path(loaded.checkpoint).filename().string()},
                       {"step", loaded.info.step},
                       {"weights", weights},
                       {"weights_xxh3_128", file_content_hash(loaded.checkpoint + "/model.safetensors")},
                       {"profile_weights_xxh3_128", loaded.info.initial},
                       {"days", loaded.seen.front().days},
                       {"profile_days", loaded.network ? loaded.seen.back().days : ""},
                       {"program", loaded.info.program}}
                      .dump();
  info.config = config_json(read_file(loaded.checkpoint + "/config.yaml"));
  return info;
}

}  // namespace

bool is_campaign_training(const std::string& path) {
  const std::string checkpoint = checkpoint_folder(path);
  const std::string file = checkpoint + "/config.yaml";
  if (!is_there(file)) return false;
  const Json config = Json::parse(config_json(read_file(file)), nullptr, /*allow_exceptions=*/false);
  return config.is_object() && config.value("protocol", Json()) == "campaigns";
}

ExportSummary export_agents(const ExportConfig& config) {
  if (config.layout != "bundle") {
    throw ConfigError("layout: found " + config.layout + ", expected bundle for agents of campaigns");
  }
  if (!config.version.empty()) exporting::check_version(config.version);
  at::set_num_threads(1);
  Threads threads(to_int(config.matching.threads));
  const std::string checkpoint = checkpoint_folder(config.checkpoint);
  const int64_t slots = policy::read_checkpoint_info(checkpoint).ticks;
  const Agents loaded =
      load_agents(checkpoint, slots, config.weights == "raw" ? policy::Weights::kRaw : policy::Weights::kEma);
  const perbid::ClusterAgents& agents = clusters_of(loaded);

  exporting::ClickBundleSource source;
  source.info = info_of(loaded, agents, config.weights);
  for (int64_t k = 0; k < agents.num_agents(); ++k) source.agents.push_back(sampled(perbid::served_agent(agents, k)));
  if (loaded.network) source.profile.push_back(sampled(perbid::served_profile(loaded.network)));
  if (agents.num_agents() == 1 && !config.matching.is_default()) {
    throw ConfigError("matching: found settings for " + loaded.checkpoint +
                      ", expected none: all campaigns have its one agent");
  }
  Json matching = {{"campaigns", 0}};
  if (agents.num_agents() > 1) {
    CampaignDaysConfig days = loaded.config.days;
    if (!config.matching.store.empty()) days.store = config.matching.store;
    const auto samples = make_samples(days, threads);
    if (samples->num_slots() != slots) {
      throw Error("matching.store: found days of " + std::to_string(samples->num_slots()) + " slots, expected " +
                  std::to_string(slots));
    }
    const Matched matched = match(loaded, *samples, config.matching, threads);
    source.matched = matched.campaigns;
    source.info.default_agent = matched.default_agent;
    matching = {{"campaigns", std::ssize(source.matched)},
                {"of", config.matching.of},
                {"set", config.matching.set},
                {"days_back", config.matching.days_back},
                {"days", days_text(days, *samples)}};
  }
  source.info.matching = matching.dump();
  ExportSummary summary;
  summary.model = agents.num_agents() == 1 ? "an agent" : std::to_string(agents.num_agents()) + " agents";
  summary.checkpoint = loaded.checkpoint;
  summary.of_agents = true;
  summary.matched = std::ssize(source.matched);
  summary.bundle = exporting::write_click_bundle(source, {config.output, config.version});
  return summary;
}

}  // namespace genbid::runs
