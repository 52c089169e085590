#include "runs/campaign_evaluation.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/config/settings_difference.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/made_folders.h"
#include "base/files/paths.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/text_table.h"
#include "data/replaceable.h"
#include "perbid/matching.h"
#include "perbid/profile_training.h"
#include "perbid/rules.h"
#include "runs/campaign_seen.h"
#include "runs/campaign_training.h"
#include "runs/click_bundle_play.h"
#include "serve/click_bundle.h"
#include "train/memory_check.h"

namespace genbid::runs {
namespace {

using campaigns::SetOfSamples;
using perbid::Outcome;
using perbid::PreparedDays;

bool is_rule(const std::string& policy) {
  const auto& names = perbid::rule_names();
  return std::find(names.begin(), names.end(), policy) != names.end();
}

using Agents = LoadedCampaignModel<perbid::CampaignAgents>;  // a training of a candidate, ready to play

struct Candidate {
  CampaignCandidateConfig config;
  perbid::Rule rule;
  std::vector<Agents> trainings;      // none: a rule or a bundle
  std::vector<at::Tensor> matched_N;  // by training the agent of each judged day; none: nothing is matched
  std::shared_ptr<const serve::ClickBundle> bundle;
  int64_t matched = 0;  // days whose agent was matched, and those for which it was the best
  int64_t well_matched = 0;
  int64_t adapted = 0;  // days of campaigns with a copy of their own, over all trainings
};

std::string name_of(const CampaignCandidateConfig& config) {
  if (!config.name.empty()) return config.name;
  const std::string& first = config.runs.empty() ? config.policy : config.runs.front();
  return std::filesystem::path(first).lexically_normal().filename().string();
}

// Of one agent there is nothing to choose, and trainings are compared where each has one.
void check_choice(const CampaignCandidateConfig& config, const perbid::CampaignAgents& agents,
                  const std::string& name) {
  const bool of_trainings = config.agent == "best_training";
  if (of_trainings ? agents.num_agents() == 1 : agents.num_agents() > 1 || config.agent == "matched") return;
  throw ConfigError("policy: " + name + ": found agent: " + config.agent + " and a training of " +
                    std::to_string(agents.num_agents()) + (agents.num_agents() == 1 ? " agent" : " agents") +
                    ", expected " + (of_trainings ? "trainings of one agent" : "several agents to choose from"));
}

// A bundle says by itself who has which agent.
void check_bundle(const CampaignCandidateConfig& config, const std::string& name) {
  if (config.agent == "matched" && config.adapt.episodes == 0 && config.days_back == 1) return;
  throw ConfigError(
      "policy: " + name + ": found agent: " + config.agent + ", days_back: " + std::to_string(config.days_back) +
      " and adapt.episodes: " + std::to_string(config.adapt.episodes) + " of a bundle, expected none of them");
}

[[noreturn]] void refuse_adapt(const CampaignCandidateConfig& config, const std::string& name,
                               const std::string& found) {
  throw ConfigError("policy: " + name + ": found adapt.episodes: " + std::to_string(config.adapt.episodes) + " and " +
                    found + ", expected a training of model: agents");
}

void check_adapts(const CampaignCandidateConfig& config, const perbid::CampaignAgents& agents,
                  const std::string& name) {
  if (config.adapt.episodes == 0 || dynamic_cast<const perbid::ClusterAgents*>(&agents) != nullptr) return;
  refuse_adapt(config, name, "a training of model: drlb");
}

// Several trainings stand for draws of one: none may come twice, and all have the same days, settings and steps done.
// Only the seed, and what follows from it, differs: the profiles that they read, and which step was chosen as the best.
void check_draws(const std::vector<Agents>& trainings, const std::string& name) {
  const Agents& first = trainings.front();
  const std::string recipe = recipe_of(first.config);
  for (const Agents& other : trainings) {
    std::string found = settings_difference(recipe_of(other.config), recipe);
    if (found.empty() && other.info.stores.front().data != first.info.stores.front().data) {
      found = "other days, expected the same";
    }
    if (found.empty() && first.config.select.every == 0 && other.info.step != first.info.step) {
      found = std::to_string(other.info.step) + " steps done, expected " + std::to_string(first.info.step);
    }
    if (found.empty()) continue;
    throw ConfigError("policy: " + name + ": runs: " + other.checkpoint + ": found " + found + " as in " +
                      first.checkpoint + ", because draws of one training differ by train.seed");
  }
  for (auto one = trainings.begin(); one != trainings.end(); ++one) {
    const auto is_it = [&](const Agents& other) { return is_same_place(one->checkpoint, other.checkpoint); };
    if (std::none_of(trainings.begin(), one, is_it)) continue;
    throw ConfigError("policy: " + name + ": runs: found " + one->checkpoint +
                      " twice, expected trainings that differ");
  }
}

// A table replaces only its like.
void check_replaceable_tables(const std::string& dir) {
  data::check_replaceable_output(dir + "/table.md", "a table of campaigns' days", [](const std::string& path) {
    return read_file(path).starts_with("protocol campaigns");
  });
  data::check_replaceable_output(dir + "/table.json", "a table of campaigns' days", [](const std::string& path) {
    const auto json = nlohmann::json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("blocks")) return false;
    const nlohmann::json& blocks = json["blocks"];
    return blocks.is_array() && !blocks.empty() && blocks[0].is_object() &&
           blocks[0].value("protocol", nlohmann::json()) == "campaigns";
  });
}

// M-PID's settings are found on days of the training set: few of them tell as much as all.
void tune(Candidate& candidate, const campaigns::Samples& samples, Threads& threads) {
  constexpr int64_t kMostDays = 500;
  check_set(samples, SetOfSamples::kTrain);  // its settings are found there
  const auto [begin, end] = samples.range(SetOfSamples::kTrain);
  const PreparedDays days =
      perbid::prepare_days(samples, perbid::places_of(samples, begin, std::min(end, begin + kMostDays)), threads);
  candidate.rule.start = {perbid::middle_alpha(days), 0.5};
  candidate.rule.m_pid =
      perbid::tune_m_pid(samples, days, candidate.rule.start, candidate.config.tries, candidate.config.seed, threads);
}

// Which of several agents plays each judged day, where days before say so.
void match_days(Candidate& candidate, const std::string& name, const JudgedSet& judged, Threads& threads) {
  const std::string& choice = candidate.config.agent;
  if (choice != "matched" && choice != "default") return;
  const auto [begin, end] = judged.range();
  const std::vector<perbid::DayPlace> places = perbid::places_of(judged.samples, begin, end);
  if (candidate.trainings.empty() || candidate.trainings.front().model->num_agents() == 1) return;
  const int64_t days_back = candidate.config.days_back;
  perbid::check_days_back(judged.samples, places, 1, days_back, "policy: " + name + ": days_back");
  for (const Agents& training : candidate.trainings) {
    const auto read = [&](const PreparedDays& of) { return training.config.read_of(of, training.network.get()); };
    Progress progress("Matching " + name, std::ssize(places), "samples");
    const perbid::Matching matching =
        perbid::match_in_pieces(*training.model, judged.samples, places, 1, days_back, read, threads,
                                [&](int64_t done) { progress.update(done); });
    progress.finish();
    candidate.matched_N.push_back(choice == "matched" ? matching.agent_N
                                                      : at::full_like(matching.agent_N, matching.default_agent));
  }
}

// What a training makes of the days of a piece of the set, each by the agent that the candidate asks for. `matched_N`:
// of these days; undefined where nothing is matched.
std::vector<Outcome> play_agents(Candidate& candidate, Agents& training, const at::Tensor& matched_N,
                                 const campaigns::Samples& samples, const PreparedDays& days, Threads& threads) {
  perbid::CampaignAgents& agents = *training.model;
  const auto read = [&](const PreparedDays& of) { return training.config.read_of(of, training.network.get()); };
  const perbid::Field field{samples, days, read(days)};
  const perbid::PlayedByAll played = perbid::play_all(agents, field, threads);
  const int64_t num_agents = agents.num_agents();
  const std::string& choice = candidate.config.agent;
  at::Tensor chosen_N = at::zeros({days.count()}, at::kLong);
  if (num_agents > 1) {
    const at::Tensor best_N = played.res_NM.argmax(1);
    if (choice == "optimal") {
      chosen_N = best_N;
    } else if (choice == "own") {
      for (int64_t i = 0; i < days.count(); ++i) {
        chosen_N[i] = at(samples.all(), at(days.places, i).sample).campaign % num_agents;
      }
    } else {
      chosen_N = matched_N;
      candidate.matched += days.count();
      candidate.well_matched += chosen_N.eq(best_N).sum().item<int64_t>();
    }
  }
  std::vector<Outcome> outcomes;
  const at::Tensor flat_N = chosen_N.contiguous();
  const auto* const chosen = flat_N.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < days.count(); ++i) {
    outcomes.push_back(perbid::outcome_of(samples, days, i, at(played.sums, i * num_agents + chosen[i])));
    if (num_agents > 1) outcomes.back().agent = chosen[i];
  }
  if (candidate.config.adapt.episodes > 0) {
    const perbid::MatchingDays before =
        perbid::days_to_match(samples, days.places, 1, candidate.config.days_back, read, threads);
    const at::Tensor res_before_DM =
        perbid::play_all(agents, {samples, before.days, before.profiles_NTH}, threads).res_NM;
    const perbid::AdaptedDays adapted =
        perbid::adapt_and_play(dynamic_cast<perbid::ClusterAgents&>(agents), field, before, res_before_DM, flat_N,
                               candidate.config.adapt, threads);
    for (size_t k = 0; k < adapted.rows.size(); ++k) {
      Outcome& outcome = at(outcomes, adapted.rows[k]);
      const int64_t agent = outcome.agent;
      outcome = perbid::outcome_of(samples, days, adapted.rows[k], adapted.sums[k]);
      outcome.agent = agent;
      outcome.adapted = true;
    }
    candidate.adapted += std::ssize(adapted.rows);
  }
  return outcomes;
}

// Of each day the training that is best on it, as one.
void keep_best_training(CampaignContender& contender) {
  std::vector<Outcome> best = contender.trainings.front();
  for (const std::vector<Outcome>& training : contender.trainings) {
    for (size_t i = 0; i < best.size(); ++i) {
      if (training[i].res > best[i].res) best[i] = training[i];
    }
  }
  contender.trainings = {best};
}

std::string settings_text(const campaigns::MPidConfig& config) {
  std::string text = print_config(config, "");
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

void CampaignCandidateConfig::fields(ConfigVisitor& v) {
  v.path("policy", policy, true);
  v.path("runs", runs);
  v.field("name", name);
  v.field("agent", agent, {"matched", "optimal", "default", "own", "best_training"});
  v.field("days_back", days_back, {1, 365});
  v.section("adapt", adapt);
  v.field("tries", tries, {1, 100'000});
  v.field("seed", seed, {0, std::numeric_limits<int64_t>::max()});
  v.check(adapt.episodes == 0 || agent == "matched" || agent == "default", "adapt",
          "episodes: 0 of agents that are not matched by the days before");
  v.check(policy.empty() != runs.empty(), "policy", "a rule or a run, or in its place runs: several trainings");
}

void CampaignEvaluateConfig::Output::fields(ConfigVisitor& v) { v.required_path("dir", dir); }

void CampaignEvaluateConfig::fields(ConfigVisitor& v) {
  days.fields(v);
  v.field("set", set, {campaigns::kSetNames.begin(), campaigns::kSetNames.end()});
  v.list("policy", policy, "policy");
  v.field("reference", reference);
  v.section("output", output);
  v.field("threads", threads, {0, 1024});
  v.check(!policy.empty(), "policy", "at least one candidate");
  std::set<std::string> names;
  for (const CampaignCandidateConfig& one : policy) {
    v.check(names.insert(name_of(one)).second, "policy", "candidates of different names");
  }
  v.check(reference.empty() || names.contains(reference), "reference",
          "the name of a candidate (" + listed({names.begin(), names.end()}) + ")");
}

CampaignEvaluateSummary evaluate_campaigns(const CampaignEvaluateConfig& config) {
  constexpr int64_t kPiece = 1024;
  train::check_tensor_memory();
  at::set_num_threads(1);
  Threads threads(to_int(config.threads));
  const std::string outcomes = config.output.dir + "/outcomes.csv";
  data::check_replaceable_output(outcomes, "a table of what campaigns' days came to", [](const std::string& path) {
    return data::begins_with(path, "candidate,training,campaign,");
  });
  check_replaceable_tables(config.output.dir);
  {  // before the work: is there a place for it?
    MadeFolders folders;
    folders.will_be(config.output.dir);
    const AtomicFile place(outcomes);
  }
  const auto samples = make_samples(config.days, threads);
  const auto named = campaigns::set_named(config.set);
  assert(named);  // fields() has checked it
  const SetOfSamples set = *named;
  check_set(*samples, set);
  const JudgedSet judged{config.days, *samples, set};
  const auto [begin, end] = judged.range();

  CampaignEvaluateSummary summary;
  summary.config = config;
  summary.samples = end - begin;
  summary.scenario = content_hash(days_text(config.days, *samples) + config.set);
  std::vector<Candidate> candidates;
  for (const CampaignCandidateConfig& one : config.policy) {
    Candidate candidate{one, {}, {}, {}, {}};
    CampaignContender contender;
    contender.name = name_of(one);
    contender.kind = is_rule(one.policy) ? "rule" : "policy";
    if (is_rule(one.policy)) {
      if (one.adapt.episodes > 0) refuse_adapt(one, contender.name, "a rule");
      candidate.rule.name = one.policy;
      if (one.policy == "m_pid") {
        tune(candidate, *samples, threads);
        contender.note = settings_text(candidate.rule.m_pid);
      }
      contender.trainings.resize(1);
    } else if (!one.policy.empty() && serve::is_bundle(one.policy)) {
      check_bundle(one, contender.name);
      candidate.bundle = serve::load_click_bundle(one.policy);
      check_slots(*candidate.bundle, samples->num_slots());
      for (const SeenDays& seen : seen_by(*candidate.bundle)) refuse_seen(seen, judged);
      refuse_matched_by_judged(*candidate.bundle, judged);
      contender.note = "bundle " + candidate.bundle->info.version;
      contender.trainings.resize(1);
    } else {
      for (const std::string& run : one.runs.empty() ? std::vector<std::string>{one.policy} : one.runs) {
        candidate.trainings.push_back(load_agents(run, samples->num_slots()));
      }
      contender.trainings.resize(candidate.trainings.size());
      check_draws(candidate.trainings, contender.name);
      for (const Agents& training : candidate.trainings) {
        for (const SeenDays& seen : training.seen) refuse_seen(seen, judged);
        check_choice(one, *training.model, contender.name);
        if (one.agent == "own") check_own(training, judged, contender.name);
        check_adapts(one, *training.model, contender.name);
      }
    }
    candidates.push_back(std::move(candidate));
    summary.contenders.push_back(std::move(contender));
  }
  summary.reference = config.reference.empty() ? summary.contenders.front().name : config.reference;

  for (size_t c = 0; c < candidates.size(); ++c) {
    match_days(candidates[c], summary.contenders[c].name, judged, threads);
  }
  int64_t worthless = 0;
  Progress progress("Playing", end - begin, "samples");
  for (int64_t first = begin; first < end; first += kPiece) {
    const PreparedDays days =
        perbid::prepare_days(*samples, perbid::places_of(*samples, first, std::min(end, first + kPiece)), threads);
    worthless += std::count_if(days.optima.begin(), days.optima.end(),
                               [](const campaigns::ClickOptimum& one) { return one.value <= 0.0; });
    for (size_t c = 0; c < candidates.size(); ++c) {
      CampaignContender& contender = summary.contenders[c];
      for (size_t t = 0; t < contender.trainings.size(); ++t) {
        const std::vector<at::Tensor>& matched_N = candidates[c].matched_N;
        const std::vector<Outcome> played =
            contender.kind == "rule" ? perbid::play_rule(*samples, days, candidates[c].rule, threads)
            : candidates[c].bundle
                ? play_bundle(*candidates[c].bundle, *samples, days, threads)
                : play_agents(candidates[c], candidates[c].trainings[t],
                              matched_N.empty() ? at::Tensor()
                                                : matched_N[t].slice(0, first - begin, first - begin + days.count()),
                              *samples, days, threads);
        contender.trainings[t].insert(contender.trainings[t].end(), played.begin(), played.end());
      }
    }
    progress.update(std::min(end, first + kPiece) - begin);
  }
  progress.finish();
  if (worthless > 0) {
    log_info(std::to_string(worthless) + " of " + std::to_string(end - begin) +
             " days can bring nothing within their limits: Res is 0 there, whoever plays");
  }
  for (size_t c = 0; c < candidates.size(); ++c) {
    if (candidates[c].config.agent == "best_training") keep_best_training(summary.contenders[c]);
    if (candidates[c].adapted > 0) {
      const double each = as_double(candidates[c].adapted) / as_double(candidates[c].trainings.size());
      summary.contenders[c].note = "of " + std::to_string(summary.samples) + " campaigns " + number_text("%.0f", each) +
                                   " got a copy of their agent that learned on";
    }
    if (candidates[c].matched == 0) continue;
    summary.contenders[c].matching_accuracy = as_double(candidates[c].well_matched) / as_double(candidates[c].matched);
  }
  summary.rows = compare_campaigns(summary.contenders, summary.reference);
  return summary;
}

}  // namespace genbid::runs
