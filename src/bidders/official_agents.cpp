#include "bidders/official_agents.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "base/convert.h"
#include "base/shown.h"
#include "base/simd.h"

namespace genbid::bidders {

const std::vector<OfficialAgentLayout>& official_agent_layouts() {
  static const std::vector<std::string> backbone = {"actor.backbone.networks.0", "actor.backbone.networks.2",
                                                    "actor.backbone.networks.4", "actor.dist_net.mu"};
  static const std::vector<OfficialAgentLayout> layouts = {
      {"bc", {"actor.net.0", "actor.net.2", "actor.net.4"}, 2, AgentHead::kClampAtZero},
      {"iql", {"actors.FC1", "actors.FC2", "actors.FC_mu"}, 2, AgentHead::kClampAtZero},
      {"cql", {"policy.fc1", "policy.fc2", "policy.fc3"}, 2, AgentHead::kPlain},
      {"td3_bc", {"actor.l1", "actor.l2", "actor.l3"}, 2, AgentHead::kPlain},
      {"mopo", backbone, 2, AgentHead::kThreeHundredTanh},
      {"combo", backbone, 2, AgentHead::kThreeHundredTanh},
  };
  return layouts;
}

const std::vector<std::string>& official_agent_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const OfficialAgentLayout& layout : official_agent_layouts()) all.push_back(layout.name);
    return all;
  }();
  return names;
}

std::span<const FeatureRange> official_feature_ranges() {
  static constexpr std::array<FeatureRange, 3> kRanges = {
      {{13, 1153.0, 25550.0}, {14, 0.0, 72145.0}, {15, 0.0, 492884.0}}};
  return kRanges;
}

void normalise_features(std::span<const double> state, std::span<const FeatureRange> ranges, std::span<float> out) {
  assert(state.size() == kNumAuctionnetFeatures && out.size() == state.size());
  std::array<double, kNumAuctionnetFeatures> scaled;
  std::copy(state.begin(), state.end(), scaled.begin());
  for (const FeatureRange& range : ranges) {
    double& x = at(scaled, range.feature);
    x = range.max > range.min ? (x - range.min) / (range.max - range.min) : 0.0;
  }
  std::transform(scaled.begin(), scaled.end(), out.begin(), [](double x) { return as_float(x); });
}

namespace {

// Adds W x to out, for one row. The lanes are outputs, so every sum keeps the order of its terms. Taking four inputs at
// a time saves loads and stores of the sums.
GENBID_SIMD_CLONES
void dense(const float* __restrict weights, const float* __restrict in, int num_inputs, float* __restrict out,
           int num_outputs) {
  int i = 0;
  for (; i + 4 <= num_inputs; i += 4) {
    const float* const w = weights + to_signed(i) * num_outputs;
    const float x0 = in[i];
    const float x1 = in[i + 1];
    const float x2 = in[i + 2];
    const float x3 = in[i + 3];
    for (int o = 0; o < num_outputs; ++o) {
      float sum = out[o];
      sum = sum + x0 * w[o];
      sum = sum + x1 * w[o + num_outputs];
      sum = sum + x2 * w[o + 2 * num_outputs];
      sum = sum + x3 * w[o + 3 * num_outputs];
      out[o] = sum;
    }
  }
  for (; i < num_inputs; ++i) {
    const float* const w = weights + to_signed(i) * num_outputs;
    for (int o = 0; o < num_outputs; ++o) out[o] = out[o] + in[i] * w[o];
  }
}

float head(AgentHead kind, float output) {
  switch (kind) {
    case AgentHead::kClampAtZero:
      return std::max(output, 0.0F);
    case AgentHead::kThreeHundredTanh:
      // The tanh is computed in double and then rounded, because libraries disagree about the last bits of tanhf.
      return 300.0F * as_float(std::tanh(as_double(output)));
    case AgentHead::kPlain:
      break;
  }
  return output;
}

class OfficialAgentBidder : public Bidder {
 public:
  explicit OfficialAgentBidder(std::shared_ptr<const OfficialAgent> agent) : agent_(std::move(agent)) {}

  void reset(std::span<const SeatView> rows) override {
    // Its features count the ticks that are left of 48.
    for (const SeatView& row : rows) check_days("official " + agent_->name, kTicksPerPeriod, row.num_ticks);
  }

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    inputs_.clear();
    for (const SeatView& row : rows) {
      if (!row.may_bid) continue;
      std::array<double, kNumAuctionnetFeatures> state;
      state_features(FeatureSet::kAuctionnet16Frozen, *row.advertiser, *row.history, row.now, state);
      inputs_.resize(inputs_.size() + kNumAuctionnetFeatures);
      normalise_features(state, official_feature_ranges(), std::span(inputs_).last(kNumAuctionnetFeatures));
    }
    const std::vector<float> alphas = official_agent_alphas(*agent_, inputs_);
    auto next = alphas.begin();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].may_bid) bids[i] = {.value = as_double(*next++)};
    }
  }

 private:
  std::shared_ptr<const OfficialAgent> agent_;
  std::vector<float> inputs_;
};

}  // namespace

std::vector<float> official_agent_alphas(const OfficialAgent& agent, std::span<const float> inputs) {
  assert(inputs.size() % kNumAuctionnetFeatures == 0 && agent.layers.back().num_outputs == 1);
  std::vector<float> alphas;
  alphas.reserve(inputs.size() / kNumAuctionnetFeatures);
  std::vector<float> in;
  std::vector<float> out;
  for (size_t row = 0; row < inputs.size(); row += kNumAuctionnetFeatures) {
    const std::span<const float> state = inputs.subspan(row, kNumAuctionnetFeatures);
    in.assign(state.begin(), state.end());
    for (const DenseLayer& layer : agent.layers) {
      out.assign(layer.bias.size(), 0.0F);
      dense(layer.weights.data(), in.data(), layer.num_inputs, out.data(), layer.num_outputs);
      for (size_t o = 0; o < out.size(); ++o) {
        out[o] += layer.bias[o];
        if (layer.relu) out[o] = std::max(out[o], 0.0F);
      }
      in.swap(out);
    }
    alphas.push_back(head(agent.head, in.front()));
  }
  return alphas;
}

std::unique_ptr<Bidder> make_official_agent(std::shared_ptr<const OfficialAgent> agent) {
  return std::make_unique<OfficialAgentBidder>(std::move(agent));
}

void OfficialAgentOptions::fields(ConfigVisitor& v) {
  v.required("agent", agent);
  const auto& names = official_agent_names();
  v.check(std::find(names.begin(), names.end(), agent) != names.end(), "agent", "one of " + listed(names));
}

std::string OfficialAgentOptions::label() const { return "official " + agent; }

std::unique_ptr<Bidder> OfficialAgentOptions::make(const BidderSetting& setting) const {
  return make_official_agent(setting.assets.official_agent(agent));
}

}  // namespace genbid::bidders
