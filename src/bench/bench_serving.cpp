#include "bench/bench_serving.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <genbid.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>

#include "base/convert.h"
#include "base/error.h"
#include "bench/bench.h"
#include "bench/bench_models.h"
#include "bidding/state_features.h"
#include "export/agreement.h"
#include "export/bundle_writer.h"
#include "export/example_days.h"
#include "export/fusion.h"
#include "export/lowering.h"
#include "graph/carry_buffers.h"
#include "models/registry.h"

namespace genbid::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr double kSeconds = 1.0;  // of each engine, at least
constexpr int kFewestCalls = 20;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double percentile(std::vector<double> times, double share) {
  const auto place = times.begin() + to_signed(static_cast<size_t>(share * as_double(times.size() - 1)));
  std::nth_element(times.begin(), place, times.end());
  return *place;
}

// Each call in turn.
std::vector<std::vector<double>> times_of(const std::vector<std::function<void()>>& calls) {
  for (const auto& call : calls) call();
  std::vector<std::vector<double>> times(calls.size());
  const auto start = Clock::now();
  while (std::ssize(times[0]) < kFewestCalls || seconds_since(start) < kSeconds * as_double(calls.size())) {
    for (size_t i = 0; i < calls.size(); ++i) {
      const auto begin = Clock::now();
      calls[i]();
      times[i].push_back(seconds_since(begin));
    }
  }
  return times;
}

// What a graph reads where it is handed a carry: the last ticks of the history.
policy::Ticks served(const policy::Policy& policy, const policy::Ticks& history) {
  const int64_t window = exporting::served_window(policy);
  const int64_t all = history.states_BTS.size(1);
  if (window == all) return history;
  const auto part = [&](const at::Tensor& x) { return x.slice(1, all - window); };
  return {part(history.states_BTS), part(history.actions_BTA), part(history.before_BTO),
          part(history.ticks_BT),   part(history.mask_BT),     history.constraint_BC};
}

}  // namespace

graph::Graph exported_graph(policy::Policy& policy) {
  return exporting::fused(exporting::lowered(exporting::trace_act(policy, kShape)));
}

void bench_engines(const std::string& name, policy::Policy& policy, std::shared_ptr<const graph::Program> program,
                   const Decision& decision, Json settings) {
  const int64_t rows = decision.wishes_BO.size(0);
  graph::Workspace workspace(program, rows);
  const graph::CarryBuffers carries(workspace);  // zeros, as the decision's
  const policy::Ticks history = served(policy, decision.history);
  exporting::write_inputs(workspace, exporting::inputs_of(program->graph(), history, decision.wishes_BO,
                                                          decision.noise_BN, decision.carry));
  const auto by_libtorch = [&] {
    return policy.act(history, decision.wishes_BO, decision.noise_BN, decision.carry).coefficients_BA;
  };
  workspace.run(rows);
  const at::Tensor expected_BA = by_libtorch();
  const double scale = expected_BA.abs().max().item<double>();
  for (int64_t row = 0; row < rows; ++row) {
    const double error = std::abs(as_double(workspace.output(0)[to_size(row)]) - expected_BA[row][0].item<double>());
    if (!(error <= 1e-3 * scale)) throw Error("bench " + name + ": the exported graph and the policy do not agree");
  }
  const auto times = times_of({[&] { by_libtorch(); }, [&] { workspace.run(rows); }});
  for (size_t engine = 0; engine < 2; ++engine) {
    settings["engine"] = engine == 0 ? "libtorch" : "genbid";
    if (engine == 1) settings["target"] = program->target();
    settings["p99"] = 1e3 * percentile(times[engine], 0.99);
    print_figure(name, 1e3 * percentile(times[engine], 0.5), "ms", settings);
  }
}

namespace {

void require_ok(genbid_status status) {
  if (status != GENBID_OK) throw Error(genbid_last_error());
}

// A bundle in a folder that is gone afterwards.
class TemporaryBundle {
 public:
  explicit TemporaryBundle(const std::string& model)
      : folder_(std::filesystem::temp_directory_path() / ("genbid-bench-" + std::to_string(::getpid()))) {
    exporting::BundleSource source;
    at::Generator generator = at::detail::createCPUGenerator(1);
    source.policy = fitted_policy(models::ModelConfig::named(model), generator);
    source.shape = kShape;
    source.info.model = model;
    source.info.program = "genbid bench";
    source.info.ticks = kTicksPerPeriod;
    for (const std::string& name : feature_names(FeatureSet::kConstraint)) {
      source.info.features.push_back({name, feature_unit(name), {}, {}});
    }
    path_ = exporting::write_bundle(source, {folder_.string(), ""}).folder;
  }
  ~TemporaryBundle() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::filesystem::path folder_;
  std::string path_;
};

// From what became of a tick to what is bid in the next one, for 10,000 campaigns, features included; and the network
// alone in blocks as large.
void bench_campaigns(const std::string& model, int /*threads*/) {
  constexpr int64_t kCampaigns = 10'000;
  constexpr int64_t kBlock = 48;
  at::set_num_threads(1);
  const TemporaryBundle written(model);
  genbid_bundle* bundle = nullptr;
  genbid_session* session = nullptr;
  require_ok(genbid_bundle_load(written.path().c_str(), &bundle));
  require_ok(genbid_session_open(bundle, kCampaigns, &session));
  std::vector<uint64_t> ids(to_size(kCampaigns));
  for (uint64_t& id : ids) {
    genbid_campaign campaign = GENBID_CAMPAIGN_INIT;
    campaign.budget = 3000.0;
    campaign.cpa_limit = 100.0;
    require_ok(genbid_campaign_open(session, &campaign, &id));
  }
  std::vector<genbid_tick_start> starts(ids.size(), genbid_tick_start(GENBID_TICK_START_INIT));
  std::vector<genbid_tick_outcome> outcomes(ids.size(), genbid_tick_outcome(GENBID_TICK_OUTCOME_INIT));
  std::vector<double> alphas(ids.size());
  const auto program = serve::load_bundle(written.path(), graph::Carries::kMoving)->program;
  graph::Workspace workspace(program, kBlock);
  const graph::CarryBuffers carries(workspace);
  std::vector<double> both, network;
  for (int32_t tick = 0; tick < kTicksPerPeriod; ++tick) {
    for (size_t i = 0; i < ids.size(); ++i) {
      starts[i].tick = tick;
      starts[i].num_impressions = 10'000;
      starts[i].mean_pvalue = 5e-4;
    }
    const auto begin = Clock::now();
    if (tick > 0) require_ok(genbid_push(session, ids.size(), ids.data(), outcomes.data()));
    require_ok(genbid_act(session, ids.size(), ids.data(), starts.data(), alphas.data(), alphas.size()));
    if (tick > 0) both.push_back(seconds_since(begin));
    for (size_t i = 0; i < ids.size(); ++i) {
      outcomes[i].tick = tick;
      outcomes[i].sum_pvalue = 5.0;
      outcomes[i].sum_bid = 5.0 * alphas[i];
      outcomes[i].mean_least_winning_cost = 0.03;
      outcomes[i].num_wins = 900;
      outcomes[i].num_exposed = 700;
      outcomes[i].sum_pvalue_exposed = 0.5;
      outcomes[i].cost = 30.0;
    }
    const auto alone = Clock::now();
    for (int64_t row = 0; row < kCampaigns; row += kBlock) workspace.run(std::min(kBlock, kCampaigns - row));
    if (tick > 0) network.push_back(seconds_since(alone));
  }
  genbid_session_close(session);
  genbid_bundle_free(bundle);
  Json settings = {{"model", model}, {"campaigns", kCampaigns}, {"engine", "genbid"}, {"target", program->target()}};
  const double each = 1e6 / as_double(kCampaigns);
  settings["network_us"] = each * percentile(network, 0.5);
  settings["of_network"] = percentile(both, 0.5) / percentile(network, 0.5);
  print_figure("serve." + model, each * percentile(both, 0.5), "us a campaign", settings);
}

}  // namespace

std::vector<Benchmark> serving_benchmarks() {
  std::vector<Benchmark> benchmarks;
  for (const std::string model : {"perceptron", "decision_transformer"}) {
    benchmarks.push_back({"serve." + model, [model](int threads) { bench_campaigns(model, threads); }});
  }
  return benchmarks;
}

}  // namespace genbid::bench
