#include "runs/evaluate_candidates.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/config/config_json.h"
#include "base/config/config_paths.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/shown.h"
#include "bidders/bidder_table.h"
#include "bidders/planner.h"
#include "bidding/constrained_bidder.h"
#include "data/log_ticks.h"
#include "data/replaceable.h"
#include "data/tape_store.h"
#include "eval/bundle_bidder.h"
#include "eval/policy_bidder.h"
#include "play/official_assets.h"
#include "runs/day_source.h"
#include "runs/load_policy.h"
#include "serve/bundle.h"
#include "train/best_checkpoint.h"
#include "train/device.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

// Hands a wish of the config to the bidder. Returns what it adds to the candidate's name.
std::string ask(Outcome outcome, double value, const Wishes& reads, const std::string& model,
                const CandidateConfig& candidate) {
  const std::string what = wish_option(outcome);
  if (!reads.contains(outcome)) {
    std::vector<std::string> options;
    for (const auto& [other, own] : reads) options.push_back(wish_option(other));
    throw Error(candidate.policy + ": " + what + ": found " + shortest(value) + ", but " + model +
                " does not read it; expected " + (options.empty() ? "none" : listed(options)));
  }
  return candidate.name.empty() ? " " + what + " " + shortest(value) : "";
}

// The options of a rule bidder, its tables by what they hold.
Json rule_options(bidders::BidderConfig rule) {
  for_each_path(rule, [](const std::string& /*key*/, std::string& path) {
    if (!path.empty() && !play::is_shipped_asset(path)) path = "content " + file_content_hash(path);
  });
  return Json::parse(config_json(print_config(rule, "")));
}

class Maker {
 public:
  Maker(const EvaluateConfig& config, const std::vector<int64_t>& periods, Threads& threads)
      : config_(config),
        periods_(periods),
        threads_(threads),
        num_ticks_(config.in_market() ? config.market.shape().ticks : data::replay_log_ticks(config.replay.log)) {}

  void add(const CandidateConfig& one) {
    ++number_;
    if (one.knows_the_day()) {
      add_hindsight(one);
    } else if (one.is_rule()) {
      add_rule(one);
    } else if (serve::is_bundle(one.policy)) {
      add_bundle(one);
    } else {
      add_policy(one);
    }
  }
  Candidates take() { return std::move(made_); }

 private:
  void add_hindsight(const CandidateConfig& one) {
    if (!config_.in_market()) {
      throw ConfigError("policy: found " + one.policy + " with protocol replay, expected it in a market");
    }
    eval::Candidate candidate;
    candidate.kind = "hindsight";
    candidate.name = one.name.empty() ? one.policy : one.name;
    Json record = {{"hindsight", one.policy}};
    if (one.policy == "hindsight") {
      made_.bidders.push_back(nullptr);
      if (one.name.empty()) candidate.name = "hindsight " + one.choice;
      candidate.choice = eval::parse_hindsight_choice(one.choice);
      record["choice"] = one.choice;
    } else {
      candidate.reads_plans = one.policy == "teacher";
      made_.bidders.push_back(candidate.reads_plans ? play::make_teacher(*made_.book)
                                                    : play::make_hindsight_alpha(*made_.book));
    }
    list(std::move(candidate), record);
  }

  void add_rule(const CandidateConfig& one) {
    eval::Candidate candidate;
    candidate.kind = "rule";
    candidate.name = one.name.empty() ? bidders::bidder_label(one.rule) : one.name;
    Json record = rule_record(one, candidate.name);
    // How many evaluations made its defaults is not on record.
    if (record.contains("tuned_on")) {
      candidate.selection = Json{{"market_evaluations", nullptr}, {"periods", record["tuned_on"]}}.dump();
    }
    made_.bidders.push_back(rule_bidder(one));
    restrain(constraint_of(one, candidate, record), config_.policy_seeds.values.front());
    list(std::move(candidate), record);
  }

  std::unique_ptr<Bidder> rule_bidder(const CandidateConfig& one) {
    return bidders::make_bidder(one.rule, {config_.bidder_rules(), assets_, num_ticks_, config_.categories()});
  }

  Json rule_record(const CandidateConfig& one, const std::string& name) const {
    Json record = rule_options(one.rule);
    std::vector<int64_t> tuned_on = bidders::tuned_on(one.rule);
    std::string source = "auctionnet";
    if (const auto* planner = one.rule.get_if<bidders::PlannerOptions>(); planner != nullptr && tuned_on.empty()) {
      tuned_on = assets_.planner_knowledge(planner->knowledge)->periods;
      const bool tape = data::is_tape(planner->knowledge);
      source = tape ? day_source_of_store(data::TapeStore(planner->knowledge).info().config) : "";
    }
    refuse_seen(name, "tuned", source, tuned_on);
    if (!tuned_on.empty()) record["tuned_on"] = tuned_on;
    return record;
  }

  void add_policy(const CandidateConfig& one) {
    const LoadedPolicy loaded = load(one);
    eval::Candidate candidate;
    candidate.kind = "policy";
    candidate.name = policy_name(loaded, one);
    candidate.asked = asked_of(loaded, one);
    candidate.selection = selection_of(loaded.checkpoint);
    Json record = policy_record(loaded, one.weights, candidate.asked);
    const Constraint constraint = constraint_of(one, candidate, record);
    for (const int64_t seed : policy_seeds(one, loaded.policy->noise_size())) {
      candidate.policy_seed = seed;
      made_.bidders.push_back(policy_bidder(loaded, one.wishes(), seed));
      restrain(constraint, seed);
      list(candidate, record);
    }
  }

  // An exported policy bids through the serving library, on the CPU.
  void add_bundle(const CandidateConfig& one) {
    const std::string folder = serve::bundle_folder(one.policy);
    const std::string json = serve::read_regular(folder + "/" + serve::kBundleFile);
    const serve::BundleInfo info = serve::read_bundle_info(json, folder + "/" + serve::kBundleFile);
    if (one.weights != CandidateConfig().weights) {
      throw ConfigError("weights: found " + one.weights + " for " + one.policy +
                        ", expected none: a bundle has the weights that it was exported with");
    }
    if (!one.model.set.empty()) {
      throw ConfigError("model.set: found " + one.model.set.front() + " for " + one.policy +
                        ", expected none: a bundle bids as it was exported");
    }
    if (config_.device != "cpu") {
      throw ConfigError("device: found " + config_.device + " for " + one.policy + ", expected cpu for a bundle");
    }
    require_ticks(folder, info.ticks);
    const Json training = Json::parse(info.training);
    try {
      for (const Json& store : training.value("stores", Json::array())) {
        refuse_seen(folder, "trained", store.at("days"), store.at("trained_on"));
        refuse_seen(folder, "tuned", store.at("days"), store.at("tuned_on"));
      }
      refuse_seen(folder, "tuned", training.value("judged_days", ""),
                  training.value("judged_periods", std::vector<int64_t>()));
    } catch (const Json::exception& error) {
      throw Error(folder + "/" + serve::kBundleFile + ": training: found what export does not write (" +
                  shown(error.what()) + "), expected the days that the policy has seen");
    }
    Wishes usual;
    for (const serve::BundleWish& wish : info.wishes) usual[parse_outcome(wish.name)] = wish.usual;
    eval::Candidate candidate;
    candidate.kind = "policy";
    candidate.name = name_with_wishes(info.model, usual, one);
    candidate.asked = with_asked(usual, one);
    Json record = {{"bundle", info.model}, {"version", info.version}, {"bundle_xxh3_128", content_hash(json)}};
    record["training"] = training;
    for (const auto& [outcome, value] : candidate.asked) record[wish_option(outcome)] = value;
    const Constraint constraint = constraint_of(one, candidate, record);
    for (const int64_t seed : policy_seeds(one, info.noise_size)) {
      candidate.policy_seed = seed;
      made_.bidders.push_back(
          std::make_unique<eval::BundleBidder>(eval::BundleBidderOptions{folder, one.wishes(), seed}, threads_));
      restrain(constraint, seed);
      list(candidate, record);
    }
  }

  // The candidate's name, with what the config asks for unless it was given a name of its own.
  static std::string name_with_wishes(const std::string& model, const Wishes& usual, const CandidateConfig& one) {
    std::string name = one.name.empty() ? model : one.name;
    for (const std::string& setting : one.model.set) name += one.name.empty() ? " " + setting : "";
    for (const auto& [outcome, value] : one.wishes()) name += ask(outcome, value, usual, model, one);
    return name;
  }
  static Wishes with_asked(Wishes usual, const CandidateConfig& one) {
    for (const auto& [outcome, value] : one.wishes()) usual[outcome] = value;
    return usual;
  }
  static std::string policy_name(const LoadedPolicy& loaded, const CandidateConfig& one) {
    return name_with_wishes(loaded.model, loaded.policy->wishes(), one);
  }
  static Wishes asked_of(const LoadedPolicy& loaded, const CandidateConfig& one) {
    return with_asked(loaded.policy->wishes(), one);
  }

  void require_ticks(const std::string& who, int64_t ticks) const {
    if (num_ticks_ == ticks) return;
    throw Error(who + (config_.in_market() ? ": market.traffic.ticks: found " : ": replay.log: found ticks a day: ") +
                std::to_string(num_ticks_) + ", expected " + std::to_string(ticks) +
                ", the days that this policy was trained on");
  }

  LoadedPolicy load(const CandidateConfig& one) const {
    if (!std::filesystem::exists(one.policy)) {
      throw Error("policy: found '" + one.policy +
                  "', expected a run folder, a checkpoint, a bundle, or a rule bidder (" +
                  listed(bidders::bidder_names()) + ")");
    }
    LoadedPolicy loaded = load_checkpoint(
        one.policy, one.weights == "raw" ? policy::Weights::kRaw : policy::Weights::kEma, one.model.set);
    require_ticks(loaded.checkpoint, loaded.info.ticks);
    for (const policy::SeenStore& store : loaded.info.stores) {
      refuse_seen(loaded.checkpoint, "trained", store.days, store.train_periods);
      refuse_seen(loaded.checkpoint, "tuned", store.days, store.held_out_periods);
    }
    refuse_seen(loaded.checkpoint, "tuned", loaded.info.judged_days, loaded.info.judged_periods);
    loaded.policy->to(train::open_device(config_.device));
    return loaded;
  }

  std::unique_ptr<Bidder> policy_bidder(const LoadedPolicy& loaded, const Wishes& wishes, int64_t seed) const {
    auto options = bidder_options(loaded.info, loaded.checkpoint, seed, train::open_device(config_.device));
    options.wishes = wishes;
    return std::make_unique<eval::PolicyBidder>(loaded.policy, options, threads_);
  }

  // What stands over a candidate's bids: nothing, a rule, or a policy.
  struct Constraint {
    const CandidateConfig* config = nullptr;
    std::optional<LoadedPolicy> loaded;
  };

  // Enters it into the candidate's name and record.
  Constraint constraint_of(const CandidateConfig& one, eval::Candidate& candidate, Json& record) const {
    Constraint constraint;
    if (one.act.constraint.empty()) return constraint;
    const CandidateConfig& config = one.act.constraint.front();
    constraint.config = &config;
    std::string name;
    if (config.is_rule()) {
      name = config.name.empty() ? bidders::bidder_label(config.rule) : config.name;
      record["constraint"] = rule_record(config, name);
    } else {
      const LoadedPolicy& loaded = constraint.loaded.emplace(load(config));
      name = policy_name(loaded, config);
      record["constraint"] = policy_record(loaded, config.weights, asked_of(loaded, config));
    }
    if (one.name.empty()) candidate.name += " within " + name;
    return constraint;
  }

  // Puts it over the last bidder.
  void restrain(const Constraint& constraint, int64_t seed) {
    if (constraint.config == nullptr) return;
    std::unique_ptr<Bidder> bidder = constraint.loaded
                                         ? policy_bidder(*constraint.loaded, constraint.config->wishes(), seed)
                                         : rule_bidder(*constraint.config);
    made_.bidders.back() = std::make_unique<ConstrainedBidder>(std::move(made_.bidders.back()), std::move(bidder));
  }

  // A score on days that somebody has learned from or was tuned on says nothing about other days.
  void refuse_seen(const std::string& who, const std::string& how, const std::string& source,
                   const std::vector<int64_t>& seen) const {
    if (config_.allow_seen_periods) return;
    for (const int64_t seed : config_.in_market() ? config_.seeds_of_market() : std::vector<int64_t>{0}) {
      const std::string days = config_.in_market() ? day_source(print_config(config_.market, ""), seed) : "";
      refuse_seen_days(who, config_.in_market() ? "market.periods" : "replay.periods", how, source, seen, days,
                       periods_);
    }
  }

  // What it has cost to choose among the checkpoints or options of the checkpoint's run, whatever came of it: by a
  // selection, and by the judgements of its training.
  static std::string selection_of(const std::string& checkpoint) {
    const std::filesystem::path run = std::filesystem::path(checkpoint).parent_path().parent_path();
    const auto read = [&](const char* name) {
      const std::string file = (run / name).string();
      if (!std::filesystem::is_regular_file(file)) return Json();
      const Json json = Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
      const bool has_cost = json.is_object() && json.contains("market_evaluations");
      return has_cost && json["market_evaluations"].is_number_integer() ? json : Json();
    };
    Json selection = read("selection.json");
    const Json training = read(train::kBestFile);
    if (training.is_null()) return selection.is_null() ? std::string() : selection.dump();
    if (selection.is_null()) return training.dump();
    selection["market_evaluations"] =
        selection["market_evaluations"].get<int64_t>() + training["market_evaluations"].get<int64_t>();
    selection["training"] = training;
    return selection.dump();
  }

  Json policy_record(const LoadedPolicy& loaded, const std::string& weights, const Wishes& asked) const {
    Json record = {{"model", loaded.model},
                   {"settings", Json::parse(config_json(loaded.settings))},
                   {"step", loaded.info.step},
                   {"weights", weights},
                   {"weights_xxh3_128", loaded.weights}};
    if (!train::open_device(config_.device).is_cpu()) record["device"] = config_.device;
    const std::vector<policy::SeenStore>& stores = loaded.info.stores;
    if (stores.size() == 1) {
      record["days"] = stores[0].days;
      record["labels"] = loaded.info.labels;
      record["trained_on"] = stores[0].train_periods;
      record["tuned_on"] = stores[0].held_out_periods;
    } else {
      record["labels"] = loaded.info.labels;
      for (const policy::SeenStore& store : stores) {
        record["stores"].push_back(
            {{"days", store.days}, {"trained_on", store.train_periods}, {"tuned_on", store.held_out_periods}});
      }
    }
    for (const auto& [outcome, value] : asked) record[wish_option(outcome)] = value;
    return record;
  }

  // A policy that draws nothing is the same under any seed, unless what restrains it draws.
  std::vector<int64_t> policy_seeds(const CandidateConfig& one, int64_t noise_size) const {
    if (!config_.in_market()) return {config_.replay.seed};
    const bool policy_above = !one.act.constraint.empty() && !one.act.constraint.front().is_rule();
    if (noise_size == 0 && !policy_above) return {config_.policy_seeds.values.front()};
    return config_.policy_seeds.values;
  }

  // Enters the candidate whose bidder was made last.
  void list(eval::Candidate candidate, const Json& record) {
    candidate.bidder = made_.bidders.back().get();
    candidate.record = record.dump(-1, ' ', false, Json::error_handler_t::replace);
    candidate.identity = candidate.record;
    candidate.folder = folder_name(candidate.name);
    if (is_evaluation_name(candidate.folder)) {
      throw ConfigError("policy: found a candidate named '" + candidate.name +
                        "', which the evaluation calls something of its own; expected another `name`");
    }
    const auto [known, added] = names_.try_emplace(candidate.folder, number_);
    if (!added && known->second != number_) {
      throw ConfigError("policy: found two candidates named '" + candidate.name +
                        "', expected a `name` of its own for each");
    }
    made_.list.push_back(std::move(candidate));
  }

  const EvaluateConfig& config_;
  const std::vector<int64_t>& periods_;
  Threads& threads_;
  int num_ticks_;
  play::OfficialAssets assets_;
  Candidates made_;
  int64_t number_ = 0;                    // of the config's candidate that is being made
  std::map<std::string, int64_t> names_;  // folders, and whose they are
};

}  // namespace

bool is_evaluation_name(const std::string& folder) {
  static const std::set<std::string> kOwn = {
      "cells", "hindsight", "selection", "result.json", "result.earlier.json", "table.md", "table.json", "report.html"};
  return kOwn.contains(folder);
}

std::string folder_name(const std::string& name) {
  std::string result = name;
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c == '/' || c == ' '; }, '_');
  return result;
}

Candidates make_candidates(const std::vector<CandidateConfig>& list, const EvaluateConfig& config,
                           const std::vector<int64_t>& periods, Threads& threads) {
  Maker maker(config, periods, threads);
  for (const CandidateConfig& one : list) maker.add(one);
  return maker.take();
}

}  // namespace genbid::runs
