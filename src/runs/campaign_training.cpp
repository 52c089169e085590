#include "runs/campaign_training.h"

#include <ATen/Parallel.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/run_dir.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/text_table.h"
#include "campaigns/episode.h"
#include "perbid/drlb_training.h"
#include "perbid/matching.h"
#include "runs/load_policy.h"
#include "runs/program.h"
#include "runs/resume.h"
#include "train/checkpoint.h"
#include "train/memory_check.h"
#include "train/rank_place.h"
#include "train/trainer.h"

namespace genbid::runs {
namespace {

using campaigns::SetOfSamples;

int64_t num_campaigns(const campaigns::Samples& samples, SetOfSamples set) {
  const auto [begin, end] = samples.range(set);
  std::set<int64_t> campaigns;
  for (int64_t i = begin; i < end; ++i) campaigns.insert(at(samples.all(), i).campaign);
  return std::ssize(campaigns);
}

// Days are trained on that have one before them, and those that begin a campaign. Error where campaigns do not all
// begin and none has as many days as are asked for.
void check_days_each(const campaigns::Samples& samples, SetOfSamples set, int64_t each) {
  const auto [begin, end] = samples.range(set);
  int64_t most = 0;
  int64_t fewer = 0;
  for (int64_t i = begin; i < end; ++i) {
    const int64_t known = at(samples.all(), i).days_before;
    most = std::max(most, known);
    if (known > 0 && known < each) ++fewer;
  }
  if (most > 0 && most < each) {
    throw Error("days_each: found " + std::to_string(each) + ", expected at most the " + std::to_string(most) +
                " of a campaign that have a day before them (a store keeps days_before of them)");
  }
  if (fewer == 0) return;
  log_info("days_each: " + std::to_string(fewer) + " of " + std::to_string(end - begin) + " samples have fewer than " +
           std::to_string(each) + " days");
}

perbid::PreparedDays prepare(const campaigns::Samples& samples, SetOfSamples set, int64_t each, Threads& threads) {
  check_days_each(samples, set, each);
  const auto [begin, end] = samples.range(set);
  std::vector<perbid::DayPlace> places = perbid::places_of(samples, begin, end, each);
  Progress progress("Making days", std::ssize(places), "days");
  auto days = perbid::prepare_days(samples, std::move(places), threads, [&](int64_t done) { progress.update(done); });
  progress.finish();
  return days;
}

// Mean Res on the validation set, each campaign with the agent that suits it.
class CampaignJudge : public train::Judge {
 public:
  CampaignJudge(perbid::CampaignAgents& agents, const perbid::Field& field, const perbid::MatchingDays& matching,
                Threads& threads)
      : agents_(agents), field_(field), matching_(matching), threads_(threads) {}

  std::optional<double> expected_score() override {
    const auto res_NM = perbid::res_unless_stopped_NM(agents_, field_, threads_);
    if (!res_NM) return std::nullopt;
    if (agents_.num_agents() == 1) return res_NM->mean().item<double>();
    const auto res_DM =
        perbid::res_unless_stopped_NM(agents_, {field_.samples, matching_.days, matching_.profiles_NTH}, threads_);
    if (!res_DM) return std::nullopt;
    const perbid::Matching matching = perbid::match_agents(matching_, *res_DM);
    return res_NM->gather(1, matching.agent_N.unsqueeze(1)).mean().item<double>();
  }
  int64_t num_cells() const override { return field_.days.count(); }

 private:
  perbid::CampaignAgents& agents_;
  perbid::Field field_;
  const perbid::MatchingDays& matching_;
  Threads& threads_;
};

// As the verb reads it (app/cmd_train.cpp), and as checkpoints keep it.
struct WholeConfig {
  std::string protocol = "campaigns";
  CampaignTrainConfig config;

  void fields(ConfigVisitor& v) {
    v.field("protocol", protocol, {"campaigns"});
    config.fields(v);
  }
};

CampaignTrainConfig read_train_config(const std::string& file) {
  WholeConfig whole;
  require_regular_file(file);
  ConfigFile::load(file).read(whole);
  return whole.config;
}

std::string yaml_of(const CampaignTrainConfig& config) {
  WholeConfig whole;
  whole.config = config;
  return print_config(whole, "train");
}

// What may differ where a run goes on, and places, whose content is compared.
void clear_free(CampaignTrainConfig& config) {
  config.run.clear();
  clear_free_settings(config.train, config.select);
  config.threads = 0;
  if (!config.profile_run.empty()) config.profile_run = "run";
  if (!config.days.store.empty()) config.days.store = "store";
}

std::string kept_settings(CampaignTrainConfig config) {
  clear_free(config);
  return print_config(config, "train");
}

// What to go on from. `now`: what a checkpoint of this command would say.
Resume find_checkpoint(const RunDir& run, const CampaignTrainConfig& config, const policy::CheckpointInfo& now) {
  CampaignTrainConfig before;
  const auto latest = latest_checkpoint(run, [&before](const std::string& file) { before = read_train_config(file); });
  if (!latest) return {};
  check_kept_settings(*latest, kept_settings(before), kept_settings(config), "campaigns, model and train");
  const policy::CheckpointInfo& seen = latest->info;
  if (seen.stores.front().data != now.stores.front().data) {
    throw Error("store: found other days than those that " + run.path() + " was trained on; expected the same" +
                kBeginAnew);
  }
  if (seen.initial != now.initial) {
    throw Error("profile_run: found other weights than those that " + run.path() +
                " was trained with; expected the same" + kBeginAnew);
  }
  check_steps(*latest, config.train);
  return {latest->path, notes_on(seen, now, before.train, config.train)};
}

// What a training of either model shares: folder, checkpoint to go on from, trainer.
class Training {
 public:
  Training(const CampaignTrainConfig& config, const campaigns::Samples& samples, const std::string& initial)
      : config_(config), yaml_(yaml_of(config)), run_(RunDir::open_or_create(config.run, yaml_)) {
    take_run(run_);
    info_.ticks = samples.num_slots();
    info_.labels = "episodes";
    info_.initial = initial;
    info_.program = program_name();
    info_.threads = at::get_num_threads();
    policy::SeenStore store;
    store.days = days_text(config.days, samples);
    store.data = content_hash(store.days);
    info_.stores = {store};
    remove_leftovers(run_.file("checkpoints"));
    log_to_file(run_.file("log.txt"));
    resume_ = find_checkpoint(run_, config, info_);
    write_file(run_.file("config.yaml"), yaml_);
  }

  bool goes_on() const { return !resume_.checkpoint.empty(); }

  // `judge` may be null.
  train::TrainSummary run(policy::Policy& policy, train::Objective& objective, train::Judge* judge) {
    if (judge != nullptr) info_.judged_days = info_.stores.front().days;
    train::Trainer trainer(config_.train, policy, objective, nullptr, &run_, info_, yaml_);
    if (judge != nullptr) trainer.judge_with(*judge, config_.select);
    if (goes_on()) go_on(trainer, resume_, run_);
    return trainer.run();
  }

 private:
  const CampaignTrainConfig& config_;
  std::string yaml_;
  RunDir run_;
  policy::CheckpointInfo info_;
  Resume resume_;
};

// What the averaged weights tell rightly on the validation set, where there is one: in the log, and in accuracy.json.
void tell_accuracy(const CampaignTrainConfig& config, const std::string& checkpoint, const campaigns::Samples& samples,
                   Threads& threads) {
  const auto [begin, end] = samples.range(SetOfSamples::kValidation);
  if (begin == end) return;
  perbid::ProfileNetwork network(config.profile);
  policy::load_policy(checkpoint, network, policy::Weights::kEma);
  const perbid::PreparedDays days = prepare(samples, SetOfSamples::kValidation, 1, threads);
  const perbid::KeptBids kept =
      perbid::try_kept_bids(samples, days, config.lesson.kept_bids, config.train.seed + 1, threads);
  const perbid::ProfileAccuracy right = perbid::profile_accuracy(network, days, kept);
  if (!std::isfinite(right.before)) return;  // a stop was asked for
  const auto share = [](double value) { return number_text("%.1f %%", 100.0 * value); };
  log_info("validation: of " + std::to_string(config.profile.num_classes()) + " classes told rightly " +
           share(right.before) + " before the day, " + share(right.end) + " at its end; the most frequent class is " +
           share(right.most_frequent));
  const nlohmann::ordered_json json = {{"classes", config.profile.num_classes()},
                                       {"samples", days.count()},
                                       {"before", right.before},
                                       {"end", right.end},
                                       {"most_frequent", right.most_frequent}};
  write_file(config.run + "/accuracy.json", json.dump(1) + "\n");
}

train::TrainSummary train_profiles(const CampaignTrainConfig& config, const campaigns::Samples& samples,
                                   Threads& threads) {
  Training training(config, samples, "");
  const perbid::PreparedDays days = prepare(samples, SetOfSamples::kTrain, config.days_each, threads);
  const perbid::KeptBids kept =
      perbid::try_kept_bids(samples, days, config.lesson.kept_bids, config.train.seed, threads);
  perbid::ProfileNetwork network = [&] {
    const train::ModelMemory memory(train::kTrainingCopies);
    return perbid::ProfileNetwork(config.profile);
  }();
  if (!training.goes_on()) network.fit_days(days);
  perbid::ProfileLessons lessons(network, days, kept, config.lesson, config.train.batch_size, config.train.seed);
  train::TrainSummary summary = training.run(network, lessons, nullptr);
  if (!summary.stopped) tell_accuracy(config, summary.checkpoint, samples, threads);
  return summary;
}

// The folder's model, with what else its checkpoint says, but without weights yet.
template <typename Model>
LoadedCampaignModel<Model> open_model(const std::string& path, bool profiles, int64_t slots) {
  LoadedCampaignModel<Model> loaded;
  loaded.checkpoint = checkpoint_folder(path);
  loaded.info = policy::read_checkpoint_info(loaded.checkpoint);
  loaded.config = read_train_config(loaded.checkpoint + "/config.yaml");
  if (loaded.config.trains_profiles() != profiles) {
    throw Error(loaded.checkpoint + ": found a training of model: " + loaded.config.model + ", expected " +
                (profiles ? "profile" : "agents or drlb"));
  }
  if (loaded.info.ticks != slots) {
    throw Error(loaded.checkpoint + ": found a model of days of " + std::to_string(loaded.info.ticks) +
                " slots, expected " + std::to_string(slots));
  }
  loaded.seen = {{loaded.checkpoint, loaded.info.stores.front().days}};
  return loaded;
}

template <typename Model>
void load_weights(LoadedCampaignModel<Model>& loaded, std::shared_ptr<Model> model,
                  policy::Weights weights = policy::Weights::kEma) {
  loaded.model = std::move(model);
  policy::load_policy(loaded.checkpoint, *loaded.model, weights);
  loaded.model->eval();
}

std::string hash_of_weights(const std::string& checkpoint) {
  return file_content_hash(checkpoint + "/model.safetensors");
}

int64_t width_of(const CampaignTrainConfig& config, const perbid::ProfileNetwork* network) {
  if (network != nullptr) return network->config().width;
  return config.conditions ? 2 : 0;
}

// With fresh weights.
std::shared_ptr<perbid::CampaignAgents> make_agents(const CampaignTrainConfig& config,
                                                    const perbid::ProfileNetwork* network) {
  if (config.model == "drlb") return std::make_shared<perbid::Drlb>(config.drlb);
  return std::make_shared<perbid::ClusterAgents>(config.agents, config.episodes.agents, width_of(config, network));
}

std::unique_ptr<train::Objective> make_episodes(const CampaignTrainConfig& config, const perbid::Field& field,
                                                perbid::CampaignAgents& agents, Threads& threads) {
  if (auto* const drlb = dynamic_cast<perbid::Drlb*>(&agents)) {
    return std::make_unique<perbid::DrlbEpisodes>(field, *drlb, config.drlb, config.train.batch_size, config.train.seed,
                                                  threads);
  }
  return std::make_unique<perbid::AgentEpisodes>(field, dynamic_cast<perbid::ClusterAgents&>(agents), config.episodes,
                                                 config.train.batch_size, config.train.seed, threads);
}

train::TrainSummary train_agents(const CampaignTrainConfig& config, const campaigns::Samples& samples,
                                 Threads& threads) {
  std::shared_ptr<perbid::ProfileNetwork> network;
  std::string weights;
  if (!config.profile_run.empty()) {
    try {
      const auto loaded = load_profile_network(config.profile_run, samples.num_slots());
      network = loaded.model;
      weights = hash_of_weights(loaded.checkpoint);
    } catch (const Error& error) {
      throw Error(std::string("profile_run: ") + error.what());
    }
  }
  Training training(config, samples, weights);
  const perbid::PreparedDays days = prepare(samples, SetOfSamples::kTrain, config.days_each, threads);
  const perbid::Field field{samples, days, config.read_of(days, network.get())};
  const std::shared_ptr<perbid::CampaignAgents> agents = [&] {
    const train::ModelMemory memory(train::kTrainingCopies);
    return make_agents(config, network.get());
  }();
  if (const int64_t campaigns = num_campaigns(samples, SetOfSamples::kTrain); agents->num_agents() > campaigns) {
    throw Error("episodes.agents: found " + std::to_string(agents->num_agents()) + ", expected at most the " +
                std::to_string(campaigns) + " campaigns that are trained on");
  }
  if (!training.goes_on()) agents->start_at(perbid::middle_alpha(days));
  const std::unique_ptr<train::Objective> episodes = make_episodes(config, field, *agents, threads);
  if (config.select.every == 0) return training.run(*agents, *episodes, nullptr);

  const perbid::PreparedDays judged = prepare(samples, SetOfSamples::kValidation, 1, threads);
  const auto read = [&](const perbid::PreparedDays& of) { return config.read_of(of, network.get()); };
  if (agents->num_agents() > 1) perbid::check_days_back(samples, judged.places, 1, 1, "select");
  const perbid::MatchingDays matching = agents->num_agents() > 1
                                            ? perbid::days_to_match(samples, judged.places, 1, 1, read, threads)
                                            : perbid::MatchingDays();
  CampaignJudge judge(*agents, {samples, judged, config.read_of(judged, network.get())}, matching, threads);
  return training.run(*agents, *episodes, &judge);
}

}  // namespace

at::Tensor CampaignTrainConfig::read_of(const perbid::PreparedDays& of, perbid::ProfileNetwork* network) const {
  if (network != nullptr) return perbid::all_profiles_NTH(*network, of);
  return conditions ? perbid::conditions_NT2(of) : at::Tensor();
}

void CampaignTrainConfig::fields(ConfigVisitor& v) {
  v.required_path("run", run);
  days.fields(v);
  v.field("model", model, {"agents", "drlb", "profile"});
  v.field("days_each", days_each, {1, 1000});
  if (trains_profiles()) {
    v.section("profile", profile);
    v.section("lesson", lesson);
  } else if (model == "drlb") {
    v.section("drlb", drlb);
    v.section("select", select);
  } else {
    v.path("profile_run", profile_run, true);
    v.field("conditions", conditions);
    v.check(!conditions || profile_run.empty(), "conditions", "false beside a profile_run");
    v.section("agents", agents);
    v.section("episodes", episodes);
    v.section("select", select);
    v.check(episodes.relabel == 0.0 || conditions, "episodes", "a relabel of 0, or conditions: true");
  }
  v.section("train", train);
  v.field("threads", threads, {0, 1024});
  v.check(train.objective == "logged" && train.initial.empty() && train.device == "cpu" && train.accumulate == 1,
          "train", "device: cpu, and neither objective, initial nor accumulate, which are of other trainings");
}

LoadedCampaignModel<perbid::ProfileNetwork> load_profile_network(const std::string& path, int64_t slots) {
  auto loaded = open_model<perbid::ProfileNetwork>(path, true, slots);
  load_weights(loaded, std::make_shared<perbid::ProfileNetwork>(loaded.config.profile));
  return loaded;
}

LoadedCampaignModel<perbid::CampaignAgents> load_agents(const std::string& path, int64_t slots,
                                                        policy::Weights weights) {
  auto loaded = open_model<perbid::CampaignAgents>(path, false, slots);
  if (!loaded.config.profile_run.empty()) {
    const auto profiles = load_profile_network(loaded.config.profile_run, slots);
    if (hash_of_weights(profiles.checkpoint) != loaded.info.initial) {
      throw Error(profiles.checkpoint + ": found another network of profiles than " + loaded.checkpoint +
                  " was trained with, expected the same");
    }
    loaded.network = profiles.model;
    loaded.seen.push_back(profiles.seen.front());
  }
  load_weights(loaded, make_agents(loaded.config, loaded.network.get()), weights);
  return loaded;
}

std::string recipe_of(CampaignTrainConfig config) {
  const int64_t steps = config.train.steps;
  clear_free(config);
  config.train.steps = steps;
  config.train.seed = 0;
  return print_config(config, "train");
}

TrainingSummary train_campaigns(const CampaignTrainConfig& config) {
  const auto start = std::chrono::steady_clock::now();
  const auto place = train::place_from_environment();
  if (place || config.train.ranks != 1) {
    throw Error("train.ranks: found " + (place ? place->from : std::to_string(config.train.ranks)) +
                ", expected one process: agents of campaigns are trained by one (threads play their days)");
  }
  train::check_tensor_memory();
  at::set_num_threads(std::max(1, to_int(config.train.threads)));
  torch::manual_seed(static_cast<uint64_t>(config.train.seed));
  Threads threads(to_int(config.threads));
  const auto samples = make_samples(config.days, threads);
  check_set(*samples, SetOfSamples::kTrain);
  if (config.select.every > 0) check_set(*samples, SetOfSamples::kValidation);
  TrainingSummary summary;
  summary.training =
      config.trains_profiles() ? train_profiles(config, *samples, threads) : train_agents(config, *samples, threads);
  summary.run = config.run;
  summary.model = config.model;
  summary.steps = config.train.steps;
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return summary;
}

}  // namespace genbid::runs
